/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of type kubernetes.io/service-account-token are filled with a token, the CA and the namespace, and go when their
 * account goes (pkg/controller/serviceaccount/tokens_controller.go).
 */
#include "codec/base64.h"
#include "control/controller.h"

#include <errno.h>

#define ACCOUNT_NAME "kubernetes.io/service-account.name"
#define ACCOUNT_UID "kubernetes.io/service-account.uid"
#define TOKEN_MAX (16u * KIB)

static void queue_secrets(struct controller *c, struct k8c_object *account) {
	struct k8c_informer *i = controller_informer(c, KIND_SECRET_TOKEN);
	struct k8c_object *secret;
	for (size_t it = 0; (secret = k8c_informer_index_next(i, "namespace", k8c_object_namespace(account), &it));)
		(void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(secret)), slice_of(k8c_object_name(secret)));
}

static int setup(struct controller *c) {
	int r = controller_watch(c, KIND_SECRET_TOKEN);
	return r < 0 ? r : controller_watch_mapped(c, KIND_SERVICE_ACCOUNT, queue_secrets);
}

static struct slice annotation(const yyjson_mut_val *o, const char *key) { return json_str(json_get(json_path(o, "metadata.annotations"), key)); }

static void remove_secret(struct task *t, const yyjson_mut_val *secret) {
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_DELETE, .precondition_uid = task_str(t, json_path_str(secret, "metadata.uid")),
		.target = { .version = "v1", .resource = "secrets", .ns = task_str(t, t->ns), .name = task_str(t, t->name) },
	};
	task_op(t, &op, task_finish);
}

static bool put_base64(yyjson_mut_doc *doc, yyjson_mut_val *data, const char *key, struct slice bytes) {
	_cleanup_buf_ struct buf b = BUF_INIT(MIB);
	return base64_encode(&b, BASE64_STD, bytes) == 0 && json_set_str(doc, data, key, buf_slice(&b));
}

/* Fills what is missing or stale; false when out of memory. */
static bool fill(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *secret, struct slice account, struct slice uid) {
	struct control_options *o = &t->c->control->o;
	yyjson_mut_val *data = json_ensure_obj(doc, secret, "data"), *notes = json_ensure_obj(doc, secret, "metadata.annotations");
	_cleanup_free_ char *token = NULL;
	if (!data || !notes || !json_set_str(doc, notes, ACCOUNT_UID, uid)) return false;
	if (!json_get(data, "token")) {
		if (o->sign_legacy(o->ctx, t->ns, account, uid, t->name, &token) < 0 || !put_base64(doc, data, "token", slice_str(token))) return false;
	}
	return put_base64(doc, data, "ca.crt", o->ca_pem) && put_base64(doc, data, "namespace", t->ns);
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_SECRET_TOKEN, KIND_SERVICE_ACCOUNT)) return;
	const yyjson_mut_val *secret = controller_get(t->c, KIND_SECRET_TOKEN, t->ns, t->name);
	if (!secret) {
		task_end(t, 0);
		return;
	}
	struct slice name = annotation(secret, ACCOUNT_NAME), uid = annotation(secret, ACCOUNT_UID);
	const yyjson_mut_val *account = controller_get(t->c, KIND_SERVICE_ACCOUNT, t->ns, name);
	struct slice live = json_path_str(account, "metadata.uid");
	if (!account || (!slice_empty(uid) && !slice_eq(uid, live))) {
		remove_secret(t, secret);
		return;
	}
	yyjson_mut_doc *doc = task_copy(t, secret);
	yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL;
	if (!root || !fill(t, doc, root, name, live)) {
		task_end(t, -ENOMEM);
		return;
	}
	if (json_equal(root, secret)) {
		task_end(t, 0);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, root),
		.target = { .version = "v1", .resource = "secrets", .ns = task_str(t, t->ns), .name = task_str(t, t->name) },
	};
	task_op(t, &op, task_finish);
}

const struct controller_def controller_token_secret = {
	.name = "token-secret", .component = "kube-controller-manager", .setup = setup, .sync = reconcile, .parallel = 4,
};
