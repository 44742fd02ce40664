/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies to typed trees, with the complaints of apiserver's decoders (handlers/create.go transformDecodeError). */
#include "api/request.h"

#include "api/convert.h"
#include "api/limits.h"
#include "api/names.h"
#include "codec/yaml.h"

#include <errno.h>

#define SUMMARY_BYTES 30u
#define SCHEME "pkg/api/legacyscheme/scheme.go:30"

/* What a body says it is, and what it has to be. */
struct body {
	struct request *r;
	const struct schema_type *type;
	const char *group, *version, *kind;    /* wanted */
	enum schema_field_mode mode;
	struct slice got_group, got_version, got_kind;
	const struct schema_type *got_type;
	yyjson_mut_doc *doc;
	const char *duplicates;                /* YAML's own complaint */
	bool custom;                           /* of a CustomResourceDefinition: any kind of its version is read */
};

static const char *summary(struct arena *a, struct slice body) {
	_cleanup_buf_ struct buf b = BUF_INIT(4 * SUMMARY_BYTES);
	if (slice_empty(body)) return "<empty>";
	struct slice head = slice_upto(body, SUMMARY_BYTES);
	for (size_t i = 0; body.p[0] != '{' && i < head.n; i++) buf_printf(&b, "%02x", (unsigned char)head.p[i]);
	if (body.p[0] == '{') buf_put_slice(&b, head);
	if (body.n > SUMMARY_BYTES) buf_puts(&b, " ...");
	const char *s = arena_strndup(a, b.p ? b.p : "", b.n);
	return s ? s : "";
}

static const struct status *unrecognized(struct body *b, const char *why) {
	return status_bad_request(b->r->a, "the object provided is unrecognized (must be of type %s): %s (%s)", b->kind, why, summary(b->r->a, b->r->body));
}

static const struct status *cannot_handle(struct body *b, const char *why) {
	return status_bad_request(b->r->a, "%.*s in version %s cannot be handled as a %s: %s", SLICE_FMT(b->got_kind),
				  status_quote(b->r->a, b->got_version), b->kind, why);
}

/* ---- kind and version ---- */

static const char *go_kind(const yyjson_mut_val *v) {
	switch (yyjson_mut_get_type((yyjson_mut_val *)(uintptr_t)v)) {
	case YYJSON_TYPE_BOOL: return "bool";
	case YYJSON_TYPE_NUM: return "number";
	case YYJSON_TYPE_STR: return "string";
	case YYJSON_TYPE_ARR: return "array";
	default: return "object";
	}
}

static const struct status *not_an_object(struct body *b, const yyjson_mut_val *root) {
	return unrecognized(b, arena_printf(b->r->a, "couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go value of type "
					    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }",
					    go_kind(root)));
}

static const struct status *take_version(struct body *b, struct slice text) {
	struct slice rest = text, first = slice_cut(&rest, '/');
	if (rest.p && slice_chr(rest, '/') >= 0)
		return unrecognized(b, arena_printf(b->r->a, "unexpected GroupVersion string: %.*s", SLICE_FMT(text)));
	b->got_group = rest.p ? first : SLICE_NULL;
	b->got_version = rest.p ? rest : first;
	return NULL;
}

/* Kind and apiVersion of the tree, completed by what the URL says. */
static const struct status *take_kind(struct body *b, const yyjson_mut_val *root) {
	static const char *const names[] = { "apiVersion", "kind" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		yyjson_mut_val *v = json_get(root, names[i]);
		if (v && !yyjson_mut_is_str(v) && !yyjson_mut_is_null(v))
			return unrecognized(b, arena_printf(b->r->a, "couldn't get version/kind; json parse error: json: cannot unmarshal %s into Go struct field .%s of type string",
							    go_kind(v), names[i]));
	}
	const struct status *st = take_version(b, json_str(json_get(root, "apiVersion")));
	if (st) return st;
	b->got_kind = json_str(json_get(root, "kind"));
	if (b->custom) return slice_empty(b->got_kind) ? unrecognized(b, arena_printf(b->r->a, "Object 'Kind' is missing in '%.*s'", SLICE_FMT(b->r->body))) : NULL;
	if (slice_empty(b->got_kind)) b->got_kind = slice_str(b->kind);
	if (slice_empty(b->got_version)) b->got_version = slice_str(b->version), b->got_group = slice_str(b->group);
	return NULL;
}

