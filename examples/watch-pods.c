/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells what happens to the pods of its namespace, from inside a pod, until it is ended by SIGTERM. An informer keeps the list: it goes
 * on over lost connections, restarts of the server and new tokens without telling anything twice.
 *
 * Outside a pod SERVICE_ACCOUNT_DIR names a folder with the same files (token, ca.crt, namespace).
 */
#include <k8c/k8c.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t ended;

static void on_signal(int sig) { ended = 1; }

static void tell(const char *what, const struct k8c_object *o) {
	struct k8c_bytes name = k8c_object_name(o), version = k8c_object_resource_version(o);
	printf("%s %.*s at %.*s\n", what, (int)name.n, name.p, (int)version.n, version.p);
}

static void on_add(void *ctx, struct k8c_object *o) { tell("added", o); }
static void on_delete(void *ctx, struct k8c_object *o) { tell("deleted", o); }
static void on_synced(void *ctx) { printf("synced\n"); }

static void on_error(void *ctx, const struct k8c_error *err) {
	printf("error %d: %s\n", err->status, err->message);
}

/* The program's own loop: the client needs one descriptor and one time. */
static int run(struct k8c_client *client) {
	while (!ended) {
		struct pollfd fd = { .fd = k8c_client_fd(client), .events = POLLIN };
		if (poll(&fd, 1, k8c_client_timeout(client)) < 0 && errno != EINTR) return -errno;
		int r = k8c_client_run_once(client, 0);
		if (r < 0) return r;
	}
	return 0;
}

static int watch(struct k8c_config *config, char **ret_why) {
	static const struct k8c_informer_handler handler = { .on_add = on_add, .on_delete = on_delete, .on_synced = on_synced,
							     .on_error = on_error };
	struct k8c_client *client;
	struct k8c_informer *pods = NULL;
	struct k8c_informer_options o = { .size = sizeof(o) };
	o.target = (struct k8c_target){ .version = "v1", .resource = "pods", .ns = k8c_config_namespace(config) };
	int r = k8c_client_new(config, NULL, &client, ret_why);
	if (r < 0) return r;
	r = k8c_informer_new(client, &o, &pods);
	if (r == 0) r = k8c_informer_add_handler(pods, &handler, NULL);
	if (r == 0) r = k8c_informer_start(pods);
	if (r == 0) r = run(client);
	k8c_informer_free(pods);
	k8c_client_free(client);
	return r;
}

int main(void) {
	struct k8c_config *config;
	char *why = NULL;
	struct sigaction action = { .sa_handler = on_signal };
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	int r = k8c_config_in_cluster(getenv("SERVICE_ACCOUNT_DIR"), &config, &why);
	if (r == 0) {
		r = watch(config, &why);
		k8c_config_unref(config);
	}
	if (r < 0) fprintf(stderr, "watch-pods: %s\n", why ? why : strerror(-r));
	free(why);
	return r < 0;
}
