/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/logs.h"
#include "codec/timestamp.h"
#include "ctl/command.h"
#include "ctl/tree.h"

#include <errno.h>

/* ---- streams ---- */

struct log_stream {
	struct ctl *c;
	const struct log_source *from;
	struct buf line;      /* what has come since the last newline */
	bool ignore, done, begun;
};

static void put_lines(struct log_stream *s, struct slice text) {
	struct sink *out = &s->c->out;
	while (text.n) {
		ptrdiff_t at = slice_chr(text, '\n');
		size_t n = at < 0 ? text.n : (size_t)at + 1;
		(void)buf_put(&s->line, text.p, n);
		text = slice_from(text, n);
		if (at < 0 && s->line.n < LOGS_LINE_MAX / 2) continue;
		sink_put(out, slice_str(s->from->prefix));
		sink_put(out, buf_slice(&s->line));
		buf_clear(&s->line);
	}
	(void)sink_flush(out);
}

static void on_data(void *ctx, struct k8c_bytes bytes) {
	struct log_stream *s = ctx;
	s->begun = true;
	put_lines(s, slice_of(bytes));
}

static void on_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct log_stream *s = ctx;
	(void)res;
	s->done = true;
	if (s->line.n) {
		sink_put(&s->c->out, slice_str(s->from->prefix));
		sink_put(&s->c->out, buf_slice(&s->line));
		buf_clear(&s->line);
	}
	if (!err || err->err == -ECANCELED) return;
	if (s->ignore) ctl_out(s->c, "error: %s\n", err->message);
	else if (s->begun && err->status == 0) (void)ctl_fail(s->c, "%s", err->message);
	else (void)ctl_fail_api(s->c, err, NULL);
}

static int start(struct log_stream *s, const struct k8c_log_options *given, struct k8c_call **ret) {
	static const struct k8c_request_handler h = { .on_data = on_data, .on_done = on_done };
	struct k8c_log_options o = *given;
	o.ns = s->from->ns;
	o.pod = s->from->pod;
	o.container = s->from->container;
	return k8c_log_start(s->c->client, &o, &h, s, ret);
}

/* Runs v[from..to) until all have ended; the first fault ends the others. */
static int run_streams(struct ctl *c, struct log_stream *v, size_t n, const struct k8c_log_options *o) {
	struct k8c_call **calls = ctl_array(c, n, sizeof(*calls));
	size_t faults = c->faults.n;
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		r = start(&v[i], o, &calls[i]);
		if (r < 0) v[i].done = true, (void)ctl_fail(c, "%s", strerror(-r));
	}
	for (size_t i = 0; i < n; i++) {
		while (calls[i] && !v[i].done && c->faults.n == faults && !c->out.err && k8c_client_run_once(c->client, -1) == 0) continue;
		if (calls[i] && !v[i].done) k8c_call_cancel(calls[i]);
	}
	return c->faults.n > faults;
}

int logs_print(struct ctl *c, const struct log_source *v, size_t n, const struct k8c_log_options *o, bool together, bool ignore) {
	struct log_stream *s = ctl_array(c, n, sizeof(*s));
	int r = 0;
	if (session_open(c)) return 1;
	(void)sink_flush(&c->err);
	for (size_t i = 0; i < n; i++) s[i] = (struct log_stream){ .c = c, .from = &v[i], .line = BUF_INIT(LOGS_LINE_MAX), .ignore = ignore };
	if (together) r = run_streams(c, s, n, o);
	for (size_t i = 0; i < n && !together && !r; i++) r = run_streams(c, &s[i], 1, o);
	for (size_t i = 0; i < n; i++) buf_done(&s[i].line);
	return r;
}

/* ---- whose logs ---- */

struct sources {
	struct log_source *v;
	size_t n, cap;
};

static void add_source(struct ctl *c, struct sources *s, const yyjson_mut_val *pod, const char *container, bool prefix) {
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		s->v = ctl_must(arena_realloc(c->a, s->v, s->cap * sizeof(*s->v), cap * sizeof(*s->v)));
		s->cap = cap;
	}
	const char *name = text_at(pod, "metadata.name");
	s->v[s->n++] = (struct log_source){ text_at(pod, "metadata.namespace"), name, container,
					    prefix ? ctl_printf(c, "[pod/%s/%s] ", name, container) : "" };
}

