/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything the client can do, once, against a server that may do anything: drive KUBECONFIG TIMEOUT-MS. Prints "WHAT ERR MESSAGE" for
 * each, and ends by itself whatever the server does: requests have a time-out, what has none is cancelled. Part of test_hostile.py.
 */
#include <k8c/k8c.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_TURNS 10
#define BODY_MAX ((size_t)128 << 10)

struct run {
	const char *what;
	bool done;
};

static struct k8c_client *client;
static uint32_t timeout_ms;
static const struct k8c_target pod = { .version = "v1", .resource = "pods", .ns = "n", .name = "p" };
static const struct k8c_target pods = { .version = "v1", .resource = "pods", .ns = "n" };

static void tell(const char *what, int err, const char *message) { printf("%s %d %s\n", what, err, message); }

static void told(struct run *r, const struct k8c_error *e) {
	r->done = true;
	tell(r->what, e ? e->err : 0, e ? e->message : "");
}

static void turns(const struct run *r) {
	for (int i = 0; i < PATIENCE_TURNS && !r->done; i++) k8c_client_run_once(client, (int)timeout_ms / PATIENCE_TURNS);
}

static void on_bytes(void *ctx, struct k8c_bytes b) {}
static void on_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) { told(ctx, err); }
static void on_listed(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) { told(ctx, err); }
static void on_event(void *ctx, const struct k8c_event *e) {}
static void on_over(void *ctx, const struct k8c_error *err) { told(ctx, err); }
static void on_exit_(void *ctx, int code, const struct k8c_error *err) { told(ctx, err); }
static void on_open(void *ctx) {}

static void requests(void) {
	struct k8c_op get = { .size = sizeof(get), .verb = K8C_GET, .target = pod, .flags = K8C_REQ_NO_RETRY };
	struct k8c_reply *reply;
	int r = k8c_op_wait(client, &get, &reply);
	tell("get", r < 0 ? r : reply->error.err, r < 0 ? strerror(-r) : reply->error.message);
	if (r == 0) k8c_reply_free(reply);
	struct run list = { "list", false };
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_LIST, .target = pods };
	struct k8c_call *call;
	const struct k8c_list_handler h = { on_bytes, on_listed };
	if (k8c_list_start(client, &op, &h, &list, &call) < 0) return;
	turns(&list);
	/* A list without an end in flat memory is no fault of the client. */
	if (!list.done) k8c_call_cancel(call);
}

static int change(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root) { return 0; }
static int check(void *ctx, const struct yyjson_mut_val *root) { return 0; }

static void loops(void) {
	struct run update = { "update", false }, wait = { "wait", false }, watch = { "watch", false }, log = { "log", false };
	const struct k8c_update_handler uh = { change, on_done };
	const struct k8c_wait_handler wh = { check, on_over };
	const struct k8c_watch_handler eh = { on_event, on_over };
	const struct k8c_request_handler lh = { .on_data = on_bytes, .on_done = on_done };
	struct k8c_watch_options wo = { .size = sizeof(wo), .target = pods, .resource_version = "1", .once = true };
	struct k8c_log_options lo = { .size = sizeof(lo), .ns = "n", .pod = "p", .follow = true };
	struct k8c_call *call;
	k8c_update_wait(client, &pod, &uh, &update);
	k8c_wait_wait(client, &pod, timeout_ms, &wh, &wait);
	if (k8c_watch_start(client, &wo, &eh, &watch, &call) < 0) return;
	turns(&watch);
	if (!watch.done) k8c_call_cancel(call);
	if (k8c_log_start(client, &lo, &lh, &log, &call) < 0) return;
	turns(&log);
	if (!log.done) k8c_call_cancel(call);
}

static void informer(void) {
	const struct k8c_informer_handler h = { 0 };
	struct k8c_informer_options o = { .size = sizeof(o), .target = pods };
	struct k8c_informer *i;
	struct run never = { "informer", false };
	if (k8c_informer_new(client, &o, &i) < 0) return;
	if (k8c_informer_add_handler(i, &h, NULL) == 0 && k8c_informer_start(i) == 0) turns(&never);
	tell("informer", 0, k8c_informer_synced(i) ? "synced" : "not synced");
	k8c_informer_free(i);
}

static void streams(void) {
	static const char *const command[] = { "true", NULL };
	struct run exec = { "exec", false }, forward = { "forward", false };
	const struct k8c_exec_handler eh = { NULL, on_bytes, on_bytes, NULL, on_exit_ };
	const struct k8c_forward_handler fh = { on_open, on_bytes, NULL, on_over };
	struct k8c_exec_options eo = { .size = sizeof(eo), .ns = "n", .pod = "p", .command = command, .out = true };
	struct k8c_exec *e;
	struct k8c_forward *f;
	if (k8c_exec_start(client, &eo, &eh, &exec, &e) < 0 || k8c_forward_start(client, "n", "p", 80, &fh, &forward, &f) < 0) return;
	while (!exec.done || !forward.done) k8c_client_run_once(client, -1);
}

int main(int argc, char **argv) {
	struct k8c_config_options co = { .size = sizeof(co), .kubeconfig = argc > 1 ? argv[1] : NULL, .no_in_cluster = true };
	timeout_ms = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000;
	struct k8c_client_options o = { .size = sizeof(o), .timeout_ms = timeout_ms, .max_body = BODY_MAX };
	struct k8c_config *config;
	char *why = NULL;
	setvbuf(stdout, NULL, _IOLBF, 0);
	int r = k8c_config_load(&co, &config, &why);
	if (r == 0) {
		r = k8c_client_new(config, &o, &client, &why);
		k8c_config_unref(config);
	}
	if (r < 0) {
		tell("config", r, why ? why : "");
		free(why);
		return 0;
	}
	requests();
	loops();
	informer();
	streams();
	k8c_client_free(client);
	printf("end\n");
	return 0;
}
