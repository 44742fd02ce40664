/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls inside the process: an exchange without a socket. It lives on one of the API's loops; what it answers goes to the
 * caller's loop in messages. Two sides hold the call (a reference each), and every message under way one more; at most
 * LOCAL_CALL_QUEUE_BYTES of a body wait at the caller's loop.
 */
#include "api/internal.h"

#include <errno.h>

struct api_local_call {
	struct exchange x;               /* the API loop's */
	atomic_int refs;
	struct api *api;
	struct loop *reply;
	struct body_source source;       /* the API loop's from here ... */
	bool has_source, answered, ended, waiting, pumping;
	size_t queued;                   /* bytes posted and not yet taken */
	struct api_local_handler h;      /* the caller's from here on */
	void *ctx;
	bool over;                       /* on_done has run */
};

struct message {
	struct api_local_call *c;
	struct arena *a;                 /* of the head's copy; NULL: no head */
	struct http_headers headers;
	int status, err;
	bool last;
	struct buf data;
};

static void call_unref(struct api_local_call *c) {
	if (atomic_fetch_sub(&c->refs, 1) == 1) free(c);
}

static struct api_local_call *call_ref(struct api_local_call *c) {
	atomic_fetch_add(&c->refs, 1);
	return c;
}

/* ---- the caller's side ---- */

static void pump(struct api_local_call *c);

static void taken(void *arg) {
	struct message *m = arg;
	m->c->queued -= m->data.n;
	pump(m->c);
	call_unref(m->c);
	buf_done(&m->data);
	free(m);
}

static void finish(struct api_local_call *c, int err) {
	c->over = true;
	c->h.on_done(c->ctx, err);
	call_unref(c);
}

static void deliver(void *arg) {
	struct message *m = arg;
	struct api_local_call *c = m->c;
	bool last = m->last;
	int err = m->err;
	if (m->a && !c->over) c->h.on_head(c->ctx, m->status, &m->headers);
	if (m->data.n && !c->over) c->h.on_data(c->ctx, buf_slice(&m->data));
	m->a = arena_free(m->a);
	if (last && !c->over) finish(c, err);
	if (!last && loop_post(c->x.loop, taken, m) == 0) return;
	buf_done(&m->data);
	free(m);
	call_unref(c);
}

/* ---- the API's side ---- */

static void end(struct api_local_call *c) {
	if (c->ended) return;
	c->ended = true;
	if (c->has_source && c->source.close) c->source.close(c->source.ctx);
	if (c->x.on_end) c->x.on_end(&c->x);
	c->x.arena = arena_free(c->x.arena);
	call_unref(c);
}

static struct message *message_new(struct api_local_call *c) {
	struct message *m = calloc(1, sizeof(*m));
	if (!m) return NULL;
	m->c = call_ref(c);
	m->data = BUF_INIT(RESPONSE_BYTES_MAX);
	return m;
}

static void send_message(struct message *m) {
	struct api_local_call *c = m->c;
	c->queued += m->data.n;
	if (loop_post(c->reply, deliver, m) == 0) return;
	arena_free(m->a);
	buf_done(&m->data);
	free(m);
	call_unref(c);
}

static void send_end(struct api_local_call *c, int err) {
	struct message *m = message_new(c);
	if (!m) return;
	m->last = true;
	m->err = err;
	send_message(m);
}

static bool copy_head(struct message *m, int status, const struct http_headers *h) {
	m->status = status;
	m->a = arena_new(0);
	bool ok = m->a != NULL;
	for (size_t i = 0; ok && h && i < h->n; i++) ok = http_headers_add(m->a, &m->headers, h->v[i].name, h->v[i].value) == 0;
	return ok;
}

static void respond(struct exchange *x, int status, const struct http_headers *h, const struct body_part *parts, size_t n) {
	struct api_local_call *c = CONTAINER_OF(x, struct api_local_call, x);
	struct message *m = x->aborted ? NULL : message_new(c);
	c->answered = true;
	if (m) {
		bool ok = copy_head(m, status, h);
		for (size_t i = 0; i < n && !slice_eqs(x->head.method, "HEAD"); i++) buf_put_slice(&m->data, parts[i].bytes);
		m->last = true;
		m->err = !ok || buf_err(&m->data) ? -ENOMEM : 0;
		send_message(m);
	}
	for (size_t i = 0; i < n; i++) blob_unref(parts[i].blob);
	end(c);
}

/* Fills and sends messages while the source has something and the caller keeps up. */
static int pump_once(struct api_local_call *c) {
	struct message *m = message_new(c);
	if (!m) return -ENOMEM;
	int got = c->source.pull(c->source.ctx, &m->data, 64 * KIB);
	if (buf_err(&m->data)) got = -ENOMEM;
	m->last = got == PULL_END || got < 0;
	m->err = got < 0 ? got : 0;
	if (m->data.n || m->last) {
		send_message(m);
	} else {
		buf_done(&m->data);
		free(m);
		call_unref(c);
	}
	return got;
}

static void pump(struct api_local_call *c) {
	int got = PULL_MORE;
	if (c->pumping || c->ended || !c->has_source) return;
	c->pumping = true;
	while (got == PULL_MORE && c->queued < LOCAL_CALL_QUEUE_BYTES) got = pump_once(c);
	c->pumping = false;
	if (got == PULL_END || got < 0) end(c);
}

