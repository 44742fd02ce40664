/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http2.h"
#include "base/list.h"
#include "wire/http2_guard.h"
#include "wire/wire_limits.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>

/* A frame and its header fill one TLS record. */
#define FRAME_OUT_MAX (16u * KIB - 9u)
/* 1 MiB of headers in frames of 16 KiB. */
#define CONTINUATIONS_MAX 64u

struct http2_stream {
	struct list node;
	struct http2 *h;
	int32_t id;
	void *user;
	struct arena *arena;
	struct http_headers headers, trailers;
	struct slice method, target, authority, scheme;
	int status;
	size_t head_bytes;
	bool head_done, too_large, peer_done, answered, begun, reset_due;
};

struct http2 {
	nghttp2_session *session;
	const struct http2_handler *h;
	void *ctx;
	struct list streams;
	size_t n_streams;
	struct http2_guard guard;
	int32_t last_id; /* highest stream the peer has begun */
	bool server, peer_left, calm, leaving;
};

static struct http2_stream *stream_get(struct http2 *h, int32_t id) {
	return id > 0 ? nghttp2_session_get_stream_user_data(h->session, id) : NULL;
}

/* Ends the connection when the guard says so: GOAWAY, and nothing of the peer's is looked at any more. */
static int pay(struct http2 *h, enum http2_cost kind) {
	if (h->calm || !h->server || http2_guard_take(&h->guard, kind)) return 0;
	h->calm = true;
	(void)nghttp2_session_terminate_session(h->session, NGHTTP2_ENHANCE_YOUR_CALM);
	return 0;
}

/* ---- streams ---- */

static struct http2_stream *stream_new(struct http2 *h) {
	struct http2_stream *s = calloc(1, sizeof(*s));
	if (!s) return NULL;
	s->h = h;
	list_add_tail(&h->streams, &s->node);
	h->n_streams++;
	return s;
}

