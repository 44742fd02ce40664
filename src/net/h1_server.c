/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 on an accepted connection: one exchange at a time, the next request waits in `waiting`. */
#include "net/net_limits.h"
#include "net/server_exchange.h"
#include "net/stream.h"
#include "wire/http1.h"

#include <errno.h>

struct h1_exchange;

struct h1_server {
	struct server_conn *sc;
	struct conn *conn;
	struct http1_parser *parser;
	struct h1_exchange *cur; /* from its first byte to the end of its answer */
	struct buf waiting;
	bool running;   /* inside run(): freeing waits */
	bool last;      /* close after this exchange */
	bool closing;   /* conn_close was called: input is dropped */
	bool upgraded;  /* the connection belongs to a stream now */
	bool gone;
};

struct h1_exchange {
	struct server_exchange e; /* first */
	struct h1_server *h; /* NULL when the connection is gone */
	bool complete; /* the whole request has arrived */
	bool has_head, keep_alive, chunked, pumping, send_continue;
	enum http_version version;
};

static struct h1_exchange *of(struct exchange *x) { return (struct h1_exchange *)x; }
static void run(struct h1_server *h, struct slice bytes);

static void h1_free(struct h1_server *h) {
	http1_free(h->parser);
	buf_done(&h->waiting);
	free(h);
}

static void close_after_flush(struct h1_server *h) {
	h->closing = true;
	conn_close(h->conn);
}

/* ---- the answer ---- */

static void put_head(struct h1_exchange *x, struct buf *out, int status, const struct http_headers *h, int64_t length) {
	http1_put_response(out, status, h);
	http1_put_header(out, SLICE_LIT("date"), server_date(x->e.sl));
	bool bodyless = status / 100 == 1 || status == 204 || status == 304;
	if (length >= 0 && !bodyless) http1_put_header_u64(out, "Content-Length", (uint64_t)length);
	x->chunked = length < 0 && !bodyless && x->version == HTTP_11;
	if (x->chunked) http1_put_header(out, SLICE_LIT("transfer-encoding"), SLICE_LIT("chunked"));
	if (length < 0 && !x->chunked && !bodyless) x->keep_alive = false;
	if (x->h->last || !x->complete) x->keep_alive = false;
	if (!x->keep_alive) http1_put_header(out, SLICE_LIT("connection"), SLICE_LIT("close"));
	else if (x->version == HTTP_10) http1_put_header(out, SLICE_LIT("connection"), SLICE_LIT("keep-alive"));
	buf_puts(out, "\r\n");
	x->e.head_only |= bodyless;
}

/* The answer is queued: on to the next request, or close. */
static void finish(struct h1_exchange *x) {
	struct h1_server *h = x->h;
	bool keep = x->keep_alive && !h->last;
	h->cur = NULL;
	server_exchange_end(&x->e);
	if (!keep) {
		close_after_flush(h);
		return;
	}
	conn_deadline(h->conn, server_options(h->sc->sl)->idle_ms);
	if (h->running) return; /* run() goes on by itself */
	_cleanup_buf_ struct buf b = h->waiting;
	h->waiting = BUF_INIT(b.max);
	conn_unpause(h->conn);
	if (b.n) run(h, buf_slice(&b));
}

static void break_off(struct h1_exchange *x) {
	struct h1_server *h = x->h;
	h->cur = NULL;
	h->closing = true;
	server_exchange_abort(&x->e);
	conn_abort(h->conn);
}

/* Room before a source's bytes for "<hex>\r\n". */
#define CHUNK_HEAD 10u

static int write_chunk(struct h1_exchange *x, struct buf *b, int r) {
	size_t n = b->n - CHUNK_HEAD;
	char line[2 * sizeof(n) + 3];
	struct buf size = { .p = line, .cap = sizeof(line), .max = sizeof(line) };
	http1_put_chunk_size(&size, n);
	if (n) buf_put_slice(b, HTTP1_CHUNK_END);
	if (r == PULL_END) buf_put_slice(b, HTTP1_LAST_CHUNK);
	if (buf_err(b) < 0) return buf_err(b);
	size_t from = CHUNK_HEAD;
	if (n) {
		from -= size.n;
		memcpy(b->p + from, line, size.n);
	}
	return conn_write(x->h->conn, slice_from(buf_slice(b), from));
}

static int write_next(struct h1_exchange *x) {
	struct buf *b = conn_scratch_out(conn_scratch_of(x->h->conn));
	struct slice bytes;
	if (x->chunked) buf_puts(b, "          ");
	int r = answer_next(&x->e.answer, b, TLS_RECORD_MAX - CHUNK_HEAD - 8, &bytes);
	if (r < 0) return r;
	int w = x->chunked ? write_chunk(x, b, r) : conn_write(x->h->conn, bytes);
	return w < 0 ? w : r;
}

