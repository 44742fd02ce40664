/* SPDX-License-Identifier: Apache-2.0 */
#include "api/table.h"

#include "api/encode.h"
#include "codec/json.h"

#include <errno.h>

int table_include(struct slice text, enum table_object *ret) {
	static const struct { const char *name; enum table_object what; } names[] = {
		{ "", TABLE_METADATA }, { "Metadata", TABLE_METADATA }, { "None", TABLE_NONE }, { "Object", TABLE_OBJECT },
	};
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (!slice_eqs(text, names[i].name)) continue;
		*ret = names[i].what;
		return 0;
	}
	return -EINVAL;
}

void table_put_head(struct buf *b, const struct negotiated *n) {
	buf_printf(b, "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":", n->v1beta1 ? "v1beta1" : "v1");
}

static void put_string(struct buf *b, const char *name, const char *v) {
	buf_printf(b, "\"%s\":", name);
	json_write_string(b, slice_str(v ? v : ""));
}

void table_put_columns(struct buf *b, const struct schema_column *columns, size_t n) {
	buf_puts(b, "\"columnDefinitions\":[");
	for (size_t i = 0; i < n; i++) {
		const struct schema_column *c = &columns[i];
		buf_puts(b, i ? ",{" : "{");
		put_string(b, "name", c->name);
		buf_putc(b, ',');
		put_string(b, "type", c->type);
		buf_putc(b, ',');
		put_string(b, "format", c->format);
		buf_putc(b, ',');
		put_string(b, "description", c->description);
		buf_printf(b, ",\"priority\":%d}", c->priority);
	}
	buf_putc(b, ']');
}

int table_put_object(enum table_object what, const struct negotiated *n, struct slice json, struct buf *b) {
	buf_puts(b, ",\"object\":");
	if (what == TABLE_NONE) return buf_puts(b, "null}");
	if (what == TABLE_OBJECT) buf_put_slice(b, json);
	else encode_partial(n, json, b);
	return buf_putc(b, '}');
}

int table_put_row(struct arena *scratch, const struct schema_resource *res, enum table_object what, const struct negotiated *n, int64_t now_sec, struct slice json, struct buf *b) {
	yyjson_mut_doc *doc;
	struct json_error e;
	int err = json_parse(scratch, json, &doc, &e);
	if (err) return err;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	buf_puts(b, "{\"cells\":");
	err = schema_table_cells(res, root, now_sec, b);
	size_t before = b->n;
	buf_puts(b, ",\"conditions\":");
	size_t mark = b->n;
	if (!err) err = schema_table_conditions(res, root, b);
	if (b->n == mark) b->n = before;
	return err ? err : table_put_object(what, n, json, b);
}
