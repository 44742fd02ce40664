/* SPDX-License-Identifier: Apache-2.0 */
/* events: what happened, the oldest first. */
#include "codec/duration.h"
#include "codec/timestamp.h"
#include "ctl/command.h"
#include "ctl/goprint.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

#include <strings.h>

static const struct flag flags[] = {
	{ "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "events of all namespaces" },
	{ "chunk-size", FLAG_INT, "500", 0, NULL, "events to ask for at once; 0: all" },
	{ "for", FLAG_STRING, NULL, 0, NULL, "TYPE/NAME: only what is about this object" },
	{ "no-headers", FLAG_BOOL, NULL, 0, NULL, "no line of headers" },
	{ "types", FLAG_LIST, NULL, 0, NULL, "Normal, Warning" },
	{ 0 },
};

/* ---- ages ---- */

static bool seconds_of(struct ctl *c, const yyjson_mut_val *obj, const char *path, int64_t *ret) {
	struct timestamp t;
	if (timestamp_parse(c->a, json_path_str(obj, path), &t, NULL) < 0) return false;
	*ret = t.sec;
	return true;
}

static const char *since(struct ctl *c, const yyjson_mut_val *event, const char *path) {
	char text[DURATION_TEXT];
	int64_t sec;
	if (!seconds_of(c, event, path, &sec)) return "<unknown>";
	duration_human((env_now_sec(c->env) - sec) * NSEC_PER_SEC, text);
	return ctl_printf(c, "%s", text);
}

static const char *interval(struct ctl *c, const yyjson_mut_val *event) {
	int64_t sec, count = json_path_int(event, "count", 0);
	const char *first = since(c, event, seconds_of(c, event, "eventTime", &sec) ? "eventTime" : "firstTimestamp");
	if (yyjson_mut_is_obj(json_get(event, "series")))
		return ctl_printf(c, "%s (x%lld over %s)", since(c, event, "series.lastObservedTime"), (long long)json_path_int(event, "series.count", 0), first);
	return count > 1 ? ctl_printf(c, "%s (x%lld over %s)", since(c, event, "lastTimestamp"), (long long)count, first) : first;
}

/* The moment an event is sorted by. */
static int64_t moment(struct ctl *c, const yyjson_mut_val *event) {
	static const char *const paths[] = { "series.lastObservedTime", "lastTimestamp", "eventTime" };
	int64_t sec = INT64_MIN;
	for (size_t i = 0; i < ELEMENTSOF(paths); i++)
		if (seconds_of(c, event, paths[i], &sec)) return sec;
	return sec;
}

struct row {
	const struct info *i;
	int64_t at;
	size_t n;
};

static int by_moment(const void *pa, const void *pb) {
	const struct row *a = pa, *b = pb;
	if (a->at != b->at) return a->at < b->at ? -1 : 1;
	return a->n < b->n ? -1 : a->n > b->n;
}

/* ---- which ---- */

static int check_types(struct ctl *c) {
	const struct flag_value *types = flags_get(&c->flags, "types");
	for (size_t i = 0; i < types->n; i++)
		if (strcasecmp(types->list[i], "Normal") != 0 && strcasecmp(types->list[i], "Warning") != 0)
			return ctl_fail(c, "valid --types are Normal or Warning");
	return 0;
}

static bool wanted(struct ctl *c, const yyjson_mut_val *event) {
	const struct flag_value *types = flags_get(&c->flags, "types");
	for (size_t i = 0; i < types->n; i++)
		if (!strcasecmp(types->list[i], text_at(event, "type"))) return true;
	return !types->n;
}

/* A field selector for --for, or "". NULL with a fault noted. */
static const char *about(struct ctl *c) {
	const char *text = flag_text(&c->flags, "for");
	struct slice name = slice_str(text), type = slice_cut(&name, '/');
	if (!*text) return "";
	if (!name.n || !type.n || slice_chr(name, '/') >= 0) return (void)ctl_fail(c, "--for must be in resource/name form"), NULL;
	const struct resource *r = mapper_resource(c, ctl_text(c, type));
	if (!r) return NULL;
	return ctl_printf(c, "involvedObject.kind=%s,involvedObject.apiVersion=%s,involvedObject.name=%.*s", r->kind,
			  api_version_join(c, r->group, r->version), SLICE_FMT(name));
}

/* ---- the table ---- */

static void cell(struct tabs *t, struct slice text, char end) {
	escape_terminal(&t->text, text);
	(void)buf_putc(&t->text, end);
}

static void print_rows(struct ctl *c, const struct row *rows, size_t n) {
	bool all = flag_on(&c->flags, "all-namespaces");
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	struct tabs t;
	tabs_init(&t, 6, 3, true);
	if (!flag_on(&c->flags, "no-headers")) tabs_printf(&t, "%sLAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n", all ? "NAMESPACE\t" : "");
	for (size_t i = 0; i < n; i++) {
		const yyjson_mut_val *e = rows[i].i->doc->root;
		if (all) cell(&t, json_path_str(e, "metadata.namespace"), '\t');
		cell(&t, slice_str(interval(c, e)), '\t');
		cell(&t, json_path_str(e, "type"), '\t');
		cell(&t, json_path_str(e, "reason"), '\t');
		cell(&t, json_path_str(e, "involvedObject.kind"), '/');
		cell(&t, json_path_str(e, "involvedObject.name"), '\t');
		struct slice message = json_path_str(e, "message");
		while (message.n && strchr(" \t\r\n", message.p[0])) message = slice_from(message, 1);
		while (message.n && strchr(" \t\r\n", message.p[message.n - 1])) message.n--;
		cell(&t, message, '\n');
	}
	(void)tabs_flush(&t, &b);
	tabs_done(&t);
	sink_put(&c->out, ctl_take(c, &b));
}

static int print_list(struct ctl *c, struct printer *p, const struct row *rows, size_t n) {
	yyjson_mut_doc *doc = tree_new(c);
	tree_put(c, doc, doc->root, "apiVersion", "v1");
	tree_put(c, doc, doc->root, "kind", "EventList");
	(void)tree_obj(c, doc, doc->root, "metadata");
	for (size_t i = 0; i < n; i++)
		tree_append(c, tree_list(c, doc, doc->root, "items"), ctl_must(json_copy(doc, rows[i].i->doc->root)));
	return printer_print(c, p, doc->root);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct printer *p;
	struct infos l = { 0 };
	size_t k = 0;
	bool all = flag_on(&c->flags, "all-namespaces");
	if (n) return ctl_usage(c, "unknown command \"%s\" for \"%s\"", args[0], c->path);
	const char *selector = about(c), *ns = session_namespace(c);
	if (!selector || !ns || printer_new(c, 0, &p) || check_types(c)) return 1;
	struct pick pick = { .field_selector = selector, .selector = "", .chunk = flag_int(&c->flags, "chunk-size") };
	struct info type = { .r = mapper_resource(c, "events.v1."), .ns = all ? "" : ns };
	if (!type.r || info_list(c, &type, &pick, &l)) return 1;
	struct row *rows = ctl_array(c, l.n, sizeof(*rows));
	for (size_t i = 0; i < l.n; i++)
		if (wanted(c, l.v[i].doc->root)) rows[k] = (struct row){ &l.v[i], moment(c, l.v[i].doc->root), k }, k++;
	if (!k) {
		if (all) ctl_err(c, "No events found.\n");
		else ctl_err(c, "No events found in %s namespace.\n", ns);
		return 0;
	}
	qsort(rows, k, sizeof(*rows), by_moment);
	if (p) return print_list(c, p, rows, k);
	print_rows(c, rows, k);
	return 0;
}

static const struct flag *const tables[] = { flags, print_flags, NULL };
const struct command command_events = { "events", NULL, "[--for TYPE/NAME] [--types=Normal,Warning]", "Print events", tables, run, NULL };