static int add_pod(struct ctl *c, struct sources *s, const yyjson_mut_val *pod, const char *container, bool quiet) {
	static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
	bool prefix = flag_on(&c->flags, "prefix") || flag_on(&c->flags, "all-pods");
	yyjson_mut_val *v;
	if (flag_on(&c->flags, "all-containers")) {
		for (size_t i = 0; i < ELEMENTSOF(lists); i++)
			json_each(json_get(json_get(pod, "spec"), lists[i]), v) add_source(c, s, pod, text_at(v, "name"), prefix);
		return 0;
	}
	if (*container && !pod_container(pod, container, NULL))
		return ctl_fail(c, "container %s is not valid for pod %s out of: %s", container, text_at(pod, "metadata.name"), pod_container_names(c, pod));
	yyjson_mut_val *one = pod_container_or_default(c, pod, container, quiet);
	if (!one) return 1;
	add_source(c, s, pod, text_at(one, "name"), prefix);
	return 0;
}

static int by_selector(struct ctl *c, const char *ns, const char *selector, const char *container, struct sources *s) {
	struct pick p = { .selector = selector, .chunk = 500 };
	struct infos l = { 0 };
	bool all = flag_on(&c->flags, "all-pods");
	if (!ns || session_open(c) || info_list(c, &(struct info){ .r = &pod_resource, .ns = ns }, &p, &l)) return 1;
	if (!l.n) ctl_err(c, "No resources found in %s namespace.\n", ns);
	for (size_t i = 0; i < l.n; i++)
		if (add_pod(c, s, l.v[i].doc->root, container, all)) return 1;
	return 0;
}

/* A pod that is not there is told with its namespace. */
static void tell_namespace(struct ctl *c, size_t faults) {
	struct fault *f = &c->faults.v[faults];
	if (c->faults.n == faults || f->kind != FAULT_STATUS || strcmp(f->reason, "NotFound") != 0) return;
	f->message = ctl_printf(c, "error from server (NotFound): %s in namespace \"%s\"", f->message, session_namespace(c));
	f->kind = FAULT_PLAIN;
}

static int by_name(struct ctl *c, const char *arg, const char *container, struct sources *s) {
	struct info obj, pod;
	size_t faults = c->faults.n, n;
	if (pod_object(c, &arg, 1, &obj)) return tell_namespace(c, faults), 1;
	if (flag_on(&c->flags, "all-pods") && strcmp(obj.r->kind, "Pod") != 0) {
		const char *selector = pod_selector(c, &obj, "cannot get the logs from");
		return !*selector || by_selector(c, obj.ns, selector, container, s);
	}
	if (pod_of(c, &obj, "cannot get the logs from", flag_int(&c->flags, "pod-running-timeout"), &pod, &n)) return 1;
	if (n > 1) ctl_err(c, "Found %zu pods, using pod/%s\n", n, pod.name);
	return add_pod(c, s, pod.doc->root, container, false);
}

/* ---- the command ---- */

static const struct flag flags[] = {
	{ "all-containers", FLAG_BOOL, NULL, 0, NULL, "of all containers" },
	{ "all-pods", FLAG_BOOL, NULL, 0, NULL, "of all pods, with their names" },
	{ "container", FLAG_STRING, NULL, 'c', NULL, "of this container" },
	{ "follow", FLAG_BOOL, NULL, 'f', NULL, "go on with what comes" },
	{ "ignore-errors", FLAG_BOOL, NULL, 0, NULL, "failures are told among the lines and are none of this program" },
	{ "insecure-skip-tls-verify-backend", FLAG_BOOL, NULL, 0, NULL, "the server does not check the node's certificate" },
	{ "limit-bytes", FLAG_INT, "0", 0, NULL, "at most so many bytes; 0: all" },
	{ "max-log-requests", FLAG_INT, "5", 0, NULL, "how many may be followed at once" },
	{ "pod-running-timeout", FLAG_DURATION, "20s", 0, NULL, "how long to wait for a pod" },
	{ "prefix", FLAG_BOOL, NULL, 0, NULL, "pod and container in front of every line" },
	{ "previous", FLAG_BOOL, NULL, 'p', NULL, "of the container's instance before" },
	{ "selector", FLAG_STRING, NULL, 'l', NULL, "of the pods with these labels" },
	{ "since", FLAG_DURATION, "0s", 0, NULL, "not older than this" },
	{ "since-time", FLAG_STRING, NULL, 0, NULL, "after this time (RFC 3339)" },
	{ "tail", FLAG_INT, "-1", 0, NULL, "the last lines; -1: all, 10 with a selector" },
	{ "timestamps", FLAG_BOOL, NULL, 0, NULL, "the time in front of every line" },
	{ 0 },
};

