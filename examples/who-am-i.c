/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the server who it is talking to, once for every line on standard input, and answers with the name. Tokens of pods are exchanged
 * while the pod runs: the client reads its token again before the old one ends, and at once when the server refuses it.
 *
 * Outside a pod SERVICE_ACCOUNT_DIR names a folder with the same files (token, ca.crt, namespace).
 */
#include <k8c/k8c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define REVIEW "{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\"}"

static void tell(struct k8c_bytes answer) {
	yyjson_doc *doc = yyjson_read(answer.p, answer.n, 0);
	const char *name = yyjson_get_str(yyjson_ptr_get(yyjson_doc_get_root(doc), "/status/userInfo/username"));
	printf("%s\n", name ? name : "nobody");
	yyjson_doc_free(doc);
}

/* 0, or what went wrong, already told. */
static int ask(struct k8c_client *client) {
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_CREATE, .body = { REVIEW, sizeof(REVIEW) - 1 },
			     .target = { .group = "authentication.k8s.io", .version = "v1", .resource = "selfsubjectreviews" } };
	struct k8c_reply *reply;
	int r = k8c_op_wait(client, &op, &reply);
	if (r < 0) {
		fprintf(stderr, "who-am-i: %s\n", strerror(-r));
		return r;
	}
	r = reply->error.err;
	if (r < 0) fprintf(stderr, "who-am-i: %s\n", reply->error.message);
	else tell(reply->response.body);
	k8c_reply_free(reply);
	return r;
}

int main(void) {
	struct k8c_config *config;
	struct k8c_client *client;
	char *why = NULL, line[256];
	setvbuf(stdout, NULL, _IOLBF, 0);
	int r = k8c_config_in_cluster(getenv("SERVICE_ACCOUNT_DIR"), &config, &why);
	if (r == 0) {
		r = k8c_client_new(config, NULL, &client, &why);
		k8c_config_unref(config);
	}
	if (r < 0) {
		fprintf(stderr, "who-am-i: %s\n", why ? why : strerror(-r));
		free(why);
		return 1;
	}
	while (r == 0 && fgets(line, sizeof(line), stdin)) r = ask(client);
	k8c_client_free(client);
	return r < 0;
}
