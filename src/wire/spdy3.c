/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/spdy3.h"
#include "base/list.h"
#include "wire/spdy3_dict.h"
#include "wire/wire_limits.h"

#include <ctype.h>
#include <errno.h>
#include <zlib.h>

enum { SYN_STREAM = 1, SYN_REPLY = 2, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, HEADERS = 8, WINDOW_UPDATE = 9 };
enum { FLAG_FIN = 1, FLAG_UNIDIRECTIONAL = 2 };

#define FRAME_HEADER 8u
#define CONTROL_BIT 0x80000000u
#define VERSION 3u
#define STREAM_ID_MAX 0x7fffffffu
/* The largest control frame: SYN_STREAM's ten bytes and a compressed header block. */
#define CONTROL_FRAME_MAX (SPDY_HEADER_BLOCK_MAX + 1024u)

struct spdy_stream {
	struct list node;
	struct spdy *s;
	uint32_t id;
	void *user;
	bool ours, replied, local_done, remote_done;
};

struct spdy {
	const struct spdy_handler *h;
	void *ctx;
	struct buf *out;
	bool server, peer_left, left, failed;
	struct list streams;
	size_t n_streams;
	uint32_t next_id, last_peer_id;
	z_stream inflate, deflate;
	bool has_inflate, has_deflate;
	unsigned char head[FRAME_HEADER];
	size_t head_n;
	struct buf frame;     /* a control frame under way */
	struct buf block;     /* headers, inflated or to be deflated */
	uint32_t data_left;   /* of a data frame */
	uint32_t data_id;
	bool in_data, data_fin;
};

