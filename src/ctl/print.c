/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/print.h"
#include "codec/yaml.h"
#include "ctl/columns.h"
#include "ctl/dryrun.h"
#include "ctl/file.h"
#include "ctl/goprint.h"
#include "ctl/jq_print.h"
#include "ctl/jsonpath_print.h"
#include "ctl/tree.h"

const struct flag print_flags[] = {
	{ "output", FLAG_STRING, NULL, 'o', NULL, "json, yaml, name, jsonpath=..., jq=..., custom-columns=..., wide" },
	{ "template", FLAG_STRING, NULL, 0, NULL, "template, or its file, for -o jsonpath" },
	{ "show-managed-fields", FLAG_BOOL, NULL, 0, NULL, "keep metadata.managedFields in JSON and YAML" },
	{ "allow-missing-template-keys", FLAG_BOOL, "true", 0, NULL, "templates print nothing for fields that are not there" },
	{ 0 },
};

enum format { F_JSON, F_YAML, F_NAME, F_JSONPATH, F_JSONPATH_JSON, F_COLUMNS, F_JQ };

struct printer {
	enum format format;
	size_t printed; /* YAML documents so far */
	struct columns *columns;
	struct jsonpath_printer *jsonpath;
	struct jq *jq;
};

/* name, format, whether what follows '=' (or --template) is a file, and the printers that know it. */
static const struct { const char *name; enum format format; bool file, argument; unsigned only; } formats[] = {
	{ "custom-columns", F_COLUMNS, false, true, PRINTER_COLUMNS },
	{ "custom-columns-file", F_COLUMNS, true, true, PRINTER_COLUMNS },
	{ "jq", F_JQ, false, true, 0 },
	{ "json", F_JSON, false, false, 0 },
	{ "jsonpath", F_JSONPATH, false, true, 0 },
	{ "jsonpath-as-json", F_JSONPATH_JSON, false, true, 0 },
	{ "jsonpath-file", F_JSONPATH, true, true, 0 },
	{ "name", F_NAME, false, false, 0 },
	{ "yaml", F_YAML, false, false, 0 },
};

static int unknown(struct ctl *c, const char *output, unsigned allowed) {
	struct strings names = { 0 };
	for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
		if ((allowed & PRINTER_WIDE) && !strcmp(formats[i].name, "yaml")) strings_add(c, &names, "wide");
		/* kubectl has no such format, and its sentence is compared. */
		if (formats[i].format == F_JQ) continue;
		if (!formats[i].only || (formats[i].only & allowed)) strings_add(c, &names, formats[i].name);
	}
	return ctl_fail(c, "unable to match a printer suitable for the output format %s, allowed formats are: %s",
			ctl_quote(c, slice_str(output)), strings_join(c, &names, ","));
}

/* What stands behind '=', in --template, or in the file that one of them names. */
static int argument(struct ctl *c, enum format format, bool file, const char *text, const char **ret) {
	struct slice s;
	if (!*text && format == F_COLUMNS)
		return ctl_fail(c, "custom-columns format specified but no custom columns given");
	if (!*text) return ctl_fail(c, "template format specified but no template given");
	*ret = text;
	if (!file) return 0;
	int r = file_read(c, text, &s);
	if (r < 0) return ctl_fail(c, "error reading %s %s, open %s: %s", "--template", text, text, file_error(r));
	*ret = s.p;
	return 0;
}

static int prepare(struct ctl *c, struct printer *p, const char *text) {
	bool missing = flag_on(&c->flags, "allow-missing-template-keys");
	bool headers = !(flags_have(&c->flags, "no-headers") && flag_on(&c->flags, "no-headers"));
	switch (p->format) {
	case F_JSONPATH:
	case F_JSONPATH_JSON: return jsonpath_printer_new(c, text, missing, p->format == F_JSONPATH_JSON, &p->jsonpath);
	case F_JQ: return jq_printer_new(c, text, &p->jq);
	case F_COLUMNS: return columns_new(c, text, headers, &p->columns);
	default: return 0;
	}
}