static void pump(struct h1_exchange *x) {
	if (x->pumping || !x->h) return;
	struct conn *c = x->h->conn;
	int r = PULL_MORE;
	x->pumping = true;
	conn_cork(c);
	while (r == PULL_MORE && !conn_full(c)) r = write_next(x);
	x->pumping = false;
	if (r == PULL_END) finish(x);
	else if (r < 0) break_off(x);
	conn_uncork(c);
}

/* Small parts travel in the head's record. */
static size_t put_small_parts(struct answer *a, struct buf *out) {
	size_t n = 0;
	while (a->part < a->n_parts && out->n + a->parts[a->part].bytes.n <= TLS_RECORD_MAX) {
		buf_put_slice(out, a->parts[a->part].bytes);
		blob_unref(a->parts[a->part++].blob);
		n++;
	}
	return n;
}

static void respond(struct exchange *ex, int status, const struct http_headers *h, const struct body_part *parts, size_t n) {
	struct h1_exchange *x = of(ex);
	uint64_t length = body_parts_size(parts, n);
	if (!server_exchange_answer_parts(&x->e, parts, n)) return;
	bool short_of_memory = n && !x->e.answer.parts;
	struct conn *c = x->h->conn;
	struct buf *out = conn_scratch_out(conn_scratch_of(c));
	put_head(x, out, status, h, (int64_t)length);
	if (!x->e.head_only) put_small_parts(&x->e.answer, out);
	conn_cork(c);
	if (short_of_memory || buf_err(out) < 0 || conn_write(c, buf_slice(out)) < 0) break_off(x);
	else if (x->e.head_only || x->e.answer.part == x->e.answer.n_parts) finish(x);
	else pump(x);
	conn_uncork(c);
}

static void respond_source(struct exchange *ex, int status, const struct http_headers *h, int64_t length, struct body_source body) {
	struct h1_exchange *x = of(ex);
	if (!server_exchange_answer_source(&x->e, body, length)) return;
	struct conn *c = x->h->conn;
	struct buf *out = conn_scratch_out(conn_scratch_of(c));
	put_head(x, out, status, h, length);
	conn_cork(c);
	if (buf_err(out) < 0 || conn_write(c, buf_slice(out)) < 0) break_off(x);
	else if (x->e.head_only) finish(x);
	else pump(x);
	conn_uncork(c);
}

static void resume(struct exchange *ex) {
	struct h1_exchange *x = of(ex);
	if (x->e.answer.pulling) x->e.answer.resumed = true;
	else if (x->h && x->e.answered && x->e.answer.has_source && !conn_full(x->h->conn)) pump(x);
}

static void upgrade(struct exchange *ex, int status, const struct http_headers *hdr, const struct stream_handler *handler,
		    void *ctx, struct stream **ret) {
	struct h1_exchange *x = of(ex);
	struct h1_server *h = x->h;
	struct stream *s = NULL;
	if (h && !x->e.x.aborted) {
		struct conn *c = h->conn;
		struct buf *out = conn_scratch_out(conn_scratch_of(c));
		http1_put_response(out, status, hdr);
		buf_puts(out, "\r\n");
		conn_cork(c);
		if (buf_err(out) == 0 && conn_write(c, buf_slice(out)) >= 0) s = stream_on_conn(c, handler, ctx, server_conn_gone, h->sc);
		if (s) {
			h->sc->proto = NULL;
			h->sc->state = NULL;
			h->upgraded = true;
			h->cur = NULL;
			(void)conn_unread(c, buf_slice(&h->waiting));
			conn_unpause(c);
		}
		conn_uncork(c);
	}
	*ret = s;
	if (!s && handler->on_close) handler->on_close(ctx);
	x->e.answered = true;
	if (!s && h) {
		break_off(x);
		return;
	}
	server_exchange_end(&x->e);
	if (s && !h->running) h1_free(h);
}

static const struct exchange_ops ops = { respond, respond_source, resume, upgrade };

/* ---- the request ---- */

/* The connection's own answer to what is no request (net/http's form). */
static void refuse(struct h1_server *h, int status, const char *message) {
	struct buf *out = conn_scratch_out(conn_scratch_of(h->conn));
	buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%d %s", status,
		   http_reason(status), status, http_reason(status));
	if (*message) buf_printf(out, ": %s", message);
	(void)conn_write(h->conn, buf_slice(out));
	if (h->cur) {
		struct h1_exchange *x = h->cur;
		h->cur = NULL;
		x->h = NULL;
		server_exchange_abort(&x->e);
	}
	close_after_flush(h);
}

