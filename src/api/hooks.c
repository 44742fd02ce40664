/* SPDX-License-Identifier: Apache-2.0 */
#include "api/hooks.h"

#include "api/alloc/alloc.h"
#include "api/crd/unevaluated.h"
#include "api/escalate.h"
#include "api/signer.h"
#include "api/webhook/configuration.h"

static const struct hook {
	const char *group, *resource;
	const struct status *(*before_commit)(struct write *w);
	size_t (*with_delete)(struct request *r, const struct store_snapshot *snap, const struct store_obj *gone, struct store_op *ops, size_t max);
} hooks[] = {
	{ "", "services", alloc_service, alloc_release },
	{ "apiextensions.k8s.io", "customresourcedefinitions", unevaluated_definition, NULL },
	{ "certificates.k8s.io", "certificatesigningrequests", signer_fill_requester, NULL },
	{ "admissionregistration.k8s.io", "mutatingwebhookconfigurations", webhook_configuration_check, NULL },
	{ "admissionregistration.k8s.io", "validatingwebhookconfigurations", webhook_configuration_check, NULL },
	{ "rbac.authorization.k8s.io", "roles", escalate_role, NULL },
	{ "rbac.authorization.k8s.io", "clusterroles", escalate_role, NULL },
	{ "rbac.authorization.k8s.io", "rolebindings", escalate_binding, NULL },
	{ "rbac.authorization.k8s.io", "clusterrolebindings", escalate_binding, NULL },
};

static const struct hook *find(const struct schema_resource *res) {
	for (size_t i = 0; i < ELEMENTSOF(hooks); i++)
		if (!strcmp(res->group, hooks[i].group) && !strcmp(res->resource, hooks[i].resource)) return &hooks[i];
	return NULL;
}

const struct status *hooks_before_commit(struct write *w) {
	const struct hook *h = find(w->res);
	unevaluated_instance(w);
	return h && h->before_commit ? h->before_commit(w) : NULL;
}

size_t hooks_with_delete(struct request *r, const struct schema_resource *res, const struct store_snapshot *snap, const struct store_obj *gone,
			 struct store_op *ops, size_t max) {
	const struct hook *h = find(res);
	return h && h->with_delete ? h->with_delete(r, snap, gone, ops, max) : 0;
}