#define LOGS_USAGE "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command"
#define SELECTOR_TAIL 10

static int check_arguments(struct ctl *c, size_t n) {
	bool selector = *flag_text(&c->flags, "selector") != 0;
	if (n > 2 || (!n && !selector)) return ctl_usage(c, LOGS_USAGE);
	return n == 1 && selector ? ctl_usage(c, "only a selector (-l) or a POD name is allowed") : 0;
}

static int check_values(struct ctl *c, const char *container, size_t n, const struct k8c_log_options *o) {
	if (o->since_time && flag_int(&c->flags, "since")) return ctl_fail(c, "at most one of `sinceTime` or `sinceSeconds` may be specified");
	if (flag_on(&c->flags, "all-containers") && *container)
		return ctl_fail(c, "--all-containers=true should not be specified with container name %s", container);
	if (n == 2 && flag_given(&c->flags, "container")) return ctl_fail(c, "only one of -c or an inline [CONTAINER] arg is allowed");
	if (o->limit_bytes < 0) return ctl_fail(c, "--limit-bytes must be greater than 0");
	if (flag_int(&c->flags, "since") < 0) return ctl_fail(c, "--since must be greater than 0");
	return o->has_tail && o->tail_lines < -1 ? ctl_fail(c, "--tail must be greater than or equal to -1") : 0;
}

/* The server gets it as it was given. */
static int check_time(struct ctl *c) {
	const char *text = flag_text(&c->flags, "since-time"), *msg = NULL;
	struct timestamp t;
	if (!*text || timestamp_parse(c->a, slice_str(text), &t, &msg) == 0) return 0;
	return ctl_fail(c, "%s", msg ? msg : "out of memory");
}

static struct k8c_log_options options(struct ctl *c) {
	int64_t tail = flag_int(&c->flags, "tail"), since = flag_int(&c->flags, "since");
	bool selector = *flag_text(&c->flags, "selector") && !flag_given(&c->flags, "tail");
	return (struct k8c_log_options){
		.size = sizeof(struct k8c_log_options), .follow = flag_on(&c->flags, "follow"), .previous = flag_on(&c->flags, "previous"),
		.timestamps = flag_on(&c->flags, "timestamps"), .has_tail = selector || tail != -1, .tail_lines = selector ? SELECTOR_TAIL : tail,
		.since_seconds = (since + NSEC_PER_SEC / 2) / NSEC_PER_SEC, .limit_bytes = flag_int(&c->flags, "limit-bytes"),
		.since_time = *flag_text(&c->flags, "since-time") ? flag_text(&c->flags, "since-time") : NULL,
	};
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct k8c_log_options o = options(c);
	struct sources s = { 0 };
	const char *container = n == 2 ? args[1] : flag_text(&c->flags, "container"), *selector = flag_text(&c->flags, "selector");
	int64_t most = flag_int(&c->flags, "max-log-requests");
	if (check_arguments(c, n)) return 1;
	if (flag_int(&c->flags, "pod-running-timeout") <= 0) return ctl_fail(c, "--pod-running-timeout must be higher than zero");
	if (check_time(c)) return 1;
	if (n ? by_name(c, args[0], container, &s) : by_selector(c, session_namespace(c), selector, container, &s)) return 1;
	if (check_values(c, container, n, &o)) return 1;
	if (o.follow && s.n > 1 && (int64_t)s.n > most)
		return ctl_fail(c, "you are attempting to follow %zu log streams, but maximum allowed concurrency is %lld, use --max-log-requests to "
				   "increase the limit", s.n, (long long)most);
	return logs_print(c, s.v, s.n, &o, o.follow && s.n > 1, flag_on(&c->flags, "ignore-errors"));
}

static const struct flag *const tables[] = { flags, NULL };
const struct command command_logs = { "logs", "log", "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]", "Print the logs of a container", tables, run, NULL };
