/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/query.h"

#include <errno.h>

static int note(const char **ret_msg, const char *msg, int *first) {
	if (*first == 0) {
		*first = -EBADMSG;
		if (ret_msg) *ret_msg = msg;
	}
	return 0;
}

/* One "name=value". 0; the fault is noted in *first; -ENOMEM. */
static int add_param(struct arena *a, struct slice part, struct query *q, int *first, const char **ret_msg) {
	struct query_param p;
	const char *msg = NULL;
	if (part.n == 0) return 0;
	if (slice_chr(part, ';') >= 0) return note(ret_msg, "invalid semicolon separator in query", first);
	struct slice value = part, name = slice_cut(&value, '=');
	int r = percent_decode_query(a, name, &p.name, &msg);
	if (r == 0) r = percent_decode_query(a, value, &p.value, &msg);
	if (r == -EBADMSG) return note(ret_msg, msg, first);
	if (r == 0) q->v[q->n++] = p;
	return r;
}

int query_parse(struct arena *a, struct slice text, struct query *ret, const char **ret_msg) {
	size_t n = 1;
	int first = 0;
	for (size_t i = 0; i < text.n; i++) n += text.p[i] == '&';
	if (n > QUERY_PARAMS_MAX) return -E2BIG;
	struct query q = { arena_array(a, n, sizeof(*q.v)), 0 };
	if (!q.v) return -ENOMEM;
	for (struct slice rest = text; rest.p;) {
		int r = add_param(a, slice_cut(&rest, '&'), &q, &first, ret_msg);
		if (r < 0) return r;
	}
	*ret = q;
	return first;
}

bool query_next(const struct query *q, const char *name, size_t *it, struct slice *ret) {
	while (*it < q->n) {
		const struct query_param *p = &q->v[(*it)++];
		if (!slice_eqs(p->name, name)) continue;
		*ret = p->value;
		return true;
	}
	return false;
}

struct slice query_get(const struct query *q, const char *name) {
	size_t it = 0;
	struct slice v;
	return query_next(q, name, &it, &v) ? v : SLICE_NULL;
}

bool query_bool(const struct query *q, const char *name, bool dflt) {
	struct slice v = query_get(q, name);
	if (!v.p) return dflt;
	return !slice_ieq(v, SLICE_LIT("false")) && !slice_eqs(v, "0");
}

int query_add(struct buf *b, const char *name, struct slice value) {
	if (b->n) buf_putc(b, '&');
	percent_encode_query(b, slice_str(name));
	buf_putc(b, '=');
	return percent_encode_query(b, value);
}
