/* SPDX-License-Identifier: Apache-2.0 */
/* wait: until objects are there, are gone, have a condition, or a field has a value. */
#include "codec/jsonpath.h"
#include "ctl/command.h"
#include "ctl/goprint.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#include <errno.h>
#include <strings.h>

#define WAIT_CONDITIONS_MAX 64u
#define WAIT_FOREVER (7 * 24 * 3600 * NSEC_PER_SEC)
#define WAIT_CREATE_POLL_MS 500

enum wait_kind { WAIT_CREATE, WAIT_DELETE, WAIT_CONDITION, WAIT_PATH };

struct condition {
	enum wait_kind kind;
	const char *name, *value; /* of the condition; of the path: NULL is any value */
	struct jsonpath *path;
};

struct waiting {
	struct ctl *c;
	struct condition v[WAIT_CONDITIONS_MAX];
	size_t n;
	bool create, delete;
	uint64_t until;           /* monotonic */
	bool at_once;             /* --timeout=0 */
};

static const struct flag flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "all objects of the types" },
	{ "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "objects of all namespaces" },
	{ "for", FLAG_ARRAY, NULL, 0, NULL, "create, delete, condition=NAME[=VALUE], jsonpath='{PATH}'[=VALUE]; may be repeated" },
	{ "local", FLAG_BOOL, NULL, 0, NULL, "accepted for compatibility" },
	{ "timeout", FLAG_DURATION, "30s", 0, NULL, "how long; 0: look once, negative: a week" },
	{ 0 },
};

/* ---- what is waited for ---- */

static int take_condition(struct ctl *c, struct condition *to, const char *text) {
	const char *eq = strchr(text, '=');
	(void)c;
	to->kind = WAIT_CONDITION;
	to->name = eq ? ctl_text(c, slice_make(text, (size_t)(eq - text))) : text;
	to->value = eq ? eq + 1 : "true";
	return 0;
}

/* A single '=' cuts, "==" is part of the path. */
static size_t single_equal(const char *text) {
	size_t i = 0;
	for (; text[i]; i++) {
		if (text[i] != '=') continue;
		if (text[i + 1] != '=') break;
		i++;
	}
	return i;
}

