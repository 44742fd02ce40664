/* SPDX-License-Identifier: Apache-2.0 */
/* Remote commands over SPDY/3.1: one stream for each standard stream, opened by the client (kubectl before 1.31, client-go). */
#include "node/stream/session-internal.h"
#include "wire/spdy3.h"

#include <errno.h>

enum role { ROLE_ERROR, ROLE_IN, ROLE_OUT, ROLE_ERR, ROLE_RESIZE, ROLE_MAX };
static const char *const role_names[ROLE_MAX] = { "error", "stdin", "stdout", "stderr", "resize" };
/* The newest the client may offer in X-Stream-Protocol-Version comes first. */
static const char *const protocols[] = { "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io" };

struct spdy_session {
	struct session s;
	struct spdy *spdy;
	struct spdy_stream *streams[ROLE_MAX];
	struct loop_timer *patience;
	int protocol;             /* index in protocols */
	bool started;
};

static struct spdy_session *spdy_of(struct session *s) { return CONTAINER_OF(s, struct spdy_session, s); }

static void put(struct session *s, enum session_channel c, struct slice bytes) {
	struct spdy_stream *st = spdy_of(s)->streams[c == SESSION_OUT ? ROLE_OUT : ROLE_ERR];
	if (st) (void)spdy_write(st, bytes, false);
}

static void put_status(struct session *s, struct slice status) {
	struct spdy_session *p = spdy_of(s);
	bool success = slice_find(status, SLICE_LIT("\"Success\"")) >= 0;
	if (p->streams[ROLE_ERROR]) (void)spdy_write(p->streams[ROLE_ERROR], p->protocol == 0 || !success ? status : SLICE_NULL, true);
	static const enum role outputs[] = { ROLE_OUT, ROLE_ERR };
	for (size_t i = 0; i < ELEMENTSOF(outputs); i++)
		if (p->streams[outputs[i]]) (void)spdy_write(p->streams[outputs[i]], SLICE_NULL, true);
	spdy_goaway(p->spdy);
}

static int feed(struct session *s, struct slice bytes) {
	struct spdy_session *p = spdy_of(s);
	int r = spdy_feed(p->spdy, bytes);
	return r < 0 ? r : session_flush(s) < 0 ? -EPIPE : 0;
}

static void free_spdy(struct session *s) {
	struct spdy_session *p = spdy_of(s);
	p->patience = loop_timer_stop(p->patience);
	p->spdy = spdy_free(p->spdy);
}

static const struct session_ops ops = { put, put_status, feed, free_spdy };

/* ---- streams ---- */

static bool wanted(const struct spdy_session *p, enum role r) {
	const struct session_options *o = &p->s.o;
	const bool want[ROLE_MAX] = { true, o->in, o->out, o->err, o->tty && p->protocol <= 1 };
	return want[r];
}

static void maybe_start(struct spdy_session *p) {
	for (enum role r = 0; r < ROLE_MAX; r++)
		if (wanted(p, r) && !p->streams[r]) return;
	if (p->started) return;
	p->started = true;
	p->patience = loop_timer_stop(p->patience);
	p->s.h->on_ready(p->s.ctx);
}

static void on_open(void *ctx, struct spdy_stream *st, const struct http_headers *h, bool fin k8c_unused) {
	struct spdy_session *p = ctx;
	struct slice type = http_headers_get(h, "streamtype");
	for (enum role r = 0; r < ROLE_MAX; r++) {
		if (!slice_eqs(type, role_names[r]) || !wanted(p, r) || p->streams[r]) continue;
		p->streams[r] = st;
		spdy_stream_set_user(st, &p->streams[r]);
		(void)spdy_reply(st, NULL);
		maybe_start(p);
		return;
	}
	spdy_reset(st, SPDY_REFUSED_STREAM);
}

static void on_stream_data(void *ctx, struct spdy_stream *st, struct slice bytes) {
	struct spdy_session *p = ctx;
	if (st == p->streams[ROLE_IN]) p->s.h->on_in(p->s.ctx, bytes);
	else if (st == p->streams[ROLE_RESIZE]) session_resize_bytes(&p->s, bytes);
}

static void on_fin(void *ctx, struct spdy_stream *st) {
	struct spdy_session *p = ctx;
	if (st == p->streams[ROLE_IN]) p->s.h->on_in_end(p->s.ctx);
}

static void on_stream_close(void *ctx k8c_unused, struct spdy_stream *st, unsigned status k8c_unused) {
	struct spdy_stream **slot = spdy_stream_user(st);
	if (slot) *slot = NULL;
}

static const struct spdy_handler handler = { .on_open = on_open, .on_data = on_stream_data, .on_fin = on_fin, .on_close = on_stream_close };

static void impatient(void *arg) {
	struct spdy_session *p = arg;
	p->patience = NULL;
	if (p->s.stream) stream_abort(p->s.stream);
}

/* ---- opening ---- */

/* Clients that offer nothing speak the first version. */
static int choose(const struct http_headers *h) {
	struct slice one;
	size_t it = 0;
	bool any = false;
	int best = -1;
	while (http_headers_next(h, "x-stream-protocol-version", &it, &one))
		while (one.p) {
			struct slice name = slice_trim(slice_cut(&one, ','));
			any = true;
			for (int i = 0; i < (int)ELEMENTSOF(protocols); i++)
				if (slice_eqs(name, protocols[i]) && (best < 0 || i < best)) best = i;
		}
	return any ? best : (int)ELEMENTSOF(protocols) - 1;
}

static struct spdy_session *session_make(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx, int protocol) {
	struct spdy_session *p = calloc(1, sizeof(*p));
	if (!p) return NULL;
	_Static_assert(offsetof(struct spdy_session, s) == 0, "session.c frees the session");
	*p = (struct spdy_session){
		.s = { .ops = &ops, .o = *o, .h = h, .ctx = ctx, .loop = x->loop, .out = BUF_INIT(SESSION_OUT_MAX), .resize = BUF_INIT(SESSION_RESIZE_MAX) },
		.protocol = protocol,
	};
	if (spdy_new(true, &handler, p, &p->s.out, &p->spdy) == 0) return p;
	free(p);
	return NULL;
}

struct session *session_open_spdy(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx) {
	struct http_headers answer = { 0 };
	int protocol = choose(&x->head.headers);
	if (!slice_ieq(http_headers_get(&x->head.headers, "upgrade"), SLICE_LIT("SPDY/3.1"))) return session_refuse(x, 400, "unable to upgrade: unable to find Upgrade: SPDY/3.1 or websocket", h, ctx);
	if (protocol < 0) return session_refuse(x, 403, "unable to negotiate protocol: client supports other protocols than v4.channel.k8s.io and before", h, ctx);
	struct spdy_session *p = session_make(x, o, h, ctx, protocol);
	if (!p) return session_refuse(x, 500, "out of memory", h, ctx);
	(void)http_headers_add(x->arena, &answer, SLICE_LIT("upgrade"), SLICE_LIT("SPDY/3.1"));
	(void)http_headers_add(x->arena, &answer, SLICE_LIT("connection"), SLICE_LIT("Upgrade"));
	(void)http_headers_add(x->arena, &answer, SLICE_LIT("x-stream-protocol-version"), slice_str(protocols[protocol]));
	struct stream *stream;
	exchange_upgrade(x, 101, &answer, &session_stream_handler, &p->s, &stream);
	if (!stream) return NULL;
	p->s.stream = stream;
	p->patience = loop_timer_start(p->s.loop, SESSION_STREAMS_MS, 0, impatient, p);
	return &p->s;
}