static void stream_free(struct http2_stream *s, uint32_t error) {
	struct http2 *h = s->h;
	list_del(&s->node);
	h->n_streams--;
	if (s->user) h->h->on_close(h->ctx, s->user, error);
	free(s);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *f, void *ctx) {
	struct http2 *h = ctx;
	if (!h->server || f->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
	struct http2_stream *s = stream_new(h);
	if (!s) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	s->id = f->hd.stream_id;
	http2_guard_sent(&h->guard, 0);
	if (nghttp2_session_set_stream_user_data(session, s->id, s) != 0 || h->h->on_open(h->ctx, s, &s->arena, &s->user) < 0) {
		nghttp2_session_set_stream_user_data(session, s->id, NULL);
		s->user = NULL;
		stream_free(s, HTTP2_REFUSED_STREAM);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return 0;
}

static const struct {
	const char *name;
	size_t offset;
} pseudo_headers[] = {
	{ ":method", offsetof(struct http2_stream, method) },
	{ ":path", offsetof(struct http2_stream, target) },
	{ ":authority", offsetof(struct http2_stream, authority) },
	{ ":scheme", offsetof(struct http2_stream, scheme) },
};

static int add_pseudo(struct http2_stream *s, struct slice name, struct slice value) {
	if (slice_eqs(name, ":status")) {
		int64_t v = 0;
		(void)slice_int(value, 100, 999, &v);
		s->status = (int)v;
	}
	for (size_t i = 0; i < ELEMENTSOF(pseudo_headers); i++) {
		if (!slice_eqs(name, pseudo_headers[i].name)) continue;
		struct slice copy = arena_slice_dup(s->arena, value);
		if (!copy.p) return -ENOMEM;
		*(struct slice *)(void *)((char *)s + pseudo_headers[i].offset) = copy;
	}
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *f, const uint8_t *n, size_t n_n, const uint8_t *v, size_t v_n,
		     uint8_t flags, void *ctx) {
	struct http2_stream *s = stream_get(ctx, f->hd.stream_id);
	if (!s || !s->user || s->too_large || (s->head_done && !s->h->h->on_trailers)) return 0;
	struct slice name = slice_make(n, n_n), value = slice_make(v, v_n);
	s->head_bytes += n_n + v_n + HTTP_HEADER_OVERHEAD;
	if (s->head_bytes > HEADER_BYTES_MAX) {
		s->too_large = true;
		return 0;
	}
	struct http_headers *to = s->head_done ? &s->trailers : &s->headers;
	int r = n_n && *n == ':' ? add_pseudo(s, name, value) : http_headers_add(s->arena, to, name, value);
	return r < 0 ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static void request_complete(struct http2_stream *s, bool end) {
	struct http2 *h = s->h;
	if (s->too_large) {
		(void)http2_respond(s, 431, NULL, false);
		return;
	}
	struct slice host = http_headers_get(&s->headers, "host");
	struct http_request_head head = { .version = HTTP_2, .method = s->method, .target = s->target, .headers = s->headers,
		.authority = s->authority.p ? s->authority : host };
	h->h->on_request(h->ctx, s->user, &head, end);
}

static void response_complete(struct http2_stream *s, bool end) {
	struct http2 *h = s->h;
	if (s->too_large) {
		http2_reset(s, HTTP2_ENHANCE_YOUR_CALM);
		return;
	}
	struct http_response_head head = { .version = HTTP_2, .status = s->status, .headers = s->headers };
	h->h->on_response(h->ctx, s->user, &head, end);
}

static void head_complete(struct http2_stream *s, bool end) {
	if (!s->user) return; /* detached */
	if (s->head_done) {
		if (s->h->h->on_trailers && !s->too_large) s->h->h->on_trailers(s->h->ctx, s->user, &s->trailers);
		return;
	}
	if (!s->h->server && s->status / 100 == 1) {
		s->headers = (struct http_headers){ 0 };
		return;
	}
	s->head_done = true;
	if (s->h->server) request_complete(s, end);
	else response_complete(s, end);
}

/* What a frame costs its sender's account, by its header alone (it may be ignored further on). -1: nothing. */
static int cost_of(struct http2 *h, const nghttp2_frame_hd *hd) {
	struct http2_stream *s = stream_get(h, hd->stream_id);
	switch (hd->type) {
	case NGHTTP2_PING:
	case NGHTTP2_SETTINGS: return hd->flags & NGHTTP2_FLAG_ACK ? -1 : HTTP2_COST_CONTROL;
	case NGHTTP2_DATA: return hd->length || hd->flags & NGHTTP2_FLAG_END_STREAM ? -1 : HTTP2_COST_CONTROL;
	/* Trailers end a stream; others, and those of streams that are gone, are of no use. */
	case NGHTTP2_HEADERS: return hd->stream_id > h->last_id || (s && hd->flags & NGHTTP2_FLAG_END_STREAM) ? -1 : HTTP2_COST_CONTROL;
	case NGHTTP2_RST_STREAM: return s && s->begun ? -1 : HTTP2_COST_RESET;
	case NGHTTP2_WINDOW_UPDATE: return HTTP2_COST_WINDOW;
	default: return HTTP2_COST_CONTROL;
	}
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *ctx) {
	struct http2 *h = ctx;
	int cost = cost_of(h, hd);
	if (hd->type == NGHTTP2_HEADERS && hd->stream_id > h->last_id) h->last_id = hd->stream_id;
	return cost < 0 ? 0 : pay(h, (enum http2_cost)cost);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *f, void *ctx) {
	struct http2 *h = ctx;
	struct http2_stream *s = stream_get(h, f->hd.stream_id);
	bool end = f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (f->hd.type == NGHTTP2_GOAWAY) {
		h->peer_left = true;
		if (h->h->on_goaway) h->h->on_goaway(h->ctx, f->goaway.error_code);
	}
	if (!s || (f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA)) return 0;
	if (f->hd.type == NGHTTP2_DATA && f->hd.length && f->hd.length == f->data.padlen) (void)pay(h, HTTP2_COST_CONTROL);
	if (end) s->peer_done = true;
	if (f->hd.type == NGHTTP2_HEADERS) head_complete(s, end);
	if (end && !s->too_large && s->user) h->h->on_end(h->ctx, s->user);
	return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *f, int code, void *ctx) {
	return pay(ctx, HTTP2_COST_RESET);
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *ctx) {
	struct http2 *h = ctx;
	struct http2_stream *s = stream_get(h, id);
	if (s && s->user && !s->too_large) h->h->on_data(h->ctx, s->user, slice_make(p, n));
	else (void)nghttp2_session_consume(session, id, n);
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *ctx) {
	struct http2_stream *s = stream_get(ctx, id);
	if (!s) return 0;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	stream_free(s, error);
	return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *f, void *ctx) {
	struct http2 *h = ctx;
	struct http2_stream *s = stream_get(h, f->hd.stream_id);
	if (f->hd.type == NGHTTP2_DATA) http2_guard_sent(&h->guard, f->hd.length);
	if (f->hd.type == NGHTTP2_RST_STREAM && f->rst_stream.error_code != NGHTTP2_NO_ERROR && !(s && s->begun))
		return pay(h, HTTP2_COST_RESET);
	if (!s) return 0;
	if (f->hd.type == NGHTTP2_HEADERS) s->begun = true;
	/* 431 was said: the rest is not wanted (RFC 9113, 8.1). */
	if (h->server && s->too_large && !s->peer_done) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
	return 0;
}

static ssize_t frame_length(nghttp2_session *session, uint8_t type, int32_t id, int32_t conn_window, int32_t stream_window,
			    uint32_t max, void *ctx) {
	ssize_t n = FRAME_OUT_MAX;
	if (n > conn_window) n = conn_window;
	if (n > stream_window) n = stream_window;
	return n > (ssize_t)max ? (ssize_t)max : n;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *p, size_t n, uint32_t *flags, nghttp2_data_source *src,
			 void *ctx) {
	struct http2 *h = ctx;
	struct http2_stream *s = stream_get(h, id);
	if (!s || !s->user) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	size_t got = 0;
	int r = h->h->read(h->ctx, s->user, p, n, &got);
	if (r < 0) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (r == HTTP2_END) *flags |= NGHTTP2_DATA_FLAG_EOF;
	return r == HTTP2_WAIT && got == 0 ? NGHTTP2_ERR_DEFERRED : (ssize_t)got;
}

/* ---- the session ---- */

static void set_callbacks(nghttp2_session_callbacks *cb) {
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
	nghttp2_session_callbacks_set_data_source_read_length_callback(cb, frame_length);
}

static void set_options(nghttp2_option *o) {
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_max_send_header_block_length(o, HEADER_BYTES_MAX);
	nghttp2_option_set_max_continuations(o, CONTINUATIONS_MAX);
	/* Its count would include the watches that client-go cancels; the guard tells those apart. */
	nghttp2_option_set_stream_reset_rate_limit(o, UINT32_MAX, UINT32_MAX);
	/* Priorities are not used; closed streams need not be remembered for them. */
	nghttp2_option_set_no_closed_streams(o, 1);
}

static int session_new(struct http2 *h) {
	nghttp2_session_callbacks *cb = NULL;
	nghttp2_option *o = NULL;
	int r = nghttp2_session_callbacks_new(&cb);
	if (r == 0) r = nghttp2_option_new(&o);
	if (r == 0) {
		set_callbacks(cb);
		set_options(o);
		r = h->server ? nghttp2_session_server_new2(&h->session, cb, h, o) : nghttp2_session_client_new2(&h->session, cb, h, o);
	}
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(cb);
	return r;
}

static int submit_settings(struct http2 *h) {
	nghttp2_settings_entry v[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_BYTES_MAX },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
	};
	int r = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, v, h->server ? 3 : 4);
	if (r == 0) r = nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, (int32_t)HTTP2_CONNECTION_WINDOW);
	return r;
}

