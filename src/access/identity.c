/* SPDX-License-Identifier: Apache-2.0 */
#include "access/identity.h"

#include "access/limits.h"
#include "access/user.h"

#include <errno.h>

static void put_text(struct buf *b, struct slice s) {
	uint32_t n = (uint32_t)s.n;
	buf_put(b, &n, sizeof(n));
	buf_put_slice(b, s);
}

static void put_count(struct buf *b, size_t n) {
	uint32_t count = (uint32_t)n;
	buf_put(b, &count, sizeof(count));
}

struct blob *identity_pack(const struct access_user *u, int64_t until) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * CERT_BYTES_MAX);
	buf_put(&b, &until, sizeof(until));
	put_text(&b, u->name);
	put_text(&b, u->uid);
	put_count(&b, u->n_groups);
	for (size_t i = 0; i < u->n_groups; i++) put_text(&b, u->groups[i]);
	put_count(&b, u->n_extra);
	for (size_t i = 0; i < u->n_extra; i++) {
		put_text(&b, u->extra[i].key);
		put_text(&b, u->extra[i].values[0]); /* certificates give one value each */
	}
	return buf_err(&b) ? NULL : blob_new(b.p, b.n);
}

static uint32_t take_count(struct slice *s) {
	uint32_t n;
	memcpy(&n, s->p, sizeof(n));
	*s = slice_make(s->p + sizeof(n), s->n - sizeof(n));
	return n;
}

static struct slice take_text(struct slice *s) {
	uint32_t n = take_count(s);
	struct slice text = slice_make(s->p, n);
	*s = slice_make(s->p + n, s->n - n);
	return text;
}

int identity_unpack(struct arena *a, struct blob *blob, struct access_user **ret, int64_t *ret_until) {
	struct slice s = blob_slice(blob);
	struct user_builder b;
	if (arena_defer(a, blob_unref_void, blob) < 0) return -ENOMEM;
	memcpy(ret_until, s.p, sizeof(*ret_until));
	s = slice_make(s.p + sizeof(*ret_until), s.n - sizeof(*ret_until));
	struct slice name = take_text(&s), uid = take_text(&s);
	user_builder_init(&b, a, name, uid);
	for (uint32_t n = take_count(&s); n > 0; n--) user_add_group(&b, take_text(&s));
	for (uint32_t n = take_count(&s); n > 0; n--) {
		struct slice key = take_text(&s), value = take_text(&s);
		user_add_extra(&b, key, value);
	}
	return user_build(&b, ret);
}
