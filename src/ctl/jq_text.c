/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"
#include "ctl/jq_call.h"

#include <errno.h>

#define FUNCTION(name_) static int name_(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out)
#define TEXT_MAX ((size_t)256 * 1024 * 1024)

size_t jq_runes(struct slice s) {
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* A buffer's contents as a value. */
static int put_buf(struct jq_run *r, struct jq_vals *out, struct buf *b) {
	int e = b->err ? b->err : jq_out(r, out, jq_text(r, buf_slice(b)));
	buf_done(b);
	return e;
}

static int argument(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, const char *who, struct slice *ret) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	if (e < 0) return e;
	if (!a.n || !yyjson_mut_is_str(a.v[0])) return jq_fault(r, "%s input must be a string", who);
	*ret = json_str(a.v[0]);
	return 0;
}

static int both(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, const char *who, struct slice *ret) {
	return yyjson_mut_is_str(in) ? argument(r, n, in, who, ret) : jq_fault(r, "%s input must be a string", who);
}

FUNCTION(f_tostring) {
	struct slice s;
	int e = jq_tostring(r, in, &s);
	return e < 0 ? e : jq_out(r, out, jq_text(r, s));
}

FUNCTION(f_tojson) {
	struct buf b = BUF_INIT(TEXT_MAX);
	(void)json_write(&b, in);
	return put_buf(r, out, &b);
}

static int parse(struct jq_run *r, struct slice s, struct jq_vals *out) {
	yyjson_mut_doc *doc;
	struct json_error err;
	int e = json_parse(r->a, s, &doc, &err);
	return e == -EBADMSG ? jq_fault(r, "%s", err.msg) : e < 0 ? e : jq_out(r, out, doc->root);
}

FUNCTION(f_fromjson) { return yyjson_mut_is_str(in) ? parse(r, json_str(in), out) : jq_fault(r, "%s cannot be parsed as JSON", jq_type(in)); }

FUNCTION(f_tonumber) {
	struct jq_vals one = { 0 };
	if (yyjson_mut_is_num(in)) return jq_out(r, out, in);
	int e = yyjson_mut_is_str(in) ? parse(r, json_str(in), &one) : -EBADMSG;
	if (e == -EBADMSG || (e == 0 && !yyjson_mut_is_num(one.v[0]))) return jq_fault(r, "%s cannot be parsed as a number", jq_type(in));
	return e < 0 ? e : jq_out(r, out, one.v[0]);
}

FUNCTION(f_startswith) {
	struct slice s;
	int e = both(r, n, in, "startswith()", &s);
	return e < 0 ? e : jq_out(r, out, yyjson_mut_bool(r->doc, slice_starts(json_str(in), s)));
}
FUNCTION(f_endswith) {
	struct slice s;
	int e = both(r, n, in, "endswith()", &s);
	return e < 0 ? e : jq_out(r, out, yyjson_mut_bool(r->doc, slice_ends(json_str(in), s)));
}

FUNCTION(f_contains) {
	struct slice s;
	int e = both(r, n, in, "contains()", &s);
	return e < 0 ? e : jq_out(r, out, yyjson_mut_bool(r->doc, !s.n || memmem(json_str(in).p, json_str(in).n, s.p, s.n) != NULL));
}

static int cut_start(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out, bool end) {
	struct slice s, t = json_str(in);
	if (!yyjson_mut_is_str(in)) return jq_out(r, out, in);
	int e = argument(r, n, in, end ? "rtrimstr()" : "ltrimstr()", &s);
	if (e < 0) return e;
	if (end ? slice_ends(t, s) : slice_starts(t, s)) t = end ? slice_upto(t, t.n - s.n) : slice_from(t, s.n);
	return jq_out(r, out, jq_text(r, t));
}
FUNCTION(f_ltrimstr) { return cut_start(r, n, in, out, false); }
FUNCTION(f_rtrimstr) { return cut_start(r, n, in, out, true); }

FUNCTION(f_split) {
	struct slice by, rest = json_str(in);
	struct jq_vals parts = { 0 };
	int e = both(r, n, in, "split", &by);
	while (e == 0 && rest.n) {
		const char *at = by.n ? memmem(rest.p, rest.n, by.p, by.n) : NULL;
		size_t len = 1;
		/* Without a separator: characters. */
		while (!by.n && len < rest.n && ((unsigned char)rest.p[len] & 0xc0) == 0x80) len++;
		if (by.n) len = at ? (size_t)(at - rest.p) : rest.n;
		e = jq_out(r, &parts, jq_text(r, slice_upto(rest, len)));
		if (e == 0 && at && len + by.n == rest.n) e = jq_out(r, &parts, jq_text(r, SLICE_LIT("")));
		rest = slice_from(rest, at ? len + by.n : len);
	}
	return e ? e : jq_out(r, out, jq_array(r, parts.v, parts.n));
}