/* An older version that the eviction subresource goes on taking; nothing in it differs. */
static bool is_old_eviction(const struct body *b) {
	return !strcmp(b->kind, "Eviction") && slice_eqs(b->got_kind, b->kind) && slice_eqs(b->got_group, b->group) && slice_eqs(b->got_version, "v1beta1");
}

static const struct status *other_version(struct body *b) {
	return status_bad_request(b->r->a, "the API version in the data (%.*s%s%.*s) does not match the expected API version (%s)", SLICE_FMT(b->got_group),
				  b->got_group.n ? "/" : "", SLICE_FMT(b->got_version), api_version_of(b->r->a, b->group, b->version));
}

/* DeleteOptions are taken in any group's version, and nothing else is where they are expected. */
static bool is_options(const struct body *b) { return !strcmp(b->kind, "DeleteOptions"); }

/* Versions the server can still read, but serves no more. */
static const struct { const char *group, *version; } retired[] = { { "apiextensions.k8s.io", "v1beta1" } };

static bool is_retired(const struct body *b) {
	for (size_t i = 0; i < ELEMENTSOF(retired); i++)
		if (slice_eqs(b->got_kind, b->kind) && slice_eqs(b->got_group, b->group) && !strcmp(b->group, retired[i].group) &&
		    slice_eqs(b->got_version, retired[i].version))
			return true;
	return false;
}

static const struct status *find_type(struct body *b) {
	if ((is_options(b) && slice_eqs(b->got_kind, b->kind)) || is_old_eviction(b)) b->got_group = slice_str(b->group), b->got_version = slice_str(b->version);
	bool same = slice_eqs(b->got_kind, b->kind) && slice_eqs(b->got_group, b->group) && slice_eqs(b->got_version, b->version);
	if (is_retired(b)) return other_version(b);
	b->got_type = same || b->custom ? b->type : is_options(b) ? NULL : schema_type_of_kind(b->got_group, b->got_version, b->got_kind);
	if (same || b->got_type) return NULL;
	const char *gv = arena_printf(b->r->a, "%.*s%s%.*s", SLICE_FMT(b->got_group), b->got_group.n ? "/" : "", SLICE_FMT(b->got_version));
	return cannot_handle(b, arena_printf(b->r->a, "no kind %s is registered for version %s in scheme \"" SCHEME "\"",
					     status_quote(b->r->a, b->got_kind), status_quote(b->r->a, slice_str(gv))));
}

static const struct status *check_kind(struct body *b) {
	struct arena *a = b->r->a;
	if (!b->custom && !slice_eqs(b->got_kind, b->kind))
		return cannot_handle(b, arena_printf(a, "converting (%.*s.%.*s) to (%.*s.%s): unknown conversion", SLICE_FMT(b->got_version),
						     SLICE_FMT(b->got_kind), SLICE_FMT(name_go_package(b->group)), b->kind));
	if (slice_eqs(b->got_group, b->group) && slice_eqs(b->got_version, b->version)) return NULL;
	return other_version(b);
}

/* ---- what strict decoding noticed ---- */

static void put_issue(struct buf *out, bool *first, const char *text) {
	buf_printf(out, "%s%s", *first ? "" : ", ", text);
	*first = false;
}

static const struct status *strict(struct body *b, const struct schema_issues *is) {
	_cleanup_buf_ struct buf text = BUF_INIT(RESPONSE_BYTES_MAX);
	bool first = true;
	if (b->duplicates) put_issue(&text, &first, b->duplicates);
	for (size_t i = 0; b->custom && i < is->n_duplicate && !b->duplicates; i++) put_issue(&text, &first, is->duplicate[i]);
	for (size_t i = 0; i < is->n_unknown; i++) put_issue(&text, &first, is->unknown[i]);
	for (size_t i = 0; !b->custom && i < is->n_duplicate && !b->duplicates; i++) put_issue(&text, &first, is->duplicate[i]);
	if (first) return NULL;
	return cannot_handle(b, arena_printf(b->r->a, "strict decoding error: %.*s", SLICE_FMT(buf_slice(&text))));
}

static void warn_duplicates(struct body *b) {
	struct slice rest = slice_str(b->duplicates);
	(void)slice_cut(&rest, '\n');
	while (rest.n) request_warn(b->r, arena_slice_str(b->r->a, slice_trim(slice_cut(&rest, '\n'))));
}