static int http2_new(bool server, const struct http2_handler *handler, void *ctx, struct http2 **ret) {
	struct http2 *h = calloc(1, sizeof(*h));
	if (!h) return -ENOMEM;
	h->server = server;
	h->h = handler;
	h->ctx = ctx;
	list_init(&h->streams);
	http2_guard_init(&h->guard);
	if (session_new(h) != 0 || submit_settings(h) != 0) {
		http2_free(h);
		return -ENOMEM;
	}
	*ret = h;
	return 0;
}

int http2_server_new(const struct http2_handler *h, void *ctx, struct http2 **ret) { return http2_new(true, h, ctx, ret); }
int http2_client_new(const struct http2_handler *h, void *ctx, struct http2 **ret) { return http2_new(false, h, ctx, ret); }

struct http2 *http2_free(struct http2 *h) {
	if (!h) return NULL;
	while (!list_empty(&h->streams)) {
		struct http2_stream *s = list_entry(h->streams.next, struct http2_stream, node);
		if (s->id > 0) nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
		stream_free(s, HTTP2_CANCEL);
	}
	nghttp2_session_del(h->session);
	free(h);
	return NULL;
}

int http2_feed(struct http2 *h, struct slice bytes, uint64_t now_ms) {
	/* After our GOAWAY with an error nothing is parsed any more (and nghttp2 before 1.68.1 must not, CVE-2026-27135). */
	if (h->calm) return -EPROTO;
	http2_guard_tick(&h->guard, now_ms);
	while (bytes.n) {
		/* In pieces, so that a flood is noticed within one read. */
		struct slice piece = slice_upto(bytes, HTTP2_FRAME_MAX);
		ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)piece.p, piece.n);
		if (n < 0 || h->calm) {
			h->calm = true;
			return n == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
		}
		if (n == 0 || !nghttp2_session_want_read(h->session)) break;
		bytes = slice_from(bytes, (size_t)n);
	}
	return 0;
}

