/* SPDX-License-Identifier: Apache-2.0 */
/* What the generators share, and those of a name alone. */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/last_applied.h"
#include "ctl/tree.h"
#include "ctl/write.h"

const struct command *const create_generators[] = {
	&create_clusterrole,
	&create_clusterrolebinding,
	&create_configmap,
	&create_cronjob,
	&create_deployment,
	&create_ingress,
	&create_job,
	&create_namespace,
	&create_poddisruptionbudget,
	&create_priorityclass,
	&create_quota,
	&create_role,
	&create_rolebinding,
	&create_secret,
	&create_service,
	&create_serviceaccount,
	&create_token,
	NULL,
};

const struct flag create_flags[] = {
	FLAG_MANAGER("kubectl-create"),
	{ "save-config", FLAG_BOOL, NULL, 0, NULL, "say that it was applied, for a later apply" },
	{ 0 },
};

int create_one_name(struct ctl *c, size_t n) {
	return n == 1 ? 0 : ctl_usage(c, "exactly one NAME is required, got %zu", n);
}

yyjson_mut_doc *create_object(struct ctl *c, const char *api_version, const char *kind, const char *name, bool namespaced) {
	yyjson_mut_doc *doc = tree_new(c);
	tree_put(c, doc, doc->root, "apiVersion", api_version);
	tree_put(c, doc, doc->root, "kind", kind);
	tree_put(c, doc, doc->root, "metadata.name", name);
	/* A dry run shows the namespace only when it was asked for. */
	if (namespaced && session_namespace_forced(c)) tree_put(c, doc, doc->root, "metadata.namespace", session_namespace(c));
	return doc;
}

/* The generators tell what the server says in a sentence of their own. */
static void plain_fault(struct ctl *c, struct fault *f, const char *what) {
	if (f->kind != FAULT_STATUS) return;
	f->message = ctl_printf(c, "failed to create %s: %s", what, f->message);
	f->kind = FAULT_PLAIN;
	f->invalid = false;
}

static int send_object(struct ctl *c, yyjson_mut_doc **doc) {
	const char *group, *version;
	yyjson_mut_val *root = (*doc)->root;
	if (mapper_load(c)) return 1;
	api_version_split(c, text_at(root, "apiVersion"), &group, &version);
	struct info i = { .r = mapper_kind(c, group, version, text_at(root, "kind")), .doc = *doc, .name = text_at(root, "metadata.name") };
	if (!i.r) return ctl_fail(c, "no matches for kind \"%s\" in version \"%s\"", text_at(root, "kind"), text_at(root, "apiVersion"));
	i.ns = session_namespace(c);
	size_t faults = c->faults.n;
	struct buf q = BUF_INIT(64);
	query_add(&q, "fieldValidation", validate_mode(c));
	int r = write_send(c, &i, "POST", NULL, tree_text(c, root), ctl_take(c, &q).p, "creating");
	if (r && c->faults.n > faults && strcmp(i.r->kind, "Namespace") != 0) plain_fault(c, &c->faults.v[faults], i.r->singular);
	*doc = i.doc;
	return r;
}

int create_finish(struct ctl *c, yyjson_mut_doc *doc) {
	struct printer *printer;
	if (printer_new(c, 0, &printer) || dryrun_check(c) || !validate_mode(c)) return 1;
	if (flag_on(&c->flags, "save-config")) last_applied_update(c, doc, true);
	if (dryrun_mode(c) != DRYRUN_CLIENT && send_object(c, &doc)) return 1;
	return print_done(c, printer, doc->root, "created");
}

static int namespace_run(struct ctl *c, const char *const *args, size_t n) {
	if (create_one_name(c, n)) return 1;
	yyjson_mut_doc *doc = create_object(c, "v1", "Namespace", args[0], false);
	(void)tree_obj(c, doc, doc->root, "spec");
	(void)tree_obj(c, doc, doc->root, "status");
	return create_finish(c, doc);
}

static int serviceaccount_run(struct ctl *c, const char *const *args, size_t n) {
	return create_one_name(c, n) ? 1 : create_finish(c, create_object(c, "v1", "ServiceAccount", args[0], true));
}

static const struct flag *const tables[] = { create_flags, validate_flags, dryrun_flags, print_flags, NULL };
const struct command create_namespace = { "namespace", "ns", "NAME", "Create a namespace", tables, namespace_run, NULL };
const struct command create_serviceaccount = { "serviceaccount", "sa", "NAME", "Create a service account", tables, serviceaccount_run, NULL };

