/* SPDX-License-Identifier: Apache-2.0 */
#include "api/scale_table.h"

#include "schema/cells/cells.h"

/* ---- of a workload (kubernetes pkg/printers, Scale) ---- */

static const struct schema_column columns[] = {
	{ .name = "Name", .type = "string", .format = "name", .description = "Name of the object" },
	{ .name = "Desired", .type = "integer", .format = "", .description = "How many are wanted" },
	{ .name = "Available", .type = "integer", .format = "", .description = "How many there are" },
	{ .name = "Age", .type = "string", .format = "", .description = "Time since the object was created" },
};

static int cells(const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	char age[CELL_AGE_MAX];
	cell_age(obj, "metadata.creationTimestamp", now_sec, age);
	buf_putc(b, '[');
	cell_str(b, json_path_str(obj, "metadata.name"));
	buf_putc(b, ',');
	cell_int(b, json_path_int(obj, "spec.replicas", 0));
	buf_putc(b, ',');
	cell_int(b, json_path_int(obj, "status.replicas", 0));
	buf_putc(b, ',');
	cell_cstr(b, age);
	return buf_putc(b, ']');
}

const struct table_form scale_table = { columns, ELEMENTSOF(columns), cells };

/* ---- of a custom resource (apiserver's default convertor) ---- */

static const struct schema_column plain_columns[] = {
	{ .name = "Name", .type = "string", .format = "name", .description = "Name of the object" },
	{ .name = "Created At", .type = "date", .format = "", .description = "When the object was created" },
};

static int plain_cells(const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	buf_putc(b, '[');
	cell_str(b, json_path_str(obj, "metadata.name"));
	buf_putc(b, ',');
	cell_str(b, json_path_str(obj, "metadata.creationTimestamp"));
	return buf_putc(b, ']');
}

const struct table_form scale_table_custom = { plain_columns, ELEMENTSOF(plain_columns), plain_cells };
