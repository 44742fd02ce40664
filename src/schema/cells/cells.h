/* SPDX-License-Identifier: Apache-2.0 */
/* What the cell functions of the kinds share. Writers append one JSON value and return 0 or b->err. */
#pragma once

#include "schema/calls.h"

/* Text of one cell. */
#define CELL_TEXT_MAX (256u * 1024u)
#define CELL_AGE_MAX 40

int cell_str(struct buf *b, struct slice s);
static inline int cell_cstr(struct buf *b, const char *s) { return cell_str(b, slice_str(s)); }
int cell_int(struct buf *b, int64_t v);
/* The contents of `text` as a string, `none` when it is empty. */
int cell_text(struct buf *b, const struct buf *text, const char *none);
/* The string at a path, or `none`. */
int cell_path(struct buf *b, const yyjson_mut_val *obj, const char *path, const char *none);

/* Seconds of a time at a path; false when there is none. */
bool cell_time(const yyjson_mut_val *obj, const char *path, int64_t *ret_sec);
/* Age as kubectl shows it ("5m", "<unknown>" without a time). */
void cell_age(const yyjson_mut_val *obj, const char *path, int64_t now_sec, char out[CELL_AGE_MAX]);
void cell_span(int64_t seconds, char out[CELL_AGE_MAX]);

/* The first condition of a type in `status.conditions` (or the list at another path). */
yyjson_mut_val *cell_condition(const yyjson_mut_val *obj, const char *path, const char *type);
bool cell_condition_true(const yyjson_mut_val *obj, const char *type);

/* Appends with `sep` between entries. */
void cell_join(struct buf *text, const char *sep, struct slice s);
/* As cell_join, but only the first three, and " + N more..." in the end (cell_join_more). */
#define CELL_JOIN_FIRST 3
void cell_join_more(struct buf *text, size_t n);
/* Appends ASCII lower case. */
void cell_lower(struct buf *text, struct slice s);
/* Sorted, unique strings joined by ",". */
#define CELL_SET_MAX 256
struct cell_set {
	struct slice v[CELL_SET_MAX];
	size_t n;
};
void cell_set_add(struct cell_set *s, struct slice v);
void cell_set_join(struct buf *text, const struct cell_set *s);
/* Addresses (else host names) of status.loadBalancer.ingress. */
void cell_ingress(struct cell_set *s, const yyjson_mut_val *obj);
/* Access modes, short, in their fixed order. */
void cell_access_modes(struct buf *text, const yyjson_mut_val *list);
/* A LabelSelector's text; false when it is malformed. *text stays empty for an empty or absent one. */
bool cell_selector(struct buf *text, const yyjson_mut_val *selector);
