/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a URL: parsed as net/url's ParseQuery. Memory in the arena. */
#pragma once

#include "codec/percent.h"

#define QUERY_PARAMS_MAX 1000u

struct query_param {
	struct slice name, value;
};
struct query {
	struct query_param *v;
	size_t n;
};

/* Parses what follows '?'. Parameters that are wrong are left out, the first fault is told, as Go does.
 * 0; -EBADMSG: *ret is still filled with the good ones, *ret_msg is Go's text (`invalid URL escape "%zz"`, `invalid semicolon
 * separator in query`); -E2BIG; -ENOMEM. */
int query_parse(struct arena *a, struct slice text, struct query *ret, const char **ret_msg);
/* First value of a parameter: SLICE_NULL when absent; present but empty gives a non-NULL p. */
struct slice query_get(const struct query *q, const char *name);
/* Next value of a parameter at or after *it (start with 0); false at the end. */
bool query_next(const struct query *q, const char *name, size_t *it, struct slice *ret);
/* strconv.ParseBool as the API's query decoder uses it for boolean options: "" and everything but "false" and "0" (any case of
 * false) is true when present; absent is `dflt` (runtime.Convert_Slice_string_To_bool). */
bool query_bool(const struct query *q, const char *name, bool dflt);
/* Appends "name=value" with '&' before it when b holds something already. */
int query_add(struct buf *b, const char *name, struct slice value);
