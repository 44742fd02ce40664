/* SPDX-License-Identifier: Apache-2.0 */
#include "node/tokens.h"

#include "base/map.h"
#include "client/attach.h"
#include "codec/timestamp.h"
#include "node/limits.h"

#include <errno.h>

#define TOKENS_MAX 65536u
#define TOKEN_LIFE_MAX_SECONDS (24 * 3600)
#define TOKEN_REFRESH_PART 20 /* of 100, before the end */
#define TOKEN_JITTER_SECONDS 10u
#define TOKEN_BODY_MAX (64u * KIB)

struct token {
	struct tokens *owner;
	struct k8c_call *call;     /* a request under way */
	char *key, *pod_uid;
	char *text, *error;
	int64_t expiration, ttl;
};

struct tokens {
	struct k8c_client *client;
	const struct env *env;
	struct map *map;
	void (*changed)(void *);
	void *ctx;
};

bool token_needs_refresh(int64_t now, int64_t expiration, int64_t ttl, int64_t jitter) {
	int64_t issued = expiration - ttl;
	return now > issued + TOKEN_LIFE_MAX_SECONDS - jitter || now > expiration - ttl * TOKEN_REFRESH_PART / 100 - jitter;
}

int tokens_new(struct k8c_client *c, const struct env *env, void (*changed)(void *), void *ctx, struct tokens **ret) {
	struct tokens *t = calloc(1, sizeof(*t));
	if (!t) return -ENOMEM;
	*t = (struct tokens){ c, env, map_new(TOKENS_MAX), changed, ctx };
	if (!t->map) {
		free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

static void token_free(void *p) {
	struct token *t = p;
	struct k8c_call *call = TAKE_PTR(t->call);
	t->owner = NULL;
	k8c_call_cancel(call);
	if (t->text) explicit_bzero(t->text, strlen(t->text));
	free(t->text);
	free(t->error);
	free(t->key);
	free(t->pod_uid);
	free(t);
}

void tokens_free(struct tokens *t) {
	if (!t) return;
	map_free(t->map, token_free);
	free(t);
}

static int answer_read(struct token *t, struct slice body) {
	_cleanup_arena_ struct arena *a = arena_new(TOKEN_BODY_MAX * 16);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	struct timestamp end;
	if (!a || json_parse(a, body, &doc, &err) < 0) return -EBADMSG;
	const yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	struct slice text = json_path_str(root, "status.token");
	if (slice_empty(text) || timestamp_parse(a, json_path_str(root, "status.expirationTimestamp"), &end, NULL) < 0) return -EBADMSG;
	char *copy = strndup(text.p, text.n);
	if (!copy) return -ENOMEM;
	if (t->text) explicit_bzero(t->text, strlen(t->text));
	free(t->text);
	t->text = copy;
	t->expiration = end.sec;
	t->ttl = json_path_int(root, "spec.expirationSeconds", 3600);
	return 0;
}

static void on_answer(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct token *t = ctx;
	/* Cancelled by token_free. */
	if (!t->owner) return;
	t->call = NULL;
	free(TAKE_PTR(t->error));
	if (err) t->error = strdup(err->message && *err->message ? err->message : strerror(-err->err));
	else if (answer_read(t, slice_of(res->body)) < 0) t->error = strdup("the answer to the token request is not understood");
	t->owner->changed(t->owner->ctx);
}

static int body_write(struct buf *b, const struct token_request *q) {
	buf_puts(b, "{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"spec\":{\"audiences\":[");
	if (!slice_empty(q->audience)) json_write_string(b, q->audience);
	buf_printf(b, "],\"expirationSeconds\":%lld,\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":",
		   (long long)q->expiration);
	json_write_string(b, q->pod_name);
	buf_puts(b, ",\"uid\":");
	json_write_string(b, q->pod_uid);
	buf_puts(b, "}}}");
	return buf_err(b);
}

static int request(struct token *t, const struct token_request *q) {
	static const struct k8c_request_handler handler = { .on_done = on_answer };
	_cleanup_buf_ struct buf body = BUF_INIT(TOKEN_BODY_MAX);
	_cleanup_arena_ struct arena *a = arena_new(0);
	int r = a ? body_write(&body, q) : -ENOMEM;
	if (r < 0) return r;
	struct k8c_op op = {
		.size = sizeof(op),
		.verb = K8C_CREATE,
		.body = bytes_of(buf_slice(&body)),
		.flags = K8C_REQ_REPEATABLE,
		.target = { .version = "v1",
			    .resource = "serviceaccounts",
			    .ns = arena_slice_str(a, q->ns),
			    .name = arena_slice_str(a, q->account),
			    .subresource = "token" },
	};
	if (!op.target.ns || !op.target.name) return -ENOMEM;
	return k8c_op_start(t->owner->client, &op, &handler, t, &t->call);
}

static struct token *token_find(struct tokens *t, const struct token_request *q) {
	_cleanup_buf_ struct buf key = BUF_INIT(TOKEN_BODY_MAX);
	buf_printf(&key, "%.*s/%.*s/%.*s/%lld/%.*s/%.*s", SLICE_FMT(q->ns), SLICE_FMT(q->account), SLICE_FMT(q->audience),
		   (long long)q->expiration, SLICE_FMT(q->pod_name), SLICE_FMT(q->pod_uid));
	if (buf_err(&key)) return NULL;
	struct token *k = map_get(t->map, buf_slice(&key));
	if (k) return k;
	k = calloc(1, sizeof(*k));
	if (!k) return NULL;
	k->owner = t;
	k->pod_uid = strndup(q->pod_uid.p, q->pod_uid.n);
	k->key = buf_take(&key, NULL);
	if (k->pod_uid && k->key && map_put(t->map, slice_str(k->key), k, NULL) == 0) return k;
	token_free(k);
	return NULL;
}

int tokens_get(void *tokens, const struct token_request *q, struct slice *ret, const char **ret_why) {
	struct tokens *t = tokens;
	struct token *k = token_find(t, q);
	if (!k) return -ENOMEM;
	int64_t now = env_now_sec(t->env), jitter = (int64_t)env_uniform(t->env, TOKEN_JITTER_SECONDS);
	bool due = !k->text || token_needs_refresh(now, k->expiration, k->ttl, jitter);
	bool usable = k->text && now < k->expiration;
	bool failed = !usable && k->error != NULL;
	static _Thread_local char text[CHILD_ERROR_SHOWN];
	if (failed) {
		size_t n = strlen(k->error) < sizeof(text) ? strlen(k->error) : sizeof(text) - 1;
		memcpy(text, k->error, n);
		text[n] = 0;
		*ret_why = text;
		free(TAKE_PTR(k->error));
		return -EIO;
	}
	if (due && !k->call) {
		int r = request(k, q);
		if (r < 0 && !usable) return r;
	}
	if (!usable) return -EAGAIN;
	*ret = slice_str(k->text);
	return 0;
}

void tokens_release(struct tokens *t, struct slice pod_uid) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(t->map, &it, &key, &v)) {
		struct token *k = v;
		if (!slice_eqs(pod_uid, k->pod_uid)) continue;
		map_del(t->map, slice_str(k->key));
		token_free(k);
	}
}

void tokens_collect(struct tokens *t) {
	struct slice key;
	size_t it = 0;
	void *v;
	int64_t now = env_now_sec(t->env);
	while (map_next(t->map, &it, &key, &v)) {
		struct token *k = v;
		if (k->call || !k->text || now < k->expiration) continue;
		map_del(t->map, slice_str(k->key));
		token_free(k);
	}
}