static void respond_source(struct exchange *x, int status, const struct http_headers *h, int64_t length, struct body_source body) {
	struct api_local_call *c = CONTAINER_OF(x, struct api_local_call, x);
	struct message *m = x->aborted ? NULL : message_new(c);
	c->answered = true;
	c->source = body;
	c->has_source = true;
	if (!m || !copy_head(m, status, h)) {
		if (m) m->last = true, m->err = -ENOMEM, send_message(m);
		end(c);
		return;
	}
	send_message(m);
	pump(c);
}

static void resume_later(void *arg) {
	struct api_local_call *c = arg;
	c->waiting = false;
	pump(c);
	call_unref(c);
}

/* Posted, so that a listener that wakes many sources does not run their bodies inside itself. */
static void resume(struct exchange *x) {
	struct api_local_call *c = CONTAINER_OF(x, struct api_local_call, x);
	if (c->waiting || c->ended) return;
	c->waiting = true;
	if (loop_post(c->x.loop, resume_later, call_ref(c)) < 0) {
		c->waiting = false;
		call_unref(c);
	}
}

static void upgrade(struct exchange *x, int status, const struct http_headers *h, const struct stream_handler *handler, void *ctx, struct stream **ret) {
	struct api_local_call *c = CONTAINER_OF(x, struct api_local_call, x);
	c->answered = true;
	*ret = NULL;
	handler->on_close(ctx);
	send_end(c, -EOPNOTSUPP);
	end(c);
}

static const struct exchange_ops local_ops = { .respond = respond, .respond_source = respond_source, .resume = resume, .upgrade = upgrade };

static void run(void *arg) {
	struct api_local_call *c = arg;
	if (c->x.aborted) end(c);
	else api_handle(c->api, &c->x);
}

static void aborted(void *arg) {
	struct api_local_call *c = arg;
	if (!c->ended) {
		c->x.aborted = true;
		if (c->answered) end(c);
		else if (c->x.on_abort) c->x.on_abort(&c->x);
	}
	call_unref(c);
}

/* ---- start and cancel ---- */

static int copy_user(struct exchange *x, const struct access_user *u) {
	struct access_user *n = arena_new_of(x->arena, struct access_user);
	struct slice *g = arena_array(x->arena, u->n_groups + 1, sizeof(*g));
	struct access_extra *e = arena_array(x->arena, u->n_extra + 1, sizeof(*e));
	if (!n || !g || !e) return -ENOMEM;
	*n = *u;
	n->name = arena_slice_dup(x->arena, u->name);
	n->uid = arena_slice_dup(x->arena, u->uid);
	for (size_t i = 0; i < u->n_groups; i++) g[i] = arena_slice_dup(x->arena, u->groups[i]);
	for (size_t i = 0; i < u->n_extra; i++) e[i] = u->extra[i]; /* values live with the caller's user, which is kept until the end */
	n->groups = g;
	n->extra = e;
	x->local_user = n;
	return 0;
}

static int copy_request(struct exchange *x, const struct http_request_head *head, struct slice body) {
	x->head = *head;
	x->head.headers = (struct http_headers){ 0 };
	x->head.method = arena_slice_dup(x->arena, head->method);
	x->head.target = arena_slice_dup(x->arena, head->target);
	x->head.authority = arena_slice_dup(x->arena, head->authority);
	x->body = arena_slice_dup(x->arena, body);
	bool ok = x->head.method.p && x->head.target.p && x->body.p;
	for (size_t i = 0; ok && i < head->headers.n; i++)
		ok = http_headers_add(x->arena, &x->head.headers, head->headers.v[i].name, head->headers.v[i].value) == 0;
	return ok ? 0 : -ENOMEM;
}

static struct loop *pick_loop(struct api *api) { return api->loops[atomic_fetch_add(&api->next_loop, 1) % api->n_loops].loop; }

int api_local_start(struct api *api, struct loop *reply, const struct access_user *user, const struct http_request_head *head,
		    struct slice body, const struct api_local_handler *h, void *ctx, struct api_local_call **ret) {
	struct api_local_call *c = calloc(1, sizeof(*c));
	if (!c) return -ENOMEM;
	*c = (struct api_local_call){ .refs = 2, .api = api, .reply = reply, .h = *h, .ctx = ctx };
	c->x = (struct exchange){ .ops = &local_ops, .loop = pick_loop(api), .arena = arena_new(0), .is_tls = true };
	int err = c->x.arena ? copy_request(&c->x, head, body) : -ENOMEM;
	if (!err && user) err = copy_user(&c->x, user);
	c->x.body_too_large = body.n > REQUEST_BODY_MAX;
	if (!err) err = loop_post(c->x.loop, run, c);
	if (err) {
		arena_free(c->x.arena);
		free(c);
		return err;
	}
	*ret = c;
	return 0;
}

void api_local_cancel(struct api_local_call *c) {
	if (c->over) return;
	call_ref(c);
	if (loop_post(c->x.loop, aborted, c) < 0) call_unref(c);
	finish(c, -ECANCELED);
}
