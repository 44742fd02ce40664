/* SPDX-License-Identifier: Apache-2.0 */
#include "api/webhook/call.h"

#include "api/backend/address.h"
#include "api/backend/clients.h"
#include "api/backend/failure.h"

#include <errno.h>
#include <openssl/evp.h>

#define QUESTION_MAX (32u * MIB)
/* A connection that was kept may turn out to be closed: then another one is tried. */
#define TRIES_MAX 2u

/* On the heap: the request may go before the webhook answers. */
struct webhook_call {
	struct request_token *token;
	struct webhook_ask *q;          /* valid while the token gives the request */
	struct backend *backend;
	struct net_call *call;
	struct arena *a;
	const char *origin;             /* https://host:port */
	struct http_request_head head;
	struct slice question;
	struct buf body;
	int status;
	bool too_much;
	unsigned tries, timeout_ms;
};

static void call_free(struct webhook_call *c) {
	if (c->backend) backend_release(c->backend);
	buf_done(&c->body);
	arena_free(c->a);
}

/* ---- what is remembered ---- */

static int digest(struct webhook_ask *q, const struct buf *rest) {
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	bool ok = m && EVP_DigestInit_ex(m, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(m, q->mutating ? "m" : "v", 1) == 1 &&
		  EVP_DigestUpdate(m, q->w->configuration.p, q->w->configuration.n) == 1 && EVP_DigestUpdate(m, "/", 1) == 1 &&
		  EVP_DigestUpdate(m, q->w->name.p, q->w->name.n) == 1 && EVP_DigestUpdate(m, rest->p, rest->n) == 1 &&
		  EVP_DigestFinal_ex(m, q->digest, NULL) == 1;
	EVP_MD_CTX_free(m);
	return ok ? 0 : -ENOMEM;
}

static const struct webhook_outcome *recall(const struct webhook_ask *q) {
	for (const struct webhook_outcome *o = q->ad->r->webhook_outcomes; o; o = o->next)
		if (!memcmp(o->digest, q->digest, sizeof(o->digest))) return o;
	return NULL;
}

static const struct webhook_outcome *remember(struct webhook_ask *q, const char *failure, bool answered, const struct webhook_answer *answer) {
	static const struct webhook_outcome no_memory = { .failure = "out of memory" };
	struct request *r = q->ad->r;
	struct webhook_outcome *o = arena_new_of(r->a, struct webhook_outcome);
	size_t n = 0;
	if (!o) return &no_memory;
	o->failure = failure;
	o->answered = answered;
	if (answer) o->answer = *answer;
	memcpy(o->digest, q->digest, sizeof(o->digest));
	for (const struct webhook_outcome *p = r->webhook_outcomes; p; p = p->next) n++;
	if (n < WEBHOOK_OUTCOMES_MAX) {
		o->next = r->webhook_outcomes;
		r->webhook_outcomes = o;
	}
	return o;
}

/* ---- the end of a call ---- */

static const char *post_failure(struct webhook_ask *q, const char *cause) {
	const char *m = arena_printf(q->ad->r->a, "failed to call webhook: Post \"%s\": %s", q->url, cause);
	return m ? m : "out of memory";
}

static const struct webhook_outcome *outcome_of(struct webhook_call *c, int err, const char *msg) {
	struct webhook_ask *q = c->q;
	struct arena *a = q->ad->r->a;
	struct webhook_answer answer;
	struct webhook_asked asked = { .uid = q->uid, .v1beta1 = q->w->version == WEBHOOK_V1BETA1, .mutating = q->mutating };
	if (c->too_much) return remember(q, post_failure(q, "the answer is larger than 4194304 bytes"), true, NULL);
	if (err) return remember(q, post_failure(q, backend_failure(a, c->origin, err, msg)), false, NULL);
	if (c->status < 200 || c->status > 299) return remember(q, webhook_http_failure(a, c->status, buf_slice(&c->body)), true, NULL);
	const char *why = webhook_answer_read(a, buf_slice(&c->body), &asked, &answer);
	return remember(q, why, true, why ? NULL : &answer);
}

static int start(struct webhook_call *c);

static void on_done(void *ctx, int err, const char *msg) {
	struct webhook_call *c = ctx;
	c->call = NULL;
	if (err == -ECONNRESET && !c->status && ++c->tries < TRIES_MAX && start(c) == 0) return;
	struct webhook_ask *q = c->q;
	if (request_resume(c->token)) q->outcome = outcome_of(c, err, msg);
	else q = NULL;
	call_free(c);
	if (q) q->done(q);
}

static void on_head(void *ctx, struct net_call *call k8c_unused, const struct http_response_head *head) {
	struct webhook_call *c = ctx;
	c->status = head->status;
}

static void on_data(void *ctx, struct net_call *call, struct slice bytes) {
	struct webhook_call *c = ctx;
	c->too_much = buf_put_slice(&c->body, bytes) < 0;
	if (c->too_much) net_call_cancel(call);
}

static const struct net_call_handler handler = { on_head, on_data, on_done, NULL };

static int start(struct webhook_call *c) {
	return net_call_start(c->backend->client, c->origin, &c->head, c->question, c->timeout_ms, &handler, c, &c->call);
}

/* ---- where to ---- */

struct place {
	const char *origin;       /* what is dialled */
	const char *shown;        /* scheme and host as errors show them */
	const char *path;
	const char *server_name;  /* NULL: the URL's */
};

static const char *trimmed_path(struct arena *a, struct slice path) {
	path = slice_cut(&path, '?');
	while (path.n && path.p[path.n - 1] == '/') path.n--;
	return arena_printf(a, slice_starts(path, SLICE_LIT("/")) ? "%.*s" : "/%.*s", SLICE_FMT(path));
}

static void place_of_url(struct arena *a, const struct webhook *w, struct place *p) {
	struct slice rest = slice_from(w->url, sizeof("https://") - 1), authority = slice_cut(&rest, '/');
	p->origin = p->shown = arena_printf(a, "https://%.*s", SLICE_FMT(authority));
	p->path = trimmed_path(a, rest);
}

/* NULL, or why the service cannot be reached. */
static const char *place_of_service(struct webhook_ask *q, struct place *p) {
	struct request *r = q->ad->r;
	const struct webhook *w = q->w;
	p->server_name = arena_printf(r->a, "%.*s.%.*s.svc", SLICE_FMT(w->service_name), SLICE_FMT(w->service_ns));
	p->shown = arena_printf(r->a, "https://%s:%lld", p->server_name, (long long)w->service_port);
	p->path = trimmed_path(r->a, w->service_path);
	return backend_address(r->a, r->api->env, q->ad->snap, w->service_ns, w->service_name, w->service_port, &p->origin);
}

/* As long as the webhook may take, and no longer than the request has left. */
static unsigned time_left(const struct webhook_ask *q) {
	const struct request *r = q->ad->r;
	uint64_t gone = (env_mono(r->api->env) - r->started) / 1000000u, all = WRITE_TIMEOUT_MS;
	if (r->deadline && (r->deadline - r->started) / 1000000u < all) all = (r->deadline - r->started) / 1000000u;
	uint64_t left = gone < all ? all - gone : 1;
	return left < q->w->timeout_ms ? (unsigned)left : q->w->timeout_ms;
}

/* ---- starting ---- */

static int fill_call(struct webhook_call *c, const struct webhook_ask *q, const struct place *p, const struct buf *rest) {
	_cleanup_buf_ struct buf text = BUF_INIT(QUESTION_MAX);
	int err = webhook_question_head(q->w->version, q->uid, &text);
	if (!err) err = buf_put_slice(&text, buf_slice(rest));
	if (err) return err;
	c->question = arena_slice_dup(c->a, buf_slice(&text));
	c->origin = arena_strdup(c->a, p->origin);
	c->head = (struct http_request_head){ .method = SLICE_LIT("POST") };
	c->head.target = slice_str(arena_printf(c->a, "%s?timeout=%us", p->path, (q->timeout_ms + 999) / 1000));
	if (p->server_name) c->head.authority = slice_str(arena_strdup(c->a, p->shown + sizeof("https://") - 1));
	if (!c->question.p || !c->origin || !c->head.target.p) return -ENOMEM;
	err = http_headers_add(c->a, &c->head.headers, SLICE_LIT("content-type"), SLICE_LIT("application/json"));
	if (!err) err = http_headers_add(c->a, &c->head.headers, SLICE_LIT("accept"), SLICE_LIT("application/json, */*"));
	if (!err) err = http_headers_add(c->a, &c->head.headers, SLICE_LIT("user-agent"), SLICE_LIT("kube-apiserver-admission"));
	return err;
}

static struct webhook_call *call_make(struct webhook_ask *q) {
	struct arena *a = arena_new(0);
	struct webhook_call *c = a ? arena_new_of(a, struct webhook_call) : NULL;
	if (!c) {
		arena_free(a);
		return NULL;
	}
	*c = (struct webhook_call){ .a = a, .q = q, .body = BUF_INIT(WEBHOOK_ANSWER_MAX), .timeout_ms = q->timeout_ms };
	return c;
}

/* NULL: the call is under way. */
static const char *begin(struct webhook_ask *q, const struct place *p, const struct buf *rest) {
	struct webhook_call *c = call_make(q);
	struct net_client_options o = { .ca_pem = q->w->ca_pem, .server_name = p->server_name, .http1_only = true };
	if (!c) return "out of memory";
	int err = fill_call(c, q, p, rest);
	if (!err) err = backend_take(q->ad->r->al, &o, &c->backend);
	if (!err && !(c->token = request_wait(q->ad->r))) err = -ENOMEM;
	if (!err) err = start(c);
	if (!err) return NULL;
	if (c->token) (void)request_resume(c->token);
	call_free(c);
	if (err == -EBADMSG) return "could not get REST client: unable to load root certificates: unable to parse bytes as PEM block";
	return post_failure(q, err == -EBUSY ? "too many servers are being called" : strerror(-err));
}

/* NULL, or why nothing is under way. */
static const char *dial(struct webhook_ask *q, const struct buf *rest) {
	struct arena *a = q->ad->r->a;
	struct place p = { 0 };
	char uid[37];
	const char *why = NULL;
	if (q->w->broken) return q->w->broken;
	if (q->w->url.n) place_of_url(a, q->w, &p);
	else why = place_of_service(q, &p);
	q->timeout_ms = time_left(q);
	if (p.shown && p.path) q->url = arena_printf(a, "%s%s?timeout=%us", p.shown, p.path, (q->timeout_ms + 999) / 1000);
	if (!q->url || env_uuid(q->ad->r->api->env, uid) < 0) return "out of memory";
	if (why) return post_failure(q, why);
	q->uid = arena_slice_dup(a, slice_make(uid, 36));
	return p.origin ? begin(q, &p, rest) : "out of memory";
}

int webhook_ask(struct webhook_ask *q) {
	_cleanup_buf_ struct buf rest = BUF_INIT(QUESTION_MAX);
	int err = webhook_question_rest(q->ad, q->as, &rest);
	if (!err) err = digest(q, &rest);
	if (err) return -ENOMEM;
	q->outcome = recall(q);
	if (q->outcome) return 0;
	const char *why = dial(q, &rest);
	if (!why) return 1;
	q->outcome = remember(q, why, false, NULL);
	return 0;
}

const struct status *webhook_failure(struct admit *ad, const struct webhook *w, const struct webhook_outcome *o) {
	return status_internal(ad->r->a, "failed calling webhook %s: %s", status_quote(ad->r->a, w->name), o->failure);
}
