/* SPDX-License-Identifier: Apache-2.0 */
#include "api/crd/names.h"

#include "codec/timestamp.h"

#include <errno.h>

/* ---- conditions ---- */

static yyjson_mut_val *condition(const yyjson_mut_val *crd, const char *type) {
	yyjson_mut_val *list = json_path(crd, "status.conditions"), *x;
	size_t i, n;
	yyjson_mut_arr_foreach(list, i, n, x) {
		if (slice_eqs(json_path_str(x, "type"), type)) return x;
	}
	return NULL;
}

bool crd_condition_is_true(const yyjson_mut_val *crd, const char *type) { return slice_eqs(json_path_str(condition(crd, type), "status"), "True"); }

static yyjson_mut_val *condition_new(yyjson_mut_doc *doc, yyjson_mut_val *crd) {
	yyjson_mut_val *status = json_ensure_obj(doc, crd, "status"), *list = json_get(status, "conditions"), *c = yyjson_mut_obj(doc);
	if (!yyjson_mut_is_arr(list)) {
		list = yyjson_mut_arr(doc);
		if (!list || !json_set(doc, status, "conditions", list)) return NULL;
	}
	return c && yyjson_mut_arr_append(list, c) ? c : NULL;
}

int crd_condition_set(yyjson_mut_doc *doc, yyjson_mut_val *crd, const char *type, bool status, const char *reason, const char *message, int64_t now_sec) {
	char now[TIMESTAMP_TEXT];
	const char *word = status ? "True" : "False";
	yyjson_mut_val *c = condition(crd, type);
	bool moved = !c || !slice_eqs(json_path_str(c, "status"), word);
	if (c && !moved && slice_eqs(json_path_str(c, "reason"), reason) && slice_eqs(json_path_str(c, "message"), message)) return 0;
	if (!c && !(c = condition_new(doc, crd))) return -ENOMEM;
	timestamp_format(now_sec, now);
	bool ok = json_set_str(doc, c, "type", slice_str(type)) && json_set_str(doc, c, "status", slice_str(word)) &&
		  (!moved || json_set_str(doc, c, "lastTransitionTime", slice_str(now))) && json_set_str(doc, c, "reason", slice_str(reason)) &&
		  json_set_str(doc, c, "message", slice_str(message));
	return ok ? 1 : -ENOMEM;
}

#define SHORT_NAMES_TEXT_MAX (64u * 1024u)

/* ---- names ---- */

struct naming {
	struct arena *a;
	yyjson_mut_doc *doc;
	const yyjson_mut_val *crd;
	yyjson_mut_val *const *others;
	size_t n;
	yyjson_mut_val *accepted;   /* being made */
	const char *reason, *message;
};

static bool lists(const yyjson_mut_val *list, struct slice name) {
	yyjson_mut_val *x;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)(uintptr_t)list, i, n, x) {
		if (slice_eq(json_str(x), name)) return true;
	}
	return false;
}

/* Names of resources (plural, singular, short) share one space, kinds another. */
static bool names_it(const yyjson_mut_val *names, struct slice name, bool kind) {
	static const char *const resource_members[] = { "plural", "singular" }, *const kind_members[] = { "kind", "listKind" };
	const char *const *members = kind ? kind_members : resource_members;
	for (size_t i = 0; i < 2; i++)
		if (slice_eq(json_path_str(names, members[i]), name)) return true;
	return !kind && lists(json_get(names, "shortNames"), name);
}

static bool taken(const struct naming *w, struct slice name, bool kind) {
	struct slice group = json_path_str(w->crd, "spec.group"), own = json_path_str(w->crd, "metadata.name");
	for (size_t i = 0; name.n && i < w->n; i++) {
		const yyjson_mut_val *o = w->others[i];
		if (!slice_eq(json_path_str(o, "spec.group"), group) || slice_eq(json_path_str(o, "metadata.name"), own)) continue;
		if (names_it(json_path(o, "status.acceptedNames"), name, kind)) return true;
	}
	return false;
}

static void refuse(struct naming *w, const char *reason, const char *message) {
	w->reason = reason;
	w->message = message;
}

