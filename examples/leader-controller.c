/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller of which any number may run and one works. For every ConfigMap of its namespace that is labelled mirror=yes it keeps
 * data.mirror equal to data.text written backwards, until it is ended by SIGTERM. Only the holder of the Lease "leader-controller"
 * writes; when it ends another takes over, at once when it could say goodbye.
 *
 *   leader-controller NAME [LEASE-MS RENEW-MS RETRY-MS]
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
#include <yyjson.h>

struct controller {
	struct k8c_client *client;
	struct k8c_informer *maps;
	struct k8c_election *election;
	bool leads;
};

static volatile sig_atomic_t ended;

static void on_signal(int sig) { ended = 1; }

/* What data.mirror has to be: to be freed. NULL without data.text. */
static char *mirror_of(const yyjson_mut_val *map) {
	const yyjson_mut_val *data = yyjson_mut_obj_get((yyjson_mut_val *)map, "data");
	const char *text = yyjson_mut_get_str(yyjson_mut_obj_get((yyjson_mut_val *)data, "text"));
	size_t n = text ? strlen(text) : 0;
	char *mirror = text ? calloc(n + 1, 1) : NULL;
	for (size_t i = 0; mirror && i < n; i++) mirror[i] = text[n - 1 - i];
	return mirror;
}

static bool is_equal(const yyjson_mut_val *map, const char *mirror) {
	const yyjson_mut_val *data = yyjson_mut_obj_get((yyjson_mut_val *)map, "data");
	const char *has = yyjson_mut_get_str(yyjson_mut_obj_get((yyjson_mut_val *)data, "mirror"));
	return has && strcmp(has, mirror) == 0;
}

/* On a copy that was read just now; again when somebody else wrote in between. What this program knows nothing of stays. */
static int change(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root) {
	char *mirror = mirror_of(root);
	int r = !mirror || is_equal(root, mirror) ? 1 : 0;
	yyjson_mut_val *data = yyjson_mut_obj_get(root, "data");
	if (r == 0) {
		yyjson_mut_obj_remove_key(data, "mirror");
		if (!yyjson_mut_obj_add_strcpy(doc, data, "mirror", mirror)) r = -ENOMEM;
	}
	free(mirror);
	return r;
}

static void on_changed(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	if (err && err->err != -ENOENT && err->err != -ECANCELED) printf("error: %s\n", err->message);
	else if (!err) printf("mirrored\n");
}

/* Nothing is asked of the server when the cache says that all is well. */
static void reconcile(struct controller *c, struct k8c_object *o) {
	static const struct k8c_update_handler handler = { change, on_changed };
	struct k8c_bytes ns = k8c_object_namespace(o), name = k8c_object_name(o);
	const yyjson_mut_val *map = k8c_object_value(o);
	char *mirror = map ? mirror_of(map) : NULL, where[256], which[256];
	if (c->leads && mirror && !is_equal(map, mirror)) {
		snprintf(where, sizeof(where), "%.*s", (int)ns.n, ns.p);
		snprintf(which, sizeof(which), "%.*s", (int)name.n, name.p);
		struct k8c_target target = { .version = "v1", .resource = "configmaps", .ns = where, .name = which };
		k8c_update_start(c->client, &target, &handler, c, NULL);
	}
	free(mirror);
}

static void on_add(void *ctx, struct k8c_object *o) { reconcile(ctx, o); }
static void on_update(void *ctx, struct k8c_object *old, struct k8c_object *o) { reconcile(ctx, o); }

static void on_started(void *ctx) {
	struct controller *c = ctx;
	struct k8c_object *o;
	size_t it = 0;
	printf("leading\n");
	c->leads = true;
	while ((o = k8c_informer_next(c->maps, &it))) reconcile(c, o);
}

static void on_stopped(void *ctx) {
	struct controller *c = ctx;
	printf("not leading\n");
	c->leads = false;
}

static void on_leader(void *ctx, const char *identity) { printf("leader: %s\n", identity); }

static int start(struct controller *c, struct k8c_election_options *eo) {
	static const struct k8c_informer_handler informed = { .on_add = on_add, .on_update = on_update };
	static const struct k8c_election_handler elected = { on_started, on_stopped, on_leader };
	struct k8c_informer_options io = { .size = sizeof(io), .label_selector = "mirror=yes" };
	io.target = (struct k8c_target){ .version = "v1", .resource = "configmaps", .ns = eo->ns };
	int r = k8c_informer_new(c->client, &io, &c->maps);
	if (r == 0) r = k8c_informer_add_handler(c->maps, &informed, c);
	if (r == 0) r = k8c_informer_start(c->maps);
	if (r == 0) r = k8c_election_start(c->client, eo, &elected, c, &c->election);
	return r;
}

/* The lease is given up by a request that was only begun: a moment for it. */
static void say_goodbye(struct controller *c) {
	k8c_election_free(c->election);
	for (int i = 0; i < 20; i++) k8c_client_run_once(c->client, 10);
	k8c_informer_free(c->maps);
}

static int run(struct controller *c, struct k8c_election_options *eo) {
	int r = start(c, eo);
	while (r == 0 && !ended) {
		struct pollfd fd = { .fd = k8c_client_fd(c->client), .events = POLLIN };
		if (poll(&fd, 1, k8c_client_timeout(c->client)) < 0 && errno != EINTR) r = -errno;
		else r = k8c_client_run_once(c->client, 0);
	}
	say_goodbye(c);
	return r;
}

int main(int argc, char **argv) {
	struct controller c = { 0 };
	struct k8c_config *config;
	char *why = NULL;
	struct sigaction action = { .sa_handler = on_signal };
	struct k8c_election_options eo = { .size = sizeof(eo), .name = "leader-controller", .identity = argc > 1 ? argv[1] : "one" };
	if (argc == 5) {
		eo.lease_ms = (uint32_t)strtoul(argv[2], NULL, 10);
		eo.renew_ms = (uint32_t)strtoul(argv[3], NULL, 10);
		eo.retry_ms = (uint32_t)strtoul(argv[4], NULL, 10);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	int r = k8c_config_in_cluster(getenv("SERVICE_ACCOUNT_DIR"), &config, &why);
	if (r == 0) {
		eo.ns = k8c_config_namespace(config);
		r = k8c_client_new(config, NULL, &c.client, &why);
		if (r == 0) r = run(&c, &eo);
		k8c_client_free(c.client);
		k8c_config_unref(config);
	}
	if (r < 0) fprintf(stderr, "leader-controller: %s\n", why ? why : strerror(-r));
	free(why);
	return r < 0;
}