FUNCTION(f_join) {
	struct slice by, s;
	struct buf b = BUF_INIT(TEXT_MAX);
	yyjson_mut_val *v;
	size_t i, max;
	if (!yyjson_mut_is_arr(in)) return jq_fault(r, "Cannot iterate over %s", jq_type(in));
	int e = argument(r, n, in, "join", &by);
	yyjson_mut_arr_foreach(in, i, max, v) {
		if (e == 0 && yyjson_mut_is_ctn(v)) e = jq_fault(r, "string and %s cannot be added", jq_type(v));
		if (e == 0 && i) (void)buf_put_slice(&b, by);
		if (e == 0 && !yyjson_mut_is_null(v)) e = jq_tostring(r, v, &s);
		if (e == 0 && !yyjson_mut_is_null(v)) (void)buf_put_slice(&b, s);
	}
	if (e == 0) return put_buf(r, out, &b);
	buf_done(&b);
	return e;
}

static int change_case(struct jq_run *r, yyjson_mut_val *in, struct jq_vals *out, char from, char to, const char *who) {
	struct buf b = BUF_INIT(TEXT_MAX);
	struct slice s = json_str(in);
	if (!yyjson_mut_is_str(in)) return jq_fault(r, "%s input must be a string", who);
	for (size_t i = 0; i < s.n; i++) (void)buf_putc(&b, s.p[i] >= from && s.p[i] <= from + 25 ? (char)(s.p[i] - from + to) : s.p[i]);
	return put_buf(r, out, &b);
}
FUNCTION(f_ascii_downcase) { return change_case(r, in, out, 'A', 'a', "ascii_downcase"); }
FUNCTION(f_ascii_upcase) { return change_case(r, in, out, 'a', 'A', "ascii_upcase"); }

/* ---- formats ---- */

FUNCTION(f_base64) {
	struct buf b = BUF_INIT(TEXT_MAX);
	struct slice s;
	int e = jq_tostring(r, in, &s);
	if (e < 0) return e;
	(void)base64_encode(&b, BASE64_STD, s);
	return put_buf(r, out, &b);
}

FUNCTION(f_base64d) {
	struct slice s, bytes;
	int e = jq_tostring(r, in, &s);
	if (e < 0) return e;
	while (s.n && s.p[s.n - 1] == '=') s.n--;
	e = base64_decode_new(r->a, BASE64_RAW_STD, s, &bytes);
	return e == -EBADMSG ? jq_fault(r, "%s is not valid base64 data", jq_type(in)) : e < 0 ? e : jq_out(r, out, jq_text(r, bytes));
}

FUNCTION(f_tsv) {
	static const struct { char ch; const char *text; } escapes[] = { { '\t', "\\t" }, { '\n', "\\n" }, { '\r', "\\r" }, { '\\', "\\\\" } };
	struct buf b = BUF_INIT(TEXT_MAX);
	struct slice s;
	yyjson_mut_val *v;
	size_t i, max;
	int e = yyjson_mut_is_arr(in) ? 0 : jq_fault(r, "%s cannot be tsv-formatted, only an array can be", jq_type(in));
	yyjson_mut_arr_foreach(in, i, max, v) {
		if (e == 0 && yyjson_mut_is_ctn(v)) e = jq_fault(r, "%s is not valid in a tsv row", jq_type(v));
		if (e == 0) e = jq_tostring(r, v, &s);
		if (e < 0) break;
		if (i) (void)buf_putc(&b, '\t');
		for (size_t k = 0; k < s.n && !yyjson_mut_is_null(v); k++) {
			const char *text = NULL;
			for (size_t m = 0; m < ELEMENTSOF(escapes); m++)
				if (escapes[m].ch == s.p[k]) text = escapes[m].text;
			if (text) (void)buf_puts(&b, text);
			else (void)buf_putc(&b, s.p[k]);
		}
	}
	if (e == 0) return put_buf(r, out, &b);
	buf_done(&b);
	return e;
}

const struct jq_function jq_text_functions[] = {
	{ "@base64", 0, f_base64 }, { "@base64d", 0, f_base64d }, { "@json", 0, f_tojson }, { "@text", 0, f_tostring }, { "@tsv", 0, f_tsv },
	{ "ascii_downcase", 0, f_ascii_downcase }, { "ascii_upcase", 0, f_ascii_upcase }, { "contains", 1, f_contains }, { "endswith", 1, f_endswith },
	{ "fromjson", 0, f_fromjson }, { "join", 1, f_join }, { "ltrimstr", 1, f_ltrimstr }, { "rtrimstr", 1, f_rtrimstr }, { "split", 1, f_split },
	{ "startswith", 1, f_startswith }, { "tojson", 0, f_tojson }, { "tonumber", 0, f_tonumber }, { "tostring", 0, f_tostring },
};
const size_t jq_text_functions_n = ELEMENTSOF(jq_text_functions);
