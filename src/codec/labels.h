/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label selectors: from a query string ("app in (a,b),tier!=x,!old") and from LabelSelector objects, with upstream's error
 * sentences (apimachinery/pkg/labels). A selector and its strings live in the arena it was made in and do not change.
 */
#pragma once

#include "codec/json.h"

enum labels_op {
	LABELS_IN,
	LABELS_NOT_IN,
	LABELS_EQUALS,
	LABELS_DOUBLE_EQUALS,
	LABELS_NOT_EQUALS,
	LABELS_EXISTS,
	LABELS_NOT_EXISTS,
	LABELS_GT,
	LABELS_LT
};

/* Requirements in one selector, values in one requirement. */
#define LABELS_REQUIREMENTS_MAX 10000u
#define LABELS_VALUES_MAX 100000u

struct labels_req {
	struct slice key;
	enum labels_op op;
	const struct slice *values; /* sorted for IN and NOT_IN */
	size_t n_values;
	int64_t number;             /* GT, LT */
};

struct labels_selector {
	const struct labels_req *reqs; /* sorted by key; n 0: matches everything */
	size_t n;
	bool nothing;                  /* matches no object (a nil LabelSelector) */
};

/* labels.Parse. 0; -EBADMSG with *ret_msg in the arena; -ENOMEM. */
int labels_parse(struct arena *a, struct slice text, struct labels_selector *ret, const char **ret_msg);
/* metav1.LabelSelectorAsSelector: NULL or JSON null selects nothing, {} everything. */
int labels_from_object(struct arena *a, const yyjson_mut_val *selector, struct labels_selector *ret, const char **ret_msg);
/* labels.SelectorFromSet: every member of a string map has to match (Service, ReplicationController). NULL: everything. */
int labels_from_map(struct arena *a, const yyjson_mut_val *map, struct labels_selector *ret);

/* How a selector asks an object for a label: true and *ret set when the label is there. */
typedef bool (*labels_lookup_fn)(const void *ctx, struct slice key, struct slice *ret);
bool labels_match_fn(const struct labels_selector *s, labels_lookup_fn lookup, const void *ctx);
/* Against a JSON map of labels (NULL: none). */
bool labels_match(const struct labels_selector *s, const yyjson_mut_val *labels);
/* The selector's text with requirements sorted by key ("a=b,c in (x,y),!d"). 0 or b->err. */
int labels_format(struct buf *b, const struct labels_selector *s);
/* True and *ret when the selector demands exactly this value for `key`. */
bool labels_exact(const struct labels_selector *s, struct slice key, struct slice *ret);

/* What is wrong with a label value or key (qualified name): NULL when nothing is, else upstream's sentence (several joined by ";
 * "), static or in the arena. Sources: apimachinery's validation.IsValidLabelValue, IsQualifiedName. */
const char *labels_check_value(struct slice value);
const char *labels_check_key(struct arena *a, struct slice key);