static int on_request(void *ctx, const struct http_request_head *head, const struct http1_framing *f) {
	struct h1_server *h = ctx;
	struct h1_exchange *x = h->cur;
	x->e.x.head = *head;
	x->e.x.can_upgrade = f->upgrade;
	x->version = head->version;
	x->keep_alive = f->keep_alive && !h->last;
	x->e.head_only = slice_eqs(head->method, "HEAD");
	x->has_head = true;
	server_exchange_expect(&x->e, f->length);
	if (f->length != 0) conn_deadline(h->conn, server_options(h->sc->sl)->body_ms);
	if (f->expect_continue && f->length != 0 && !x->e.x.body_too_large)
		(void)conn_write(h->conn, SLICE_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
	return 0;
}

static int on_body(void *ctx, struct slice bytes) {
	struct h1_server *h = ctx;
	if (h->cur && !h->cur->e.dispatched) server_exchange_body(&h->cur->e, bytes);
	return 0;
}

static void on_message_end(void *ctx) {
	struct h1_server *h = ctx;
	if (h->cur) h->cur->complete = true;
}

static const struct http1_handler parser_events = { .on_request = on_request, .on_body = on_body, .on_end = on_message_end };

static bool begin(struct h1_server *h) {
	struct h1_exchange *x = server_exchange_new(h->sc, &ops, sizeof(*x));
	if (!x) return false;
	x->h = h;
	h->cur = x;
	http1_begin(h->parser, x->e.x.arena, SLICE_NULL);
	conn_deadline(h->conn, server_options(h->sc->sl)->header_ms);
	return true;
}

static bool takes_input(const struct h1_server *h) {
	return !h->closing && !h->upgraded && !h->gone && !(h->cur && h->cur->complete);
}

/* One request's bytes; false when the connection is over. */
static bool feed(struct h1_server *h, struct slice *bytes) {
	if (!h->cur && !begin(h)) {
		h->closing = true;
		conn_abort(h->conn);
		return false;
	}
	ssize_t n = http1_feed(h->parser, *bytes);
	if (n < 0) {
		const char *message = "";
		int status = n == -EPROTO ? http1_error(h->parser, &message) : 500;
		refuse(h, status, message);
		return false;
	}
	*bytes = slice_from(*bytes, (size_t)n);
	struct h1_exchange *x = h->cur;
	if (!x->e.dispatched && (x->complete || x->e.x.body_too_large)) {
		conn_deadline(h->conn, 0);
		server_exchange_dispatch(&x->e);
	}
	return true;
}

static void keep_waiting(struct h1_server *h, struct slice bytes) {
	if (bytes.n == 0 || h->closing || h->gone) return;
	if (h->upgraded) {
		(void)conn_unread(h->conn, bytes);
		return;
	}
	if (buf_put_slice(&h->waiting, bytes) < 0) break_off(h->cur);
	else if (h->waiting.n > H1_PIPELINE_MAX) conn_pause(h->conn);
}

static void run(struct h1_server *h, struct slice bytes) {
	h->running = true;
	while (bytes.n && takes_input(h) && feed(h, &bytes)) {}
	keep_waiting(h, bytes);
	h->running = false;
	if (h->upgraded || h->gone) h1_free(h);
}

/* ---- the connection ---- */

static void on_data(void *ctx, struct slice bytes) {
	struct h1_server *h = ctx;
	if (!h->closing) run(h, bytes);
}

static void on_writable(void *ctx) {
	struct h1_server *h = ctx;
	if (h->cur && h->cur->e.answered) pump(h->cur);
}

static void on_timeout(void *ctx) {
	struct h1_server *h = ctx;
	if (h->closing || (h->cur && h->cur->e.dispatched)) return;
	if (h->cur) refuse(h, 408, "");
	else close_after_flush(h);
}

static void lose_exchange(struct h1_server *h) {
	struct h1_exchange *x = h->cur;
	if (!x) return;
	h->cur = NULL;
	x->h = NULL;
	server_exchange_abort(&x->e);
}

static void on_end(void *ctx, int err, const char *msg) {
	struct h1_server *h = ctx;
	(void)msg;
	h->closing = true;
	lose_exchange(h);
	if (err < 0) conn_abort(h->conn);
	else conn_close(h->conn);
}

static void on_close(void *ctx) {
	struct h1_server *h = ctx;
	struct server_conn *sc = h->sc;
	lose_exchange(h);
	h->gone = true;
	if (!h->running) h1_free(h);
	server_conn_gone(sc);
}

static void on_ready(void *ctx) { (void)ctx; }

static const struct conn_events conn_handler = { on_ready, on_data, on_writable, on_timeout, on_end, on_close };

static void drain(void *state) {
	struct h1_server *h = state;
	h->last = true;
	if (!h->cur && !h->closing) close_after_flush(h);
}

static const struct server_proto proto = { .drain = drain };

int h1_serve(struct server_conn *sc) {
	struct h1_server *h = calloc(1, sizeof(*h));
	if (h) h->parser = http1_new(HTTP1_REQUESTS, &parser_events, h);
	if (!h || !h->parser) {
		free(h);
		return -ENOMEM;
	}
	h->sc = sc;
	h->conn = sc->conn;
	h->waiting = BUF_INIT(H1_PIPELINE_MAX + 2 * CONN_READ_SIZE);
	h->last = sc->sl->draining;
	sc->proto = &proto;
	sc->state = h;
	conn_set_events(sc->conn, &conn_handler, h);
	conn_deadline(sc->conn, server_options(sc->sl)->header_ms);
	return 0;
}
