/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport that answers from a script: the fixture of the tests of client/. Every request is recorded; the next answer of the
 * script whose method and target prefix fit is given, in pieces, from the loop. An answer may leave the exchange open (a watch)
 * to be fed later.
 */
#pragma once

#include "client/client.h"
#include "wire/websocket.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_MAX 64

struct fake_answer {
	const char *method, *prefix;
	int status;
	const char *body;
	const char *header, *value; /* one extra header */
	int err;                    /* instead of (status 0) or after the body */
	bool open;                  /* stays open after the body */
	size_t piece;               /* bytes per on_data; 0: all */
};

struct fake_exchange {
	struct fake *f;
	const struct fake_answer *answer;
	struct k8c_transport_handler h;
	void *ctx;
	struct loop_timer *timer;
	bool open;
};

struct fake_request {
	char *method, *target, *body, *authorization, *content_type, *accept;
	uint32_t timeout_ms;
};

/* The stream of a 101: what the client wrote, and its handler, for the test to feed. */
struct k8c_stream {
	struct k8c_stream_handler h;
	void *ctx;
	struct buf written;
	bool closed;
};

struct fake {
	struct k8c_client *client;
	struct k8c_stream *stream;
	char *ws_key;
	const struct fake_answer *script;
	size_t n_script;
	bool used[FAKE_MAX];
	struct fake_request req[FAKE_MAX];
	size_t n_req;
	struct fake_exchange *opened; /* the exchange that stayed open last */
	unsigned live, pauses;
	bool endless;               /* answers are given again and again, requests are not recorded */
};

static struct fake fake;

static char *fake_dup(const char *s, size_t n) { return s ? strndup(s, n) : NULL; }

/* Answers an upgrade; `value` of the script is the WebSocket protocol, or NULL for SPDY. */
static void fake_switch(struct fake_exchange *x) {
	char accept[WS_ACCEPT_SIZE] = "";
	const char *protocol = x->answer->value ? x->answer->value : "";
	if (fake.ws_key) ws_accept(slice_str(fake.ws_key), accept);
	struct k8c_header h[] = { { "sec-websocket-accept", { accept, strlen(accept) } },
				  { "sec-websocket-protocol", { protocol, strlen(protocol) } } };
	x->h.on_head(x->ctx, 101, h, 2);
	struct k8c_stream *s = fake.stream = calloc(1, sizeof(*s));
	s->written = BUF_INIT(1 << 20);
	fake.live--;
	x->h.on_upgrade(x->ctx, s);
	free(x);
}

static void fake_attach(struct k8c_stream *s, const struct k8c_stream_handler *h, void *hctx) {
	s->h = *h;
	s->ctx = hctx;
	fake.live++;
}
static int fake_write(struct k8c_stream *s, struct k8c_bytes bytes) {
	return s->closed ? -EPIPE : buf_put(&s->written, bytes.p, bytes.n);
}
static void fake_stream_closed(void *arg) {
	struct k8c_stream *s = arg;
	fake.live--;
	if (fake.stream == s) fake.stream = NULL;
	s->h.on_close(s->ctx);
	buf_done(&s->written);
	free(s);
}
static void fake_stream_close(struct k8c_stream *s) {
	if (s->closed) return;
	s->closed = true;
	loop_timer_start(client_loop(fake.client), 0, 0, fake_stream_closed, s);
}

static void fake_run(void *arg) {
	struct fake_exchange *x = arg;
	const struct fake_answer *a = x->answer;
	if (a && a->status == 101) {
		fake_switch(x);
		return;
	}
	struct k8c_header h[2] = { { "content-type", { "application/json", 16 } } };
	x->timer = NULL;
	if (a && a->status) {
		if (a->header) h[1] = (struct k8c_header){ a->header, { a->value, strlen(a->value) } };
		x->h.on_head(x->ctx, a->status, h, a->header ? 2 : 1);
		size_t n = a->body ? strlen(a->body) : 0, step = a->piece ? a->piece : n;
		/* Pieces go out of a buffer that is gone afterwards, so that borrowed bytes show. */
		for (size_t i = 0; i < n && x->open; i += step) {
			size_t k = n - i < step ? n - i : step;
			char *copy = malloc(k);
			memcpy(copy, a->body + i, k);
			x->h.on_data(x->ctx, (struct k8c_bytes){ copy, k });
			free(copy);
		}
		if (!x->open) {
			free(x);
			return;
		}
		if (a->open) {
			fake.opened = x;
			return;
		}
	}
	x->open = false;
	fake.live--;
	x->h.on_done(x->ctx, a ? a->err : -ECONNREFUSED, NULL);
	free(x);
}

static const struct fake_answer *fake_pick(const char *method, const char *target) {
	for (size_t i = 0; i < fake.n_script; i++) {
		const struct fake_answer *a = &fake.script[i];
		if ((fake.used[i] && !fake.endless) || strcmp(a->method, method) || strncmp(a->prefix, target, strlen(a->prefix))) continue;
		fake.used[i] = true;
		return a;
	}
	return NULL;
}