static void warn(struct body *b, const struct schema_issues *is) {
	if (b->duplicates) warn_duplicates(b);
	for (size_t i = 0; b->custom && i < is->n_duplicate && !b->duplicates; i++) request_warn(b->r, is->duplicate[i]);
	for (size_t i = 0; i < is->n_unknown; i++) request_warn(b->r, is->unknown[i]);
	for (size_t i = 0; !b->custom && i < is->n_duplicate && !b->duplicates; i++) request_warn(b->r, is->duplicate[i]);
}

static const struct status *notice(struct body *b, const struct schema_issues *is) {
	if (b->mode == FIELDS_STRICT) return strict(b, is);
	if (b->mode == FIELDS_WARN) warn(b, is);
	return NULL;
}

/* ---- the three formats ---- */

static const struct status *parse_json(struct body *b) {
	struct json_error e;
	int err = b->custom ? json_parse(b->r->a, b->r->body, &b->doc, &e) : json_parse_fractions(b->r->a, b->r->body, &b->doc, &e);
	if (err == -EBADMSG) return unrecognized(b, arena_printf(b->r->a, "couldn't get version/kind; json parse error: %s", e.msg));
	return err ? status_no_memory() : NULL;
}

static const struct status *parse_yaml(struct body *b) {
	struct yaml_error e;
	int err = yaml_parse(b->r->a, b->r->body, 0, &b->doc, &e);
	if (err == -EBADMSG) return unrecognized(b, e.msg);
	if (!err && b->mode != FIELDS_IGNORE) err = yaml_duplicates(b->r->a, b->r->body, &b->duplicates);
	return err ? status_no_memory() : NULL;
}

static const struct status *decode_tree(struct body *b) {
	struct schema_issues issues = { 0 };
	const char *msg = NULL;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(b->doc);
	if (yyjson_mut_is_null(root)) yyjson_mut_doc_set_root(b->doc, root = yyjson_mut_obj(b->doc));
	if (!yyjson_mut_is_obj(root)) return not_an_object(b, root);
	const struct status *st = take_kind(b, root);
	if (!st) st = find_type(b);
	if (st) return st;
	int err = schema_decode_tree(b->got_type, b->r->a, b->doc, &issues, &msg);
	if (err) return err == -EBADMSG ? cannot_handle(b, msg) : status_no_memory();
	st = check_kind(b);
	/* An object of another kind is not pruned: its fault is its kind, and validation says so. */
	return st || !slice_eqs(b->got_kind, b->kind) ? st : notice(b, &issues);
}

static const struct status *decode_proto(struct body *b) {
	struct schema_envelope env;
	const char *msg = NULL;
	int err = schema_envelope_parse(b->r->body, &env, b->r->a, &msg);
	if (err) return err == -EBADMSG ? unrecognized(b, msg) : status_no_memory();
	const struct status *st = take_version(b, env.api_version);
	if (st) return st;
	b->got_kind = env.kind;
	if (slice_empty(b->got_kind)) b->got_kind = slice_str(b->kind);
	if (slice_empty(b->got_version)) b->got_version = slice_str(b->version), b->got_group = slice_str(b->group);
	st = find_type(b);
	if (st) return st;
	if (!b->got_type) return status_unsupported_body();
	err = schema_decode_proto(b->got_type, b->r->a, env.raw, &b->doc, &msg);
	if (err) return err == -EBADMSG ? cannot_handle(b, msg) : status_no_memory();
	return check_kind(b);
}

static const struct status *decode(struct body *b, enum media m) {
	if (m == MEDIA_PROTO) return decode_proto(b);
	const struct status *st = m == MEDIA_YAML ? parse_yaml(b) : parse_json(b);
	return st ? st : decode_tree(b);
}

const struct status *request_decode(struct request *r, const struct schema_type *type, const char *group, const char *version, const char *kind,
				    enum schema_field_mode mode, yyjson_mut_doc **ret_doc) {
	struct body b = { .r = r, .type = type, .group = group, .version = version, .kind = kind, .mode = mode,
			  .custom = r->res && r->res->is_custom && type == r->res->type };
	enum media m = negotiate_body(request_get_header(r, "content-type"));
	if (m == MEDIA_NONE) return status_unsupported_body();
	if (r->x->body_too_large) return status_too_large(r->a, "limit is 3145728");
	const struct status *st = decode(&b, m);
	if (st) return st;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(b.doc);
	const char *gv = api_version_of(r->a, group, version);
	struct slice as = b.custom ? b.got_kind : slice_str(kind);
	if (!gv || !json_set_str(b.doc, root, "kind", as) || !json_set_str(b.doc, root, "apiVersion", slice_str(gv))) return status_no_memory();
	*ret_doc = b.doc;
	return NULL;
}