static bool keep(struct naming *w, const char *member, const yyjson_mut_val *from) {
	yyjson_mut_val *v = json_get(from, member);
	return !v || json_set(w->doc, w->accepted, member, json_copy(w->doc, v));
}

/* A name nobody else has is accepted, else the one accepted before stays. */
static bool take_name(struct naming *w, const char *member, bool kind, const char *reason) {
	const yyjson_mut_val *wanted = json_path(w->crd, "spec.names"), *before = json_path(w->crd, "status.acceptedNames");
	struct slice name = json_path_str(wanted, member);
	if (!taken(w, name, kind) || slice_eq(name, json_path_str(before, member))) return keep(w, member, wanted);
	refuse(w, reason, arena_printf(w->a, "\"%.*s\" is already in use", SLICE_FMT(name)));
	return w->message && keep(w, member, before);
}

static bool take_short_names(struct naming *w) {
	const yyjson_mut_val *wanted = json_path(w->crd, "spec.names"), *before = json_path(w->crd, "status.acceptedNames");
	_cleanup_buf_ struct buf b = BUF_INIT(SHORT_NAMES_TEXT_MAX);
	yyjson_mut_val *list = json_get(wanted, "shortNames"), *x;
	size_t i, n, bad = 0;
	yyjson_mut_arr_foreach(list, i, n, x) {
		struct slice name = json_str(x);
		if (!taken(w, name, false) || lists(json_get(before, "shortNames"), name)) continue;
		buf_printf(&b, "%s\"%.*s\" is already in use", bad++ ? ", " : "", SLICE_FMT(name));
	}
	if (!bad) return keep(w, "shortNames", wanted);
	if (buf_err(&b)) return false;
	refuse(w, "ShortNamesConflict", arena_printf(w->a, bad > 1 ? "[%.*s]" : "%.*s", SLICE_FMT(buf_slice(&b))));
	return w->message && keep(w, "shortNames", before);
}

static bool take_names(struct naming *w) {
	return take_name(w, "plural", false, "PluralConflict") && take_name(w, "singular", false, "SingularConflict") && take_short_names(w) &&
	       take_name(w, "kind", true, "KindConflict") && take_name(w, "listKind", true, "ListKindConflict") &&
	       keep(w, "categories", json_path(w->crd, "spec.names"));
}

/* A definition is served from its names' acceptance on, and is established with the next write: whoever reads that it is
 * established finds its resource served (`settled`: the names it is served by lie in the store). */
static int establish(const struct naming *w, yyjson_mut_val *crd, bool settled, int64_t now_sec) {
	if (crd_condition_is_true(crd, "Established")) return 0;
	if (w->reason) return crd_condition_set(w->doc, crd, "Established", false, "NotAccepted", "not all names are accepted", now_sec);
	return crd_condition_set(w->doc, crd, "Established", settled, settled ? "InitialNamesAccepted" : "Installing",
				 "the initial names have been accepted", now_sec);
}

static int set_conditions(const struct naming *w, yyjson_mut_val *crd, bool changed, int64_t now_sec) {
	bool settled = !changed && crd_condition_is_true(crd, "NamesAccepted");
	int one = crd_condition_set(w->doc, crd, "NamesAccepted", !w->reason, w->reason ? w->reason : "NoConflicts", w->reason ? w->message : "no conflicts found", now_sec);
	int two = one < 0 ? one : establish(w, crd, settled, now_sec);
	return two < 0 ? two : one | two;
}

int crd_names_update(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *crd, yyjson_mut_val *const *others, size_t n, int64_t now_sec) {
	struct naming w = { .a = a, .doc = doc, .crd = crd, .others = others, .n = n, .accepted = yyjson_mut_obj(doc) };
	yyjson_mut_val *status = json_ensure_obj(doc, crd, "status");
	if (!w.accepted || !status || !take_names(&w)) return -ENOMEM;
	bool changed = !json_equal(w.accepted, json_get(status, "acceptedNames"));
	if (changed && !json_set(doc, status, "acceptedNames", w.accepted)) return -ENOMEM;
	int set = set_conditions(&w, crd, changed, now_sec);
	return set < 0 ? set : set || changed;
}
