/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tar.h"

#include <errno.h>
#include <stdio.h>

/* Offsets in a header (POSIX.1-2001, ustar interchange format). */
enum { AT_NAME = 0, AT_MODE = 100, AT_UID = 108, AT_GID = 116, AT_SIZE = 124, AT_MTIME = 136, AT_SUM = 148, AT_TYPE = 156, AT_LINK = 157,
       AT_MAGIC = 257, AT_PREFIX = 345 };
#define NAME_N 100u
#define PREFIX_N 155u
#define SIZE_OCTAL_MAX 077777777777ull

/* ---- reading ---- */

void tar_reader_init(struct tar_reader *r, const struct tar_handler *h, void *ctx) {
	*r = (struct tar_reader){ .h = h, .ctx = ctx, .text = BUF_INIT(TAR_EXTENDED_MAX) };
}

void tar_reader_done(struct tar_reader *r) { buf_done(&r->text); }
bool tar_complete(const struct tar_reader *r) { return r->over || (!r->have && !r->in_entry); }

static struct slice field(const char *block, size_t at, size_t n) { return slice_make(block + at, strnlen(block + at, n)); }

/* Octal digits, or GNU's base 256 with the first bit set. */
static int number(const char *block, size_t at, size_t n, uint64_t *ret) {
	const unsigned char *p = (const unsigned char *)block + at;
	uint64_t v = 0;
	if (p[0] & 0x80) {
		for (size_t i = 1; i < n; i++) {
			if (v >> 55) return -EBADMSG;
			v = v << 8 | p[i];
		}
		*ret = v;
		return 0;
	}
	for (size_t i = 0; i < n && p[i] && p[i] != ' '; i++) {
		if (p[i] < '0' || p[i] > '7') return -EBADMSG;
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	*ret = v;
	return 0;
}

static unsigned checksum(const char *block) {
	unsigned sum = 0;
	for (size_t i = 0; i < TAR_BLOCK; i++) sum += i >= AT_SUM && i < AT_SUM + 8 ? ' ' : (unsigned char)block[i];
	return sum;
}

static int set_text(char *to, struct slice s) {
	if (s.n > TAR_NAME_MAX || memchr(s.p, 0, s.n)) return s.n > TAR_NAME_MAX ? -ENAMETOOLONG : -EBADMSG;
	memcpy(to, s.p, s.n);
	to[s.n] = 0;
	return 0;
}

/* "LENGTH KEY=VALUE\n"... */
static int read_pax(struct tar_reader *r) {
	struct slice rest = buf_slice(&r->text);
	while (rest.n) {
		struct slice tail = rest, digits = slice_cut(&tail, ' ');
		int64_t n;
		if (!tail.p || slice_int(digits, 0, (int64_t)rest.n, &n) < 0 || (size_t)n < digits.n + 2) return -EBADMSG;
		struct slice value = slice_make(tail.p, (size_t)n - digits.n - 2), key;
		rest = slice_from(rest, (size_t)n);
		key = slice_cut(&value, '=');
		if (!value.p) return -EBADMSG;
		int e = 0;
		if (slice_eqs(key, "path")) e = set_text(r->name, value), r->has_name = true;
		else if (slice_eqs(key, "linkpath")) e = set_text(r->link, value), r->has_link = true;
		else if (slice_eqs(key, "size")) {
			e = slice_int(value, 0, INT64_MAX, &n) < 0 ? -EBADMSG : 0;
			r->size = (uint64_t)n;
			r->has_size = true;
		}
		if (e < 0) return e;
	}
	return 0;
}

static int end_special(struct tar_reader *r) {
	struct slice text = buf_slice(&r->text);
	char what = r->special;
	r->special = 0;
	r->in_entry = false;
	if (what == 'x') return read_pax(r);
	if (what == 'g') return 0;
	while (text.n && !text.p[text.n - 1]) text.n--;
	if (what == 'L') r->has_name = true;
	else r->has_link = true;
	return set_text(what == 'L' ? r->name : r->link, text);
}

static int end_entry(struct tar_reader *r) {
	if (r->special) return end_special(r);
	r->in_entry = false;
	r->has_name = r->has_link = r->has_size = false;
	return r->h->on_entry_end(r->ctx);
}

static enum tar_type type_of(char flag) {
	static const struct { char flag; enum tar_type type; } types[] = {
		{ 0, TAR_FILE }, { '0', TAR_FILE }, { '7', TAR_FILE }, { '1', TAR_HARDLINK }, { '2', TAR_SYMLINK }, { '5', TAR_DIR },
	};
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (types[i].flag == flag) return types[i].type;
	return TAR_OTHER;
}

static int header_names(struct tar_reader *r) {
	const char *b = r->block;
	struct slice name = field(b, AT_NAME, NAME_N), prefix = field(b, AT_PREFIX, PREFIX_N);
	bool posix = !memcmp(b + AT_MAGIC, "ustar\0" "00", 8);
	if (!r->has_name) {
		int n = posix && prefix.n ? snprintf(r->name, sizeof(r->name), "%.*s/%.*s", SLICE_FMT(prefix), SLICE_FMT(name)) :
					    snprintf(r->name, sizeof(r->name), "%.*s", SLICE_FMT(name));
		if (n < 0) return -EBADMSG;
	}
	return r->has_link ? 0 : set_text(r->link, field(b, AT_LINK, NAME_N));
}

static bool is_zero(const char *block) {
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (block[i]) return false;
	return true;
}

static int read_header(struct tar_reader *r) {
	uint64_t sum, mode, size;
	char flag = r->block[AT_TYPE];
	if (is_zero(r->block)) {
		r->over = true;
		return 0;
	}
	if (number(r->block, AT_SUM, 8, &sum) < 0 || sum != checksum(r->block) || number(r->block, AT_SIZE, 12, &size) < 0 ||
	    number(r->block, AT_MODE, 8, &mode) < 0)
		return -EBADMSG;
	r->special = flag && strchr("xgLK", flag) ? flag : 0;
	r->in_entry = true;
	if (r->special) {
		buf_clear(&r->text);
		if (size > TAR_EXTENDED_MAX) return -E2BIG;
	} else {
		enum tar_type type = type_of(flag);
		int e = header_names(r);
		if (e < 0) return e;
		if (r->has_size) size = r->size;
		if (type != TAR_FILE && type != TAR_OTHER) size = 0;
		e = r->h->on_entry(r->ctx, &(struct tar_entry){ type, r->name, r->link, size, (unsigned)mode & 07777 });
		if (e < 0) return e;
	}
	r->left = size;
	r->pad = tar_padding(size);
	return size ? 0 : end_entry(r);
}

static int take_data(struct tar_reader *r, struct slice *bytes) {
	struct slice part = slice_upto(*bytes, r->left < bytes->n ? (size_t)r->left : bytes->n);
	*bytes = slice_from(*bytes, part.n);
	r->left -= part.n;
	int e = r->special ? buf_put_slice(&r->text, part) : r->h->on_data(r->ctx, part);
	return e < 0 || r->left ? e : end_entry(r);
}

int tar_feed(struct tar_reader *r, struct slice bytes) {
	int e = 0;
	while (bytes.n && !r->over && e >= 0) {
		if (r->left) {
			e = take_data(r, &bytes);
			continue;
		}
		size_t want = r->pad ? (size_t)r->pad : TAR_BLOCK - r->have, n = want < bytes.n ? want : bytes.n;
		if (r->pad) {
			r->pad -= n;
		} else {
			memcpy(r->block + r->have, bytes.p, n);
			r->have += n;
		}
		bytes = slice_from(bytes, n);
		if (r->have == TAR_BLOCK) {
			r->have = 0;
			e = read_header(r);
		}
	}
	return e < 0 ? e : 0;
}

/* ---- writing ---- */

static void put_octal(char *block, size_t at, size_t n, uint64_t v) {
	char text[32];
	snprintf(text, sizeof(text), "%0*llo", (int)n - 1, (unsigned long long)v);
	memcpy(block + at, text, n - 1);
}

static int put_block(struct buf *b, const char *name, const char *link, char flag, unsigned mode, uint64_t size) {
	char block[TAR_BLOCK] = { 0 };
	memcpy(block + AT_NAME, name, strnlen(name, NAME_N));
	memcpy(block + AT_LINK, link, strnlen(link, NAME_N));
	put_octal(block, AT_MODE, 8, mode);
	put_octal(block, AT_UID, 8, 0);
	put_octal(block, AT_GID, 8, 0);
	put_octal(block, AT_SIZE, 12, size <= SIZE_OCTAL_MAX ? size : 0);
	put_octal(block, AT_MTIME, 12, 0);
	block[AT_TYPE] = flag;
	memcpy(block + AT_MAGIC, "ustar\0" "00", 8);
	put_octal(block, AT_SUM, 7, checksum(block));
	block[AT_SUM + 7] = ' ';
	return buf_put(b, block, sizeof(block));
}

/* A record's length counts its own digits. */
static void put_record(struct buf *b, const char *key, const char *value) {
	size_t body = strlen(key) + strlen(value) + 3, n = body, digits;
	do {
		digits = (size_t)snprintf(NULL, 0, "%zu", n);
		if (n == body + digits) break;
		n = body + digits;
	} while (true);
	(void)buf_printf(b, "%zu %s=%s\n", n, key, value);
}

static int put_pad(struct buf *b, size_t n) {
	static const char zeros[TAR_BLOCK * 2];
	return buf_put(b, zeros, n);
}

int tar_put_header(struct buf *b, const struct tar_entry *e) {
	static const char flags[] = { [TAR_FILE] = '0', [TAR_DIR] = '5', [TAR_SYMLINK] = '2', [TAR_HARDLINK] = '1', [TAR_OTHER] = '0' };
	_cleanup_buf_ struct buf pax = BUF_INIT(TAR_EXTENDED_MAX);
	char size[24];
	snprintf(size, sizeof(size), "%llu", (unsigned long long)e->size);
	if (strlen(e->name) > NAME_N) put_record(&pax, "path", e->name);
	if (strlen(e->link) > NAME_N) put_record(&pax, "linkpath", e->link);
	if (e->size > SIZE_OCTAL_MAX) put_record(&pax, "size", size);
	if (pax.err) return pax.err;
	if (pax.n) {
		(void)put_block(b, "pax", "", 'x', 0644, pax.n);
		(void)buf_put_slice(b, buf_slice(&pax));
		(void)put_pad(b, tar_padding(pax.n));
	}
	return put_block(b, e->name, e->link, flags[e->type], e->mode, e->size);
}

int tar_put_end(struct buf *b) { return put_pad(b, TAR_BLOCK * 2); }
