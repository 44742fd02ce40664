/* SPDX-License-Identifier: Apache-2.0 */
/* What kubectl does to objects before it shows or compares them; iterative, whatever the depth. */
#pragma once

#include "ctl/ctl.h"

/* Members of every object sorted by name (as Go prints maps), duplicates dropped. */
void tree_sort(struct ctl *c, yyjson_mut_val *root);
/* Takes away members whose value is null. */
void tree_drop_nulls(struct ctl *c, yyjson_mut_val *root);
/* Compact JSON text re-indented as json.MarshalIndent(v, "", indent). */
void tree_indent(struct buf *b, struct slice compact, size_t indent);
/* Deep copy into a document of the run's arena. */
yyjson_mut_doc *tree_copy(struct ctl *c, const yyjson_mut_val *root);
yyjson_mut_doc *tree_new(struct ctl *c); /* root: {} */
/* Compact JSON. */
struct slice tree_text(struct ctl *c, const yyjson_mut_val *v);
/* A string at a path, NUL-terminated, "" when absent. */
const char *tree_str(struct ctl *c, const yyjson_mut_val *v, const char *path);
/* The same as tree_str when it is a string of the document itself (json_parse keeps them NUL-terminated). */
const char *text_of(const yyjson_mut_val *v);
const char *text_at(const yyjson_mut_val *v, const char *path);
/* Sets strings, making objects on the way: tree_put(c, doc, "metadata.name", "x"). */
void tree_put(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path, const char *value);
yyjson_mut_val *tree_obj(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path);
/* A list at a path, made when absent. */
yyjson_mut_val *tree_list(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path);
yyjson_mut_val *tree_string(struct ctl *c, yyjson_mut_doc *doc, const char *text);
void tree_append(struct ctl *c, yyjson_mut_val *list, yyjson_mut_val *v);
void tree_set(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, yyjson_mut_val *v);
/* Text to tree; 0, or -EBADMSG with Go's sentence in *ret_msg. */
int tree_parse(struct ctl *c, struct slice text, yyjson_mut_doc **ret, const char **ret_msg);
int tree_parse_yaml(struct ctl *c, struct slice text, yyjson_mut_doc **ret, const char **ret_msg);