/* ---- token ---- */

static const struct flag token_flags[] = {
	{ "audience", FLAG_ARRAY, NULL, 0, NULL, "audience; may be repeated" },
	{ "bound-object-kind", FLAG_STRING, NULL, 0, NULL, "Node, Pod or Secret" },
	{ "bound-object-name", FLAG_STRING, NULL, 0, NULL, "name of that object" },
	{ "bound-object-uid", FLAG_STRING, NULL, 0, NULL, "UID of that object" },
	{ "duration", FLAG_DURATION, "0s", 0, NULL, "how long it shall be valid" },
	{ 0 },
};

static int token_request(struct ctl *c, yyjson_mut_doc *doc) {
	const struct flag_value *audiences = flags_get(&c->flags, "audience");
	const char *kind = flag_text(&c->flags, "bound-object-kind"), *name = flag_text(&c->flags, "bound-object-name"),
		   *uid = flag_text(&c->flags, "bound-object-uid");
	int64_t ns = flag_int(&c->flags, "duration");
	if (ns < 0) return ctl_fail(c, "--duration must be greater than or equal to 0");
	if (ns % NSEC_PER_SEC) return ctl_fail(c, "--duration cannot be expressed in units less than seconds");
	if (!*kind && *name) return ctl_fail(c, "--bound-object-name can only be set if --bound-object-kind is provided");
	if (!*kind && *uid) return ctl_fail(c, "--bound-object-uid can only be set if --bound-object-kind is provided");
	if (*kind && strcmp(kind, "Node") != 0 && strcmp(kind, "Pod") != 0 && strcmp(kind, "Secret") != 0)
		return ctl_fail(c, "supported --bound-object-kind values are Node, Pod, Secret");
	if (*kind && !*name) return ctl_fail(c, "--bound-object-name is required if --bound-object-kind is provided");
	(void)tree_obj(c, doc, doc->root, "spec");
	for (size_t i = 0; i < audiences->n; i++)
		tree_append(c, tree_list(c, doc, doc->root, "spec.audiences"), tree_string(c, doc, audiences->list[i]));
	if (ns) (void)json_set_int(doc, tree_obj(c, doc, doc->root, "spec"), "expirationSeconds", ns / NSEC_PER_SEC);
	if (!*kind) return 0;
	tree_put(c, doc, doc->root, "spec.boundObjectRef.apiVersion", "v1");
	tree_put(c, doc, doc->root, "spec.boundObjectRef.kind", kind);
	tree_put(c, doc, doc->root, "spec.boundObjectRef.name", name);
	if (*uid) tree_put(c, doc, doc->root, "spec.boundObjectRef.uid", uid);
	return 0;
}

static int token_run(struct ctl *c, const char *const *args, size_t n) {
	yyjson_mut_doc *doc = tree_new(c), *answer;
	struct printer *printer;
	size_t faults = c->faults.n;
	if (create_one_name(c, n) || token_request(c, doc) || printer_new(c, 0, &printer)) return 1;
	const char *ns = session_namespace(c);
	if (!ns) return 1;
	tree_put(c, doc, doc->root, "apiVersion", "authentication.k8s.io/v1");
	tree_put(c, doc, doc->root, "kind", "TokenRequest");
	struct k8c_target t = { .version = "v1", .resource = "serviceaccounts", .ns = ns, .name = args[0], .subresource = "token" };
	_cleanup_free_ char *path = ctl_must(k8c_target_path(&t));
	if (session_json(c, &(struct call){ .method = "POST", .path = path, .body = tree_text(c, doc->root) }, &answer)) {
		if (c->faults.n > faults) plain_fault(c, &c->faults.v[faults], "token");
		return 1;
	}
	if (printer) return printer_print(c, printer, answer->root);
	if (!*text_at(answer->root, "status.token")) return ctl_fail(c, "failed to create token: no token in server response");
	ctl_out(c, "%s\n", text_at(answer->root, "status.token"));
	return 0;
}

static const struct flag *const token_tables[] = { token_flags, print_flags, NULL };
const struct command create_token = { "token", NULL, "SERVICE_ACCOUNT_NAME", "Request a service account token", token_tables, token_run, NULL };