int http2_pull(struct http2 *h, struct buf *out, size_t room) {
	size_t from = out->n;
	while (out->n - from < room) {
		const uint8_t *p;
		ssize_t n = nghttp2_session_mem_send(h->session, &p);
		if (n == 0) return 0;
		if (n < 0) return n == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
		if (buf_put(out, p, (size_t)n) < 0) return buf_err(out);
	}
	return 1;
}

bool http2_alive(const struct http2 *h) {
	return nghttp2_session_want_read(h->session) || nghttp2_session_want_write(h->session);
}

/* ---- sending ---- */

static nghttp2_nv make_nv(struct slice name, struct slice value) {
	const char *v = value.p ? value.p : "";
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)v, name.n, value.n, NGHTTP2_NV_FLAG_NONE };
}

/* What HTTP/2 forbids (RFC 9113, 8.2.2). */
static bool is_forbidden(struct slice name) {
	static const char *const names[] = { "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (slice_eqs(name, names[i])) return true;
	return name.n == 0 || *name.p == ':';
}

static size_t put_headers(nghttp2_nv *nv, size_t n, const struct http_headers *headers) {
	for (size_t i = 0; headers && i < headers->n; i++)
		if (!is_forbidden(headers->v[i].name)) nv[n++] = make_nv(headers->v[i].name, headers->v[i].value);
	return n;
}

#define PSEUDO_MAX 4u
#define NV_ON_STACK 32u

static nghttp2_nv *nv_room(nghttp2_nv *stack, char **ret_heap, const struct http_headers *headers) {
	size_t n = (headers ? headers->n : 0) + PSEUDO_MAX;
	if (n <= NV_ON_STACK) return stack;
	*ret_heap = calloc(n, sizeof(*stack));
	return (nghttp2_nv *)(void *)*ret_heap;
}

int http2_respond(struct http2_stream *s, int status, const struct http_headers *headers, bool body) {
	nghttp2_nv stack[NV_ON_STACK];
	_cleanup_free_ char *heap = NULL;
	nghttp2_nv *nv = nv_room(stack, &heap, headers);
	if (!nv) return -ENOMEM;
	char code[16];
	snprintf(code, sizeof(code), "%d", status);
	nv[0] = make_nv(SLICE_LIT(":status"), slice_str(code));
	size_t n = put_headers(nv, 1, headers);
	nghttp2_data_provider provider = { .read_callback = read_body };
	s->answered = true;
	return nghttp2_submit_response(s->h->session, s->id, nv, n, body ? &provider : NULL) == 0 ? 0 : -ENOMEM;
}

int http2_request(struct http2 *h, const struct http_request_head *head, bool is_tls, bool body, struct arena *a, void *user,
		  struct http2_stream **ret) {
	nghttp2_nv stack[NV_ON_STACK];
	_cleanup_free_ char *heap = NULL;
	nghttp2_nv *nv = nv_room(stack, &heap, &head->headers);
	struct http2_stream *s = nv && http2_room(h) ? stream_new(h) : NULL;
	if (!s) return http2_room(h) ? -ENOMEM : -EPIPE;
	nv[0] = make_nv(SLICE_LIT(":method"), head->method);
	nv[1] = make_nv(SLICE_LIT(":scheme"), is_tls ? SLICE_LIT("https") : SLICE_LIT("http"));
	nv[2] = make_nv(SLICE_LIT(":authority"), head->authority);
	nv[3] = make_nv(SLICE_LIT(":path"), head->target);
	size_t n = put_headers(nv, 4, &head->headers);
	nghttp2_data_provider provider = { .read_callback = read_body };
	s->arena = a;
	s->id = nghttp2_submit_request(h->session, NULL, nv, n, body ? &provider : NULL, s);
	if (s->id < 0) {
		stream_free(s, HTTP2_CANCEL);
		return -EPIPE;
	}
	s->user = user;
	*ret = s;
	return 0;
}

void http2_resume(struct http2_stream *s) { (void)nghttp2_session_resume_data(s->h->session, s->id); }
void http2_consume(struct http2_stream *s, size_t n) { (void)nghttp2_session_consume(s->h->session, s->id, n); }
void http2_reset(struct http2_stream *s, uint32_t error) {
	(void)nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, error);
}

void http2_detach(struct http2_stream *s, uint32_t error) {
	s->user = NULL;
	s->arena = NULL;
	http2_reset(s, error);
}

size_t http2_streams(const struct http2 *h) { return h->n_streams; }

bool http2_room(const struct http2 *h) {
	return !h->peer_left && !h->leaving && !h->calm && nghttp2_session_check_request_allowed(h->session) &&
	       h->n_streams < nghttp2_session_get_remote_settings(h->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void http2_goaway(struct http2 *h) {
	if (h->leaving) return;
	h->leaving = true;
	int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);
	(void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0);
}
