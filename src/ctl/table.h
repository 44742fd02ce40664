/* SPDX-License-Identifier: Apache-2.0 */
/* The server's Tables (meta.k8s.io/v1) as kubectl shows them: columns of priority 0 unless wide, label columns, kinds in front. */
#pragma once

#include "ctl/mapper.h"
#include "ctl/tabs.h"

#define TABLE_COLUMNS_MAX 128u
#define TABLE_ACCEPT "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

struct table {
	struct tabs tabs;
	const struct resource *r;   /* what the rows at hand are */
	bool wide, headers, show_labels, with_namespace, with_kind, event;
	const struct flag_value *label_columns; /* or NULL */
	struct strings columns;     /* names of the last header */
	bool shown[TABLE_COLUMNS_MAX];
	bool printed;               /* the header of this type has been written */
	bool gap;                   /* an empty line goes in front of what comes next */
	uint64_t rows;
};

void table_init(struct ctl *c, struct table *t);
/* Rows of another type follow. */
void table_begin(struct ctl *c, struct table *t, const struct resource *r, bool with_namespace, bool with_kind);
/* One Table, or an object or list (servers that make no Tables: names and ages). `event` (or NULL) stands in front of rows. */
void table_add(struct ctl *c, struct table *t, const yyjson_mut_val *root, const char *event);
/* Lays out what was added and prints it. */
void table_flush(struct ctl *c, struct table *t);