static int fake_start(void *ctx, const struct k8c_transport_request *req, const struct k8c_transport_handler *h, void *hctx,
		      void **ret_call) {
	struct fake_exchange *x = calloc(1, sizeof(*x));
	*x = (struct fake_exchange){ &fake, fake_pick(req->method, req->target), *h, hctx, NULL, true };
	fake.live++;
	x->timer = loop_timer_start(client_loop(fake.client), 0, 0, fake_run, x);
	*ret_call = x;
	if (fake.endless) return 0;
	ck_assert_uint_lt(fake.n_req, FAKE_MAX);
	struct fake_request *r = &fake.req[fake.n_req++];
	*r = (struct fake_request){ strdup(req->method), strdup(req->target), fake_dup(req->body.p, req->body.n),
				    .timeout_ms = req->timeout_ms };
	for (size_t i = 0; i < req->n_headers; i++) {
		char **to = !strcmp(req->headers[i].name, "authorization") ? &r->authorization
			  : !strcmp(req->headers[i].name, "content-type")  ? &r->content_type
			  : !strcmp(req->headers[i].name, "accept")	   ? &r->accept
			  : !strcmp(req->headers[i].name, "sec-websocket-key") ? &fake.ws_key
									   : NULL;
		if (!to) continue;
		free(*to);
		*to = fake_dup(req->headers[i].value.p, req->headers[i].value.n);
	}
	return 0;
}

static void fake_cancel(void *ctx, void *call) {
	struct fake_exchange *x = call;
	bool running = !x->timer && fake.opened != x;
	loop_timer_stop(x->timer);
	x->open = false;
	fake.live--;
	if (fake.opened == x) fake.opened = NULL;
	x->h.on_done(x->ctx, -ECANCELED, NULL);
	if (!running) free(x);
}

static void fake_pause(void *ctx, void *call, bool on) { fake.pauses += on; }

static const struct k8c_transport fake_transport = { .size = sizeof(fake_transport),
						     .start = fake_start,
						     .cancel = fake_cancel,
						     .pause = fake_pause,
						     .stream_attach = fake_attach,
						     .stream_write = fake_write,
						     .stream_close = fake_stream_close };

/* More bytes for the exchange that is open. */
k8c_unused static void fake_feed(const char *text) {
	struct fake_exchange *x = fake.opened;
	ck_assert_ptr_nonnull(x);
	x->h.on_data(x->ctx, (struct k8c_bytes){ text, strlen(text) });
}
/* The server closes it (0) or it breaks. */
k8c_unused static void fake_close(int err) {
	struct fake_exchange *x = fake.opened;
	ck_assert_ptr_nonnull(x);
	fake.opened = NULL;
	x->open = false;
	fake.live--;
	x->h.on_done(x->ctx, err, NULL);
	free(x);
}

static void fake_setup(struct k8c_config *cfg, const struct fake_answer *script, size_t n) {
	struct k8c_client_options o = { .size = sizeof(o), .transport = &fake_transport };
	fake = (struct fake){ .script = script, .n_script = n };
	ck_assert_int_eq(k8c_client_new(cfg, &o, &fake.client, NULL), 0);
}
#define FAKE(...)                                                      \
	static const struct fake_answer script_[] = { __VA_ARGS__ };   \
	fake_setup(NULL, script_, ELEMENTSOF(script_))

static void fake_done(void) {
	k8c_client_free(fake.client);
	ck_assert_uint_eq(fake.live, 0);
	for (size_t i = 0; i < fake.n_req; i++) {
		free(fake.req[i].method);
		free(fake.req[i].target);
		free(fake.req[i].body);
		free(fake.req[i].authorization);
		free(fake.req[i].content_type);
		free(fake.req[i].accept);
	}
	free(fake.ws_key);
	memset(&fake, 0, sizeof(fake));
}

/* Runs the client until it has nothing to do at once, or `*until`. */
k8c_unused static void settle(void) {
	for (int i = 0; i < 50; i++) k8c_client_run_once(fake.client, 0);
}
k8c_unused static void run_until(const bool *until) {
	for (int i = 0; i < 1000 && !*until; i++) k8c_client_run_once(fake.client, 50);
	ck_assert(*until);
}

#define CLIENT_MAIN(name, add)                                                                    \
	int main(void) {                                                                          \
		Suite *s = suite_create("client/" name);                                          \
		TCase *t = tcase_create(name);                                                    \
		tcase_set_timeout(t, 120);                                                        \
		add(t);                                                                           \
		suite_add_tcase(s, t);                                                            \
		SRunner *r = srunner_create(s);                                                   \
		srunner_run_all(r, CK_ENV);                                                       \
		int failed = srunner_ntests_failed(r);                                            \
		srunner_free(r);                                                                  \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                      \
	}
