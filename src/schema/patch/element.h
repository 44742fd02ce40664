/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a field's path as structured-merge-diff names it (FieldsV1 in the API reference): a member ("f:name"), an element
 * of a map list by its keys (`k:{"name":"x"}`), an element of a set (`v:"x"`), an element by its place ("i:0"). Values and names
 * are borrowed: they live as long as the trees they come from. Thread rule: pure.
 */
#pragma once

#include "codec/json.h"

/* Keys of one map list. */
#define ELEMENT_KEYS_MAX 8

enum element_kind { ELEMENT_FIELD, ELEMENT_KEY, ELEMENT_VALUE, ELEMENT_INDEX };

struct element_key { struct slice name; const yyjson_mut_val *value; };

struct element {
	uint8_t kind;
	uint8_t n_keys;
	union {
		struct slice name;              /* ELEMENT_FIELD */
		const struct element_key *keys; /* ELEMENT_KEY: sorted by name */
		const yyjson_mut_val *value;    /* ELEMENT_VALUE */
		int64_t index;                  /* ELEMENT_INDEX */
	};
};

/* The order of FieldsV1: members, keys, values, places. */
int element_cmp(const struct element *a, const struct element *b);
/* Sorts keys by name. */
void element_sort_keys(struct element_key *keys, size_t n);
/* Numbers before strings before booleans before lists before objects before null. */
int element_value_cmp(const yyjson_mut_val *a, const yyjson_mut_val *b);

/* Reads "f:...", "k:...", "v:...", "i:...". 0; -ENOENT: a sort of element unknown here, to be passed over; -EBADMSG; -ENOMEM.
 * `text` is borrowed. */
int element_parse(struct arena *a, struct slice text, struct element *ret);
/* Appends that text. 0 or b->err. */
int element_write(struct buf *b, const struct element *e);
/* Appends it as messages show a path: `.name`, `[name="x",port=80]`, `[="x"]`, `[0]`. 0 or b->err. */
int element_show(struct buf *b, const struct element *e);
