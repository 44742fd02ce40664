/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists pods from inside a pod, with nothing but what is mounted there: server and namespace of the ServiceAccount, its token and the
 * cluster's certificate. What the API refuses is printed as it says it.
 *
 *   list-pods              those of the pod's own namespace
 *   list-pods NAMESPACE    those of another
 *   list-pods -A           all
 *
 * Outside a pod SERVICE_ACCOUNT_DIR names a folder with the same files (token, ca.crt, namespace).
 */
#include <k8c/k8c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

struct listing {
	bool all;      /* the namespace is a column */
	size_t pods;
};

/* One pod, as the server wrote it. */
static void on_item(void *ctx, struct k8c_bytes json) {
	struct listing *l = ctx;
	yyjson_doc *doc = yyjson_read(json.p, json.n, 0);
	yyjson_val *root = yyjson_doc_get_root(doc), *meta = yyjson_obj_get(root, "metadata");
	const char *ns = yyjson_get_str(yyjson_obj_get(meta, "namespace")), *name = yyjson_get_str(yyjson_obj_get(meta, "name"));
	const char *phase = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(root, "status"), "phase"));
	if (l->pods++ == 0) printf(l->all ? "NAMESPACE       NAME                      PHASE\n" : "NAME                      PHASE\n");
	if (l->all) printf("%-15s ", ns ? ns : "");
	printf("%-25s %s\n", name ? name : "", phase ? phase : "Unknown");
	yyjson_doc_free(doc);
}

static void on_done(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) {
	struct listing *l = ctx;
	if (err && err->status) fprintf(stderr, "Error from server (%s): %s\n", err->reason, err->message);
	else if (err) fprintf(stderr, "list-pods: %s\n", err->message);
	else if (l->pods == 0) fprintf(stderr, "No resources found.\n");
}

/* 0 or what went wrong, already told. */
static int list(struct k8c_config *config, const char *ns) {
	struct k8c_client *client;
	struct listing l = { .all = !ns };
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_LIST, .target = { .version = "v1", .resource = "pods", .ns = ns } };
	const struct k8c_list_handler handler = { on_item, on_done };
	char *why = NULL;
	int r = k8c_client_new(config, NULL, &client, &why);
	if (r < 0) {
		fprintf(stderr, "list-pods: %s\n", why ? why : strerror(-r));
		free(why);
		return r;
	}
	r = k8c_list_wait(client, &op, &handler, &l);
	k8c_client_free(client);
	return r;
}

int main(int argc, char **argv) {
	struct k8c_config *config;
	char *why = NULL;
	int r = k8c_config_in_cluster(getenv("SERVICE_ACCOUNT_DIR"), &config, &why);
	if (r < 0) {
		fprintf(stderr, "list-pods: %s\n", why ? why : strerror(-r));
		free(why);
		return 1;
	}
	bool all = argc > 1 && strcmp(argv[1], "-A") == 0;
	r = list(config, all ? NULL : argc > 1 ? argv[1] : k8c_config_namespace(config));
	k8c_config_unref(config);
	return r < 0;
}
