/* SPDX-License-Identifier: Apache-2.0 */
/* Events, correlated as client-go's record package does: floods dropped, similar ones combined, equal ones counted. */
#include "base/map.h"
#include "client/client.h"
#include "client/request.h"
#include "codec/timestamp.h"

#include <errno.h>
#include <stdio.h>

#define RECORDER_ENTRIES_MAX 4096u    /* of each kind that is remembered */
#define RECORDER_IN_FLIGHT_MAX 1000u
#define SPAM_BURST 25u
#define SPAM_REFILL_SECONDS 300
#define SIMILAR_MAX 10u
#define SIMILAR_SECONDS 600
#define MESSAGE_MAX 1024u
#define COMBINED "(combined from similar events): "

/* How much one source may say about one object. */
struct spam { double tokens; int64_t at; };
/* Different messages with otherwise equal fields. */
struct similar { size_t n; uint64_t messages[SIMILAR_MAX]; int64_t at; };
/* An event that exists on the server (or is being made): counted up by patches. */
struct known { char *name; uint32_t count; char first[TIMESTAMP_TEXT]; };

struct k8c_recorder {
	unsigned refs; /* the owner, and every request under way */
	bool closed;
	struct k8c_client *client;
	char *component, *host;
	struct map *spam, *similar, *known;
	unsigned in_flight;
};

/* One event on its way. */
struct sending {
	struct k8c_recorder *r;
	char *ns, *body; /* of the creation, in case a patch finds nothing to patch */
};

static void known_free(void *p) {
	struct known *k = p;
	free(k->name);
	free(k);
}

static void recorder_unref(struct k8c_recorder *r) {
	if (--r->refs) return;
	map_free(r->spam, free);
	map_free(r->similar, free);
	map_free(r->known, known_free);
	free(r->component);
	free(r->host);
	free(r);
}