static int take_path(struct ctl *c, struct condition *to, const char *text) {
	const char *msg = NULL;
	size_t n = single_equal(text);
	struct slice value = text[n] ? slice_str(text + n + 1) : SLICE_NULL;
	to->kind = WAIT_PATH;
	if (value.p && value.p[single_equal(value.p)])
		return ctl_fail(c, "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'");
	if (!n) return ctl_fail(c, "jsonpath expression cannot be empty");
	int r = jsonpath_parse_relaxed(c->a, slice_make(text, n), &to->path, &msg);
	if (r < 0) return ctl_fail(c, "%s", msg ? msg : strerror(-r));
	while (value.n && strchr("'\"", value.p[0])) value = slice_from(value, 1);
	while (value.n && strchr("'\"", value.p[value.n - 1])) value.n--;
	if (text[n] && !value.n)
		return ctl_fail(c, "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
	to->value = text[n] ? ctl_text(c, slice_trim(value)) : NULL;
	return 0;
}

static int take(struct ctl *c, struct waiting *w, const char *text) {
	if (w->n == WAIT_CONDITIONS_MAX) return ctl_fail(c, "more than %u conditions", WAIT_CONDITIONS_MAX);
	struct condition *to = &w->v[w->n++];
	*to = (struct condition){ .kind = WAIT_CREATE };
	if (!strcasecmp(text, "create")) w->create = true;
	else if (!strcasecmp(text, "delete")) to->kind = WAIT_DELETE, w->delete = true;
	else if (!strncmp(text, "condition=", 10)) return take_condition(c, to, text + 10);
	else if (!strncmp(text, "jsonpath=", 9)) return take_path(c, to, text + 9);
	else return ctl_fail(c, "unrecognized condition: %s", ctl_quote(c, slice_str(text)));
	return 0;
}

/* ---- whether it is so ---- */

static int condition_holds(const struct condition *want, const yyjson_mut_val *root) {
	const yyjson_mut_val *seen;
	yyjson_mut_val *v;
	json_each(json_path(root, "status.conditions"), v) {
		if (strcasecmp(text_at(v, "type"), want->name) != 0) continue;
		seen = json_get(v, "observedGeneration") ? v : json_get(root, "status");
		if (json_get(seen, "observedGeneration") && json_path_int(seen, "observedGeneration", 0) < json_path_int(root, "metadata.generation", 0)) return 0;
		return !strcasecmp(text_at(v, "status"), want->value);
	}
	return 0;
}

static int path_holds(struct ctl *c, const struct condition *want, const yyjson_mut_val *root) {
	const yyjson_mut_val **found;
	const char *msg = NULL;
	size_t n;
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	int r = jsonpath_find(want->path, c->a, root, JSONPATH_ALLOW_MISSING, &found, &n, &msg);
	if (r < 0) return (void)ctl_fail(c, "%s", msg ? msg : strerror(-r)), r;
	if (!n) return 0;
	if (n > 1) return (void)ctl_fail(c, "given jsonpath expression matches more than one value"), -EINVAL;
	if (!want->value) return 1;
	if (yyjson_mut_is_ctn((yyjson_mut_val *)(uintptr_t)found[0]))
		return (void)ctl_fail(c, "jsonpath leads to a nested object or list which is not supported"), -EINVAL;
	(void)goprint_v(&b, found[0]);
	return slice_eqs(slice_trim(ctl_take(c, &b)), want->value);
}

struct watched {
	const struct waiting *w;
	const struct condition *want;
	yyjson_mut_doc *doc;   /* the object as it was seen last */
	const char *uid;       /* of what shall be gone */
	bool missing, timed_out;
	const struct info *i;
};

static int on_state(void *ctx, const yyjson_mut_val *root) {
	struct watched *s = ctx;
	struct ctl *c = s->w->c;
	if (s->want->kind == WAIT_DELETE) return !root || strcmp(text_at(root, "metadata.uid"), s->uid) != 0;
	if (!root) return 0;
	int r = s->want->kind == WAIT_CONDITION ? condition_holds(s->want, root) : path_holds(c, s->want, root);
	if (r == 1) s->doc = tree_copy(c, root);
	return r;
}

static void on_end(void *ctx, const struct k8c_error *err) {
	struct watched *s = ctx;
	struct ctl *c = s->w->c;
	s->timed_out = err && err->err == -ETIMEDOUT;
	if (err && !s->timed_out && !c->faults.n) (void)ctl_fail_api(c, err, NULL);
}

static int not_met(struct ctl *c, const struct waiting *w, const struct info *i) {
	if (w->at_once) return ctl_fail(c, "condition not met for %s/%s", i->r->name, i->name);
	return ctl_fail(c, "timed out waiting for the condition on %s/%s", i->r->name, i->name);
}

/* 0: it holds, and s->doc is the object; 1 with a fault noted. */
static int wait_one(struct waiting *w, const struct condition *want, struct info *i, yyjson_mut_doc **ret) {
	static const struct k8c_wait_handler h = { on_state, on_end };
	struct watched s = { .w = w, .want = want, .doc = i->doc, .uid = text_at(i->doc->root, "metadata.uid"), .i = i };
	struct ctl *c = w->c;
	size_t faults = c->faults.n;
	uint64_t now = env_mono(c->env);
	struct k8c_target t = { .group = i->r->group, .version = i->r->version, .resource = i->r->name, .name = i->name, .ns = i->r->namespaced ? i->ns : NULL };
	*ret = i->doc;
	if (want->kind == WAIT_CREATE || (want->kind != WAIT_DELETE && on_state(&s, i->doc->root) == 1)) return 0;
	if (c->faults.n > faults) return 1;
	if (w->at_once || now >= w->until) return not_met(c, w, i);
	uint64_t ms = (w->until - now) / 1000000u;
	(void)k8c_wait_wait(c->client, &t, ms > UINT32_MAX - 1 ? UINT32_MAX - 1 : ms ? (uint32_t)ms : 1, &h, &s);
	*ret = s.doc;
	return s.timed_out ? not_met(c, w, i) : c->faults.n > faults;
}

/* ---- the command ---- */

/* What is found now; with --for=create again and again until something is. */
static int find(struct waiting *w, const struct pick *p, struct infos *ret) {
	struct ctl *c = w->c;
	for (;;) {
		size_t faults = c->faults.n;
		*ret = (struct infos){ 0 };
		int r = infos_pick(c, p, ret);
		bool missing = c->faults.n > faults && c->faults.v[faults].err == -ENOENT;
		if (w->delete && missing) c->faults.n = faults;
		if (!w->create || (!missing && (r || ret->n || c->faults.n > faults))) return r || c->faults.n > faults;
		c->faults.n = faults;
		if (w->at_once || env_mono(c->env) >= w->until) return ctl_fail(c, "timed out waiting for the condition");
		(void)k8c_client_run_once(c->client, WAIT_CREATE_POLL_MS);
	}
}

static int prepare(struct waiting *w) {
	struct ctl *c = w->c;
	const struct flag_value *list = flags_get(&c->flags, "for");
	int64_t timeout = flag_int(&c->flags, "timeout");
	for (size_t i = 0; i < list->n; i++)
		if (take(c, w, list->list[i])) return 1;
	if (!w->n) return ctl_fail(c, "unrecognized condition: []");
	w->at_once = timeout == 0;
	w->until = env_mono(c->env) + (uint64_t)(timeout < 0 ? WAIT_FOREVER : timeout);
	return 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct waiting w = { .c = c };
	struct infos l = { 0 };
	struct printer *p;
	yyjson_mut_doc *seen;
	struct pick pick = write_pick(c, args, n, PICK_FETCH | PICK_LATEST);
	if (printer_new(c, 0, &p) || prepare(&w) || find(&w, &pick, &l)) return 1;
	if (!l.n && !w.delete) return ctl_fail(c, "no matching resources found");
	for (size_t i = 0; i < l.n; i++)
		for (size_t k = 0; k < w.n; k++) {
			if (wait_one(&w, &w.v[k], &l.v[i], &seen)) return 1;
			(void)print_done(c, p, seen->root, "condition met");
			(void)sink_flush(&c->out);
		}
	return 0;
}

static const struct flag *const tables[] = { flags, print_flags, file_flags, select_flags, NULL };
const struct command command_wait = { "wait", NULL, "(-f FILE | TYPE NAME | TYPE -l label | --all) --for=WHAT", "Wait until objects are as they shall be",
				      tables, run, NULL };