static uint32_t get32(const void *p) {
	const unsigned char *b = p;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put32(struct buf *out, uint32_t v) {
	char b[4] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
	buf_put(out, b, 4);
}

static void put_head(struct buf *out, unsigned type, unsigned flags, size_t n) {
	put32(out, CONTROL_BIT | VERSION << 16 | type);
	put32(out, flags << 24 | (uint32_t)n);
}

/* ---- streams ---- */

void spdy_stream_set_user(struct spdy_stream *st, void *user) { st->user = user; }
void *spdy_stream_user(const struct spdy_stream *st) { return st->user; }
uint32_t spdy_stream_id(const struct spdy_stream *st) { return st->id; }
size_t spdy_streams(const struct spdy *s) { return s->n_streams; }

static struct spdy_stream *find(struct spdy *s, uint32_t id) {
	list_foreach(&s->streams, n) {
		struct spdy_stream *st = list_entry(n, struct spdy_stream, node);
		if (st->id == id) return st;
	}
	return NULL;
}

static struct spdy_stream *add(struct spdy *s, uint32_t id, bool ours) {
	struct spdy_stream *st = calloc(1, sizeof(*st));
	if (!st) return NULL;
	st->s = s;
	st->id = id;
	st->ours = ours;
	list_add_tail(&s->streams, &st->node);
	s->n_streams++;
	return st;
}

static void close_stream(struct spdy_stream *st, unsigned status) {
	struct spdy *s = st->s;
	list_del(&st->node);
	s->n_streams--;
	s->h->on_close(s->ctx, st, status);
	free(st);
}

static bool close_when_done(struct spdy_stream *st) {
	if (!st->local_done || !st->remote_done) return false;
	close_stream(st, 0);
	return true;
}

static void remote_fin(struct spdy_stream *st) {
	struct spdy *s = st->s;
	uint32_t id = st->id;
	if (st->remote_done) return;
	st->remote_done = true;
	s->h->on_fin(s->ctx, st);
	/* on_fin may have ended it. */
	st = find(s, id);
	if (st) close_when_done(st);
}

/* ---- header blocks ---- */

static int use_dictionary(z_stream *z, bool inflating) {
	unsigned char d[SPDY3_DICTIONARY_SIZE];
	spdy3_dictionary(d);
	return inflating ? inflateSetDictionary(z, d, sizeof(d)) : deflateSetDictionary(z, d, sizeof(d));
}

/* The stream of blocks is one zlib stream; each block ends with a sync flush. */
static int inflate_block(struct spdy *s, struct slice in) {
	z_stream *z = &s->inflate;
	buf_clear(&s->block);
	z->next_in = (unsigned char *)(uintptr_t)in.p;
	z->avail_in = (unsigned)in.n;
	for (;;) {
		unsigned char part[4096];
		z->next_out = part;
		z->avail_out = sizeof(part);
		int r = inflate(z, Z_SYNC_FLUSH);
		if (r == Z_NEED_DICT && use_dictionary(z, true) == Z_OK) continue;
		if (r != Z_OK && r != Z_BUF_ERROR) return -EPROTO;
		size_t n = sizeof(part) - z->avail_out;
		if (buf_put(&s->block, part, n) < 0) return buf_err(&s->block) == -E2BIG ? -EPROTO : -ENOMEM;
		if (z->avail_out) return z->avail_in ? -EPROTO : 0;
	}
}

static bool take_string(struct slice *rest, struct slice *ret) {
	if (rest->n < 4) return false;
	uint32_t n = get32(rest->p);
	if (n > rest->n - 4) return false;
	*ret = slice_make(rest->p + 4, n);
	*rest = slice_make(rest->p + 4 + n, rest->n - 4 - n);
	return true;
}

/* Values with NUL between them are several headers of one name. */
static int add_values(struct arena *a, struct http_headers *h, struct slice name, struct slice values) {
	for (size_t i = 0; i < name.n; i++)
		if (isupper((unsigned char)name.p[i])) return -EPROTO;
	do {
		if (h->n >= SPDY_HEADERS_MAX) return -EPROTO;
		int r = http_headers_add(a, h, name, slice_cut(&values, 0));
		if (r < 0) return r;
	} while (values.p);
	return 0;
}

static int parse_headers(struct spdy *s, struct slice block, struct arena *a, struct http_headers *h) {
	int r = inflate_block(s, block);
	if (r < 0) return r;
	struct slice rest = buf_slice(&s->block);
	if (rest.n == 0) return 0; /* spdystream sends no block at all for no headers */
	if (rest.n < 4) return -EPROTO;
	uint32_t n = get32(rest.p);
	rest = slice_make(rest.p + 4, rest.n - 4);
	for (uint32_t i = 0; i < n; i++) {
		struct slice name, values;
		if (!take_string(&rest, &name) || !take_string(&rest, &values) || name.n == 0) return -EPROTO;
		r = add_values(a, h, name, values);
		if (r < 0) return r;
	}
	return 0;
}

static int deflate_block(struct spdy *s, struct buf *out) {
	z_stream *z = &s->deflate;
	z->next_in = (unsigned char *)s->block.p;
	z->avail_in = (unsigned)s->block.n;
	do {
		unsigned char part[4096];
		z->next_out = part;
		z->avail_out = sizeof(part);
		int r = deflate(z, Z_SYNC_FLUSH);
		if (r != Z_OK && r != Z_BUF_ERROR) return -ENOMEM;
		buf_put(out, part, sizeof(part) - z->avail_out);
	} while (z->avail_out == 0);
	return buf_err(out);
}

static void put_string(struct buf *b, struct slice s, bool lower) {
	put32(b, (uint32_t)s.n);
	size_t from = b->n;
	buf_put_slice(b, s);
	for (size_t i = from; lower && i < b->n; i++) b->p[i] = (char)tolower((unsigned char)b->p[i]);
}

/* A frame of `fixed` bytes and a header block. */
static int put_with_headers(struct spdy *s, unsigned type, unsigned flags, struct slice fixed, const struct http_headers *h) {
	buf_clear(&s->block);
	put32(&s->block, h ? (uint32_t)h->n : 0);
	for (size_t i = 0; h && i < h->n; i++) {
		put_string(&s->block, h->v[i].name, true);
		put_string(&s->block, h->v[i].value, false);
	}
	if (buf_err(&s->block) < 0) return buf_err(&s->block);
	_cleanup_buf_ struct buf packed = BUF_INIT(2 * CONTROL_FRAME_MAX);
	int r = deflate_block(s, &packed);
	if (r < 0) return r;
	put_head(s->out, type, flags, fixed.n + packed.n);
	buf_put_slice(s->out, fixed);
	return buf_put_slice(s->out, buf_slice(&packed));
}

/* ---- frames in ---- */

static void put_reset(struct spdy *s, uint32_t id, unsigned status) {
	put_head(s->out, RST_STREAM, 0, 8);
	put32(s->out, id);
	put32(s->out, status);
}

static bool is_peers(const struct spdy *s, uint32_t id) { return (id & 1) == (s->server ? 1u : 0u); }

static int open_by_peer(struct spdy *s, uint32_t id, unsigned flags, const struct http_headers *h) {
	if (id == 0 || !is_peers(s, id) || id <= s->last_peer_id) return -EPROTO;
	s->last_peer_id = id;
	if (s->left || s->n_streams >= SPDY_STREAMS_MAX) {
		put_reset(s, id, SPDY_REFUSED_STREAM);
		return 0;
	}
	struct spdy_stream *st = add(s, id, false);
	if (!st) return -ENOMEM;
	st->remote_done = flags & FLAG_FIN;
	st->local_done = flags & FLAG_UNIDIRECTIONAL;
	s->h->on_open(s->ctx, st, h, st->remote_done);
	st = find(s, id); /* on_open may have refused it */
	if (st) close_when_done(st);
	return 0;
}

static int on_syn_stream(struct spdy *s, unsigned flags, struct slice p) {
	if (p.n < 10) return -EPROTO;
	_cleanup_arena_ struct arena *a = arena_new(4 * SPDY_HEADER_BLOCK_MAX);
	struct http_headers h = { 0 };
	if (!a) return -ENOMEM;
	int r = parse_headers(s, slice_make(p.p + 10, p.n - 10), a, &h);
	return r < 0 ? r : open_by_peer(s, get32(p.p) & STREAM_ID_MAX, flags, &h);
}

/* SYN_REPLY and HEADERS: the block has to be inflated even when nobody wants it, for the blocks behind it. */
static int on_headers(struct spdy *s, unsigned type, unsigned flags, struct slice p) {
	if (p.n < 4) return -EPROTO;
	_cleanup_arena_ struct arena *a = arena_new(4 * SPDY_HEADER_BLOCK_MAX);
	struct http_headers h = { 0 };
	if (!a) return -ENOMEM;
	int r = parse_headers(s, slice_make(p.p + 4, p.n - 4), a, &h);
	uint32_t id = get32(p.p) & STREAM_ID_MAX;
	struct spdy_stream *st = r < 0 ? NULL : find(s, id);
	if (!st) return r;
	if (type == SYN_REPLY && st->ours && !st->replied) {
		st->replied = true;
		s->h->on_reply(s->ctx, st, &h);
	}
	st = find(s, id);
	if (st && flags & FLAG_FIN) remote_fin(st);
	return 0;
}

static int on_rst_stream(struct spdy *s, unsigned flags, struct slice p) {
	if (p.n != 8) return -EPROTO;
	struct spdy_stream *st = find(s, get32(p.p) & STREAM_ID_MAX);
	uint32_t status = get32(p.p + 4);
	if (st) close_stream(st, status ? status : SPDY_CANCEL);
	return 0;
}

static int on_ping(struct spdy *s, unsigned flags, struct slice p) {
	if (p.n != 4) return -EPROTO;
	if (!is_peers(s, get32(p.p))) return 0; /* an answer */
	put_head(s->out, PING, 0, 4);
	return buf_put_slice(s->out, p);
}

static int on_goaway(struct spdy *s, unsigned flags, struct slice p) {
	if (p.n != 8) return -EPROTO;
	if (s->peer_left) return 0;
	s->peer_left = true;
	if (s->h->on_goaway) s->h->on_goaway(s->ctx);
	return 0;
}

static int on_ignored(struct spdy *s, unsigned flags, struct slice p) { return 0; }
static int on_syn_reply(struct spdy *s, unsigned flags, struct slice p) { return on_headers(s, SYN_REPLY, flags, p); }
static int on_more_headers(struct spdy *s, unsigned flags, struct slice p) { return on_headers(s, HEADERS, flags, p); }

static int (*const on_control[])(struct spdy *, unsigned, struct slice) = {
	[SYN_STREAM] = on_syn_stream, [SYN_REPLY] = on_syn_reply, [RST_STREAM] = on_rst_stream, [SETTINGS] = on_ignored,
	[PING] = on_ping, [GOAWAY] = on_goaway, [HEADERS] = on_more_headers, [WINDOW_UPDATE] = on_ignored,
};

static int control_complete(struct spdy *s) {
	unsigned type = get32(s->head) & 0xffff, flags = s->head[4];
	int r = 0;
	if (type < ELEMENTSOF(on_control) && on_control[type]) r = on_control[type](s, flags, buf_slice(&s->frame));
	s->head_n = 0;
	if (s->frame.cap > CONTROL_FRAME_MAX / 4) buf_done(&s->frame);
	else buf_clear(&s->frame);
	return r;
}

static int data_complete(struct spdy *s) {
	s->in_data = false;
	s->head_n = 0;
	struct spdy_stream *st = s->data_fin ? find(s, s->data_id) : NULL;
	if (st) remote_fin(st);
	return 0;
}

static uint32_t frame_size(const struct spdy *s) { return get32(s->head + 4) & 0xffffff; }
static bool is_control_frame(const struct spdy *s) { return s->head[0] & 0x80; }

static int head_complete(struct spdy *s) {
	uint32_t first = get32(s->head), n = frame_size(s);
	if (is_control_frame(s)) {
		if ((first >> 16 & 0x7fff) != VERSION || n > CONTROL_FRAME_MAX) return -EPROTO;
		return n ? 0 : control_complete(s);
	}
	s->in_data = true;
	s->data_id = first;
	s->data_left = n;
	s->data_fin = s->head[4] & FLAG_FIN;
	return n ? 0 : data_complete(s);
}

static int take_head(struct spdy *s, struct slice *bytes) {
	struct slice part = slice_upto(*bytes, FRAME_HEADER - s->head_n);
	memcpy(s->head + s->head_n, part.p, part.n);
	s->head_n += part.n;
	*bytes = slice_from(*bytes, part.n);
	return s->head_n == FRAME_HEADER ? head_complete(s) : 0;
}

static int take_data(struct spdy *s, struct slice *bytes) {
	struct slice part = slice_upto(*bytes, s->data_left);
	struct spdy_stream *st = find(s, s->data_id);
	s->data_left -= (uint32_t)part.n;
	*bytes = slice_from(*bytes, part.n);
	/* Data for a stream that is gone was under way when it went. */
	if (st && !st->remote_done) s->h->on_data(s->ctx, st, part);
	return s->data_left ? 0 : data_complete(s);
}

static int take_control(struct spdy *s, struct slice *bytes) {
	struct slice part = slice_upto(*bytes, frame_size(s) - s->frame.n);
	if (buf_put_slice(&s->frame, part) < 0) return buf_err(&s->frame);
	*bytes = slice_from(*bytes, part.n);
	return s->frame.n == frame_size(s) ? control_complete(s) : 0;
}

int spdy_feed(struct spdy *s, struct slice bytes) {
	int r = s->failed ? -EPROTO : 0;
	while (bytes.n && r >= 0) {
		if (s->in_data) r = take_data(s, &bytes);
		else if (s->head_n < FRAME_HEADER) r = take_head(s, &bytes);
		else r = take_control(s, &bytes);
		/* Answers (pings, resets) to a peer that does not read them must not pile up. */
		if (r >= 0 && buf_err(s->out) < 0) r = buf_err(s->out);
	}
	if (r < 0) s->failed = true;
	return r < 0 ? r : 0;
}

/* ---- frames out ---- */

int spdy_open(struct spdy *s, const struct http_headers *h, bool fin, void *user, struct spdy_stream **ret) {
	if (s->peer_left || s->next_id > STREAM_ID_MAX) return -EPIPE;
	if (s->n_streams >= SPDY_STREAMS_MAX || (h && h->n > SPDY_HEADERS_MAX)) return -E2BIG;
	struct spdy_stream *st = add(s, s->next_id, true);
	if (!st) return -ENOMEM;
	st->user = user;
	st->local_done = fin;
	uint32_t id = s->next_id;
	unsigned char fixed[10] = { (unsigned char)(id >> 24), (unsigned char)(id >> 16), (unsigned char)(id >> 8), (unsigned char)id };
	int r = put_with_headers(s, SYN_STREAM, fin ? FLAG_FIN : 0, slice_make(fixed, sizeof(fixed)), h);
	if (r < 0) {
		list_del(&st->node);
		s->n_streams--;
		free(st);
		return r;
	}
	s->next_id += 2;
	*ret = st;
	return 0;
}

int spdy_reply(struct spdy_stream *st, const struct http_headers *h) {
	uint32_t id = st->id;
	unsigned char fixed[4] = { (unsigned char)(id >> 24), (unsigned char)(id >> 16), (unsigned char)(id >> 8), (unsigned char)id };
	st->replied = true;
	return put_with_headers(st->s, SYN_REPLY, 0, slice_make(fixed, sizeof(fixed)), h);
}

int spdy_write(struct spdy_stream *st, struct slice bytes, bool fin) {
	struct buf *out = st->s->out;
	if (st->local_done) return -EPIPE;
	do {
		struct slice part = slice_upto(bytes, SPDY_DATA_FRAME_MAX);
		bytes = slice_from(bytes, part.n);
		bool last = fin && bytes.n == 0;
		if (part.n == 0 && !last) break;
		put32(out, st->id);
		put32(out, (last ? (uint32_t)FLAG_FIN << 24 : 0) | (uint32_t)part.n);
		buf_put_slice(out, part);
	} while (bytes.n);
	int r = buf_err(out);
	if (fin) {
		st->local_done = true;
		close_when_done(st);
	}
	return r;
}

void spdy_reset(struct spdy_stream *st, unsigned status) {
	put_reset(st->s, st->id, status);
	close_stream(st, status);
}

void spdy_goaway(struct spdy *s) {
	if (s->left) return;
	s->left = true;
	put_head(s->out, GOAWAY, 0, 8);
	put32(s->out, s->last_peer_id);
	put32(s->out, 0);
}

/* ---- beginning and end ---- */

int spdy_new(bool server, const struct spdy_handler *h, void *ctx, struct buf *out, struct spdy **ret) {
	struct spdy *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	s->server = server;
	s->h = h;
	s->ctx = ctx;
	s->out = out;
	s->next_id = server ? 2 : 1;
	list_init(&s->streams);
	s->frame = BUF_INIT(CONTROL_FRAME_MAX);
	s->block = BUF_INIT(SPDY_HEADER_BLOCK_MAX);
	s->has_inflate = inflateInit(&s->inflate) == Z_OK;
	s->has_deflate = deflateInit(&s->deflate, Z_BEST_SPEED) == Z_OK;
	if (!s->has_inflate || !s->has_deflate || use_dictionary(&s->deflate, false) != Z_OK) {
		spdy_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

struct spdy *spdy_free(struct spdy *s) {
	if (!s) return NULL;
	while (!list_empty(&s->streams)) close_stream(list_entry(s->streams.next, struct spdy_stream, node), SPDY_CANCEL);
	if (s->has_inflate) inflateEnd(&s->inflate);
	if (s->has_deflate) deflateEnd(&s->deflate);
	buf_done(&s->frame);
	buf_done(&s->block);
	free(s);
	return NULL;
}