int k8c_recorder_new(struct k8c_client *c, const struct k8c_recorder_options *given, struct k8c_recorder **ret) {
	struct k8c_recorder_options o = { 0 };
	struct k8c_recorder *r = calloc(1, sizeof(*r));
	memcpy(&o, given, given->size < sizeof(o) ? given->size : sizeof(o));
	if (!r) return -ENOMEM;
	*r = (struct k8c_recorder){ .refs = 1,
				     .client = c,
				     .component = strdup(o.component ? o.component : ""),
				     .host = strdup(o.host ? o.host : ""),
				     .spam = map_new(RECORDER_ENTRIES_MAX),
				     .similar = map_new(RECORDER_ENTRIES_MAX),
				     .known = map_new(RECORDER_ENTRIES_MAX) };
	if (!r->component || !r->host || !r->spam || !r->similar || !r->known) {
		recorder_unref(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

void k8c_recorder_free(struct k8c_recorder *r) {
	if (!r) return;
	r->closed = true;
	recorder_unref(r);
}

/* ---- remembering ---- */

/* The entry of a key, made when there is none; a full table is emptied first: forgetting costs an event more, never one too few.
 */
static void *entry(struct map **m, struct slice key, size_t size, void (*free_value)(void *)) {
	void *v = map_get(*m, key);
	if (v) return v;
	if (map_count(*m) >= RECORDER_ENTRIES_MAX) {
		struct map *fresh = map_new(RECORDER_ENTRIES_MAX);
		if (!fresh) return NULL;
		map_free(*m, free_value);
		*m = fresh;
	}
	v = calloc(1, size);
	if (v && map_put(*m, key, v, NULL) < 0) {
		free(v);
		return NULL;
	}
	return v;
}

/* A bucket of SPAM_BURST that gains one token every SPAM_REFILL_SECONDS. */
static bool is_spam(struct k8c_recorder *r, struct slice key, int64_t now) {
	bool fresh = map_get(r->spam, key) == NULL;
	struct spam *s = entry(&r->spam, key, sizeof(*s), free);
	if (!s) return false;
	if (fresh) s->tokens = SPAM_BURST;
	else s->tokens += (double)(now - s->at) / SPAM_REFILL_SECONDS;
	if (s->tokens > SPAM_BURST) s->tokens = SPAM_BURST;
	s->at = now;
	if (s->tokens < 1) return true;
	s->tokens -= 1;
	return false;
}

/* True when so many messages differ that they are told as one. */
static bool combine(struct k8c_recorder *r, struct slice key, struct slice message, int64_t now) {
	struct similar *s = entry(&r->similar, key, sizeof(*s), free);
	uint64_t h = map_hash(message);
	if (!s) return false;
	if (now - s->at > SIMILAR_SECONDS) s->n = 0;
	s->at = now;
	for (size_t i = 0; i < s->n; i++)
		if (s->messages[i] == h) return false;
	if (s->n == SIMILAR_MAX) return true;
	s->messages[s->n++] = h;
	return false;
}

/* ---- sending ---- */

static void sending_free(struct sending *s) {
	s->r->in_flight--;
	recorder_unref(s->r);
	free(s->ns);
	free(s->body);
	free(s);
}

static void on_created(void *ctx, const struct k8c_response *res, const struct k8c_error *err) { sending_free(ctx); }

static int create(struct sending *s) {
	static const struct k8c_request_handler h = { .on_done = on_created };
	struct k8c_op op = { .size = sizeof(op),
			     .verb = K8C_CREATE,
			     .target = { "", "v1", "events", s->ns, NULL, NULL },
			     .body = { s->body, strlen(s->body) } };
	return k8c_op_start(s->r->client, &op, &h, s, NULL);
}

static void on_patched(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct sending *s = ctx;
	if (err && err->err == -ENOENT && !s->r->closed && create(s) == 0) return;
	sending_free(s);
}

static int patch(struct sending *s, const struct known *k, const char *now, const char *message) {
	static const struct k8c_request_handler h = { .on_done = on_patched };
	_cleanup_buf_ struct buf b = BUF_INIT(64 * 1024);
	buf_printf(&b, "{\"count\":%u,\"lastTimestamp\":\"%s\",\"message\":", k->count, now);
	json_write_string(&b, slice_str(message));
	buf_putc(&b, '}');
	struct k8c_op op = { .size = sizeof(op),
			     .verb = K8C_PATCH,
			     .patch = K8C_PATCH_STRATEGIC,
			     .target = { "", "v1", "events", s->ns, k->name, NULL },
			     .body = bytes_of(buf_slice(&b)),
			     .flags = K8C_REQ_REPEATABLE };
	return b.err ? b.err : k8c_op_start(s->r->client, &op, &h, s, NULL);
}

static void member(struct buf *b, const char *name, const char *value) {
	if (!value || !*value) return;
	if (b->n && b->p[b->n - 1] != '{') buf_putc(b, ',');
	json_write_string(b, slice_str(name));
	buf_putc(b, ':');
	json_write_string(b, slice_str(value));
}

static void put_event(struct buf *b, const struct k8c_recorder *r, const struct k8c_reference *about, const struct known *k,
		      const char *ns, const char *type, const char *reason, const char *message, const char *now) {
	buf_puts(b, "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{");
	member(b, "name", k->name);
	member(b, "namespace", ns);
	buf_puts(b, "},\"involvedObject\":{");
	member(b, "kind", about->kind);
	member(b, "namespace", about->ns);
	member(b, "name", about->name);
	member(b, "uid", about->uid);
	member(b, "apiVersion", about->api_version);
	member(b, "resourceVersion", about->resource_version);
	member(b, "fieldPath", about->field_path);
	buf_putc(b, '}');
	member(b, "reason", reason);
	member(b, "message", message);
	buf_puts(b, ",\"source\":{");
	member(b, "component", r->component);
	member(b, "host", r->host);
	buf_printf(b, "},\"firstTimestamp\":\"%s\",\"lastTimestamp\":\"%s\",\"count\":%u", k->first, now, k->count);
	member(b, "type", type);
	buf_puts(b, ",\"eventTime\":null");
	member(b, "reportingComponent", r->component);
	buf_puts(b, ",\"reportingInstance\":");
	json_write_string(b, slice_str(r->host));
	buf_putc(b, '}');
}

static struct known *know(struct k8c_recorder *r, struct slice key, const char *object, const char *now) {
	struct known *k = entry(&r->known, key, sizeof(*k), known_free);
	if (!k || k->name) return k;
	char name[300];
	snprintf(name, sizeof(name), "%.230s.%llx", object, (unsigned long long)env_now(r->client->env));
	k->name = strdup(name);
	snprintf(k->first, sizeof(k->first), "%s", now);
	if (k->name) return k;
	map_del(r->known, key);
	free(k);
	return NULL;
}

static int send_event(struct k8c_recorder *r, const struct k8c_reference *about, struct known *k, const char *type,
		      const char *reason, const char *message, const char *now) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * 1024);
	const char *ns = about->ns && *about->ns ? about->ns : "default";
	struct sending *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	k->count++;
	put_event(&b, r, about, k, ns, type, reason, message, now);
	r->refs++;
	r->in_flight++;
	*s = (struct sending){ r, strdup(ns), buf_take(&b, NULL) };
	int e = !s->ns || !s->body ? -ENOMEM : k->count > 1 ? patch(s, k, now, message) : create(s);
	if (e < 0) sending_free(s);
	return e;
}

static void put_key(struct buf *b, const char *s) {
	buf_puts(b, s ? s : "");
	buf_putc(b, 0);
}

int k8c_recorder_event(struct k8c_recorder *r, const struct k8c_reference *about, const char *type, const char *reason,
		       const char *message) {
	_cleanup_buf_ struct buf key = BUF_INIT(64 * 1024);
	char now[TIMESTAMP_TEXT], text[MESSAGE_MAX + 1];
	int64_t sec = env_now_sec(r->client->env);
	timestamp_format(sec, now);
	const char *fields[] = { about->kind, about->ns, about->name, about->uid, about->api_version };
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) put_key(&key, fields[i]);
	if (is_spam(r, buf_slice(&key), sec) || r->in_flight >= RECORDER_IN_FLIGHT_MAX) return 1;
	put_key(&key, about->field_path);
	put_key(&key, type);
	put_key(&key, reason);
	bool combined = combine(r, buf_slice(&key), slice_str(message), sec);
	snprintf(text, sizeof(text), "%s%s", combined ? COMBINED : "", message);
	put_key(&key, combined ? "" : message);
	if (key.err) return key.err;
	struct known *k = know(r, buf_slice(&key), about->name ? about->name : "", now);
	return k ? send_event(r, about, k, type, reason, text, now) : -ENOMEM;
}