int printer_new(struct ctl *c, unsigned allowed, struct printer **ret) {
	const char *output = flag_text(&c->flags, "output"), *text = flag_text(&c->flags, "template");
	struct slice rest = slice_str(output);
	const char *name = ctl_text(c, slice_cut(&rest, '='));
	*ret = NULL;
	if (!*output || (!strcmp(output, "wide") && (allowed & PRINTER_WIDE))) return 0;
	for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
		if (strcmp(formats[i].name, name) != 0 || (formats[i].only && !(formats[i].only & allowed))) continue;
		if (rest.p && !formats[i].argument) break;
		struct printer *p = ctl_array(c, 1, sizeof(*p));
		p->format = formats[i].format;
		if (rest.n) text = ctl_text(c, rest);
		if (formats[i].argument && argument(c, p->format, formats[i].file, text, &text)) return 1;
		if (prepare(c, p, text)) return 1;
		*ret = p;
		return 0;
	}
	return unknown(c, output, allowed);
}

bool printer_wants_objects(struct ctl *c) {
	const char *output = flag_text(&c->flags, "output");
	return *output && strcmp(output, "wide") != 0;
}

/* ---- printing ---- */

static bool is_list(const yyjson_mut_val *obj) {
	return slice_ends(json_path_str(obj, "kind"), SLICE_LIT("List")) && yyjson_mut_is_arr(json_get(obj, "items"));
}

static void drop_managed_fields(struct ctl *c, yyjson_mut_val *obj) {
	yyjson_mut_val *v;
	if (flag_on(&c->flags, "show-managed-fields")) return;
	(void)json_del(json_get(obj, "metadata"), "managedFields");
	if (is_list(obj)) json_each(json_get(obj, "items"), v) (void)json_del(json_get(v, "metadata"), "managedFields");
}

const char *object_slash_name(struct ctl *c, const yyjson_mut_val *obj) {
	const char *group, *version, *kind = ctl_lower(c, json_path_str(obj, "kind"));
	api_version_split(c, text_at(obj, "apiVersion"), &group, &version);
	return ctl_printf(c, "%s%s%s/%s", kind, *group ? "." : "", group, text_at(obj, "metadata.name"));
}

static void print_names(struct ctl *c, yyjson_mut_val *obj) {
	yyjson_mut_val *v;
	if (!is_list(obj)) ctl_out(c, "%s\n", object_slash_name(c, obj));
	else json_each(json_get(obj, "items"), v) ctl_out(c, "%s\n", object_slash_name(c, v));
}

static void print_text(struct ctl *c, struct printer *p, yyjson_mut_val *obj) {
	_cleanup_buf_ struct buf b = BUF_INIT(SINK_TEXT_MAX), shown = BUF_INIT(SINK_TEXT_MAX);
	drop_managed_fields(c, obj);
	tree_sort(c, obj);
	if (p->format == F_YAML) {
		if (p->printed++) (void)buf_puts(&b, "---\n");
		(void)yaml_write(&b, obj);
	} else {
		_cleanup_buf_ struct buf compact = BUF_INIT(SINK_TEXT_MAX);
		(void)json_write(&compact, obj);
		tree_indent(&b, buf_slice(&compact), 4);
		(void)buf_putc(&b, '\n');
		if (compact.err) b.err = compact.err;
	}
	if (isatty(c->out.fd)) escape_terminal(&shown, buf_slice(&b));
	if (b.err || shown.err) (void)ctl_must(NULL);
	sink_put(&c->out, buf_slice(isatty(c->out.fd) ? &shown : &b));
}

int printer_print(struct ctl *c, struct printer *p, yyjson_mut_val *obj) {
	switch (p->format) {
	case F_NAME: print_names(c, obj); return 0;
	case F_JSONPATH:
	case F_JSONPATH_JSON: return jsonpath_printer_print(c, p->jsonpath, obj);
	case F_JQ:
		drop_managed_fields(c, obj);
		return jq_printer_print(c, p->jq, obj);
	case F_COLUMNS: return columns_print(c, p->columns, obj);
	default: print_text(c, p, obj); return 0;
	}
}

void printer_finish(struct ctl *c, struct printer *p) {
	if (p && p->columns) columns_finish(c, p->columns);
}

int print_done(struct ctl *c, struct printer *p, yyjson_mut_val *obj, const char *operation) {
	static const char *const suffix[] = { [DRYRUN_NONE] = "", [DRYRUN_CLIENT] = " (dry run)", [DRYRUN_SERVER] = " (server dry run)" };
	if (p) return printer_print(c, p, obj);
	ctl_out(c, "%s%s%s%s\n", object_slash_name(c, obj), *operation ? " " : "", operation, suffix[dryrun_mode(c)]);
	return 0;
}
