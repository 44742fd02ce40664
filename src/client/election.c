/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leader election on a Lease (client-go/tools/leaderelection). Whether a holder's lease has run out is judged by when this
 * process last saw the lease change, never by comparing clocks of different machines.
 */
#include "client/error.h"
#include "client/request.h"
#include "codec/timestamp.h"

#include <errno.h>

#define LEASE_MS 15000u
#define RENEW_MS 10000u
#define RETRY_MS 2000u

struct k8c_election {
	struct k8c_client *client;
	struct arena *arena;
	struct k8c_election_options o;
	struct k8c_election_handler h;
	void *ctx;
	struct k8c_target target;
	struct k8c_call *step;
	struct loop_timer *timer;
	struct loop_timer *deadline; /* leading, and not renewed by then: stop */
	char *seen_rv, *leader;      /* the lease as last seen, its holder */
	uint64_t seen_ms;            /* when it last changed */
	uint64_t tried_ms;           /* when the write under way was begun */
	bool leads;
	char *held;                  /* the lease as last written, for giving it up */
};

static void try_once(void *arg);

static uint64_t now_ms(const struct k8c_election *e) { return env_mono(e->client->env) / 1000000; }

static void next_try(struct k8c_election *e) {
	uint32_t delay = e->o.retry_ms + (e->leads ? 0 : (uint32_t)env_uniform(e->client->env, e->o.retry_ms / 5 + 1));
	if (!e->timer) e->timer = loop_timer_start(e->client->loop, delay, 0, try_once, e);
}

static void set_leader(struct k8c_election *e, struct slice who) {
	if (e->leader && slice_eqs(who, e->leader)) return;
	char *s = strndup(who.p ? who.p : "", who.n);
	if (!s) return;
	free(e->leader);
	e->leader = s;
	if (who.n && e->h.on_leader) e->h.on_leader(e->ctx, s);
}

static void stop_leading(struct k8c_election *e) {
	e->deadline = loop_timer_stop(e->deadline);
	if (!e->leads) return;
	e->leads = false;
	e->h.on_stopped(e->ctx);
}

static void on_deadline(void *arg) {
	struct k8c_election *e = arg;
	e->deadline = NULL;
	stop_leading(e);
}

/* The lease is ours: until `tried_ms` + renew at least. */
static void renewed(struct k8c_election *e, struct slice body) {
	uint64_t since = now_ms(e) - e->tried_ms;
	loop_timer_stop(e->deadline);
	e->deadline = loop_timer_start(e->client->loop, since < e->o.renew_ms ? e->o.renew_ms - since : 0, 0, on_deadline, e);
	free(e->held);
	e->held = strndup(body.p ? body.p : "", body.n);
	set_leader(e, slice_str(e->o.identity));
	if (e->leads) return;
	e->leads = true;
	e->h.on_started(e->ctx);
}

static void on_written(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct k8c_election *e = ctx;
	e->step = NULL;
	if (err && err->err == -ECANCELED) return;
	if (!err) renewed(e, slice_of(res->body));
	/* Somebody else wrote it first: whether we still lead, the next look tells. */
	next_try(e);
}

static int put_spec(struct k8c_election *e, yyjson_mut_doc *doc, yyjson_mut_val *root, bool taken_over, bool give_up) {
	char now[TIMESTAMP_TEXT];
	int64_t ns = env_now(e->client->env), seconds = give_up ? 1 : (e->o.lease_ms + 999) / 1000;
	timestamp_format_micro((struct timestamp){ ns / NSEC_PER_SEC, (uint32_t)(ns % NSEC_PER_SEC) }, now);
	yyjson_mut_val *spec = json_ensure_obj(doc, root, "spec");
	if (!spec) return -ENOMEM;
	bool had = json_get(spec, "leaseTransitions") != NULL;
	int64_t transitions = json_path_int(spec, "leaseTransitions", 0);
	if (transitions < 0 || transitions >= INT32_MAX) transitions = 0; /* the field has 32 bits */
	/* No holder is no member: an empty one is invalid. */
	if (give_up) json_del(spec, "holderIdentity");
	bool ok = (give_up || json_set_str(doc, spec, "holderIdentity", slice_str(e->o.identity))) &&
		  json_set_int(doc, spec, "leaseDurationSeconds", seconds) && json_set_str(doc, spec, "renewTime", slice_str(now));
	if (taken_over || give_up) ok = ok && json_set_str(doc, spec, "acquireTime", slice_str(now));
	if (taken_over || !had) ok = ok && json_set_int(doc, spec, "leaseTransitions", transitions + (taken_over && had));
	return ok ? 0 : -ENOMEM;
}

static int write_lease(struct k8c_election *e, yyjson_mut_val *root, bool create) {
	static const struct k8c_request_handler h = { .on_done = on_written };
	_cleanup_buf_ struct buf body = BUF_INIT(CLIENT_ERROR_BODY_MAX);
	json_write(&body, root);
	struct k8c_op op = { .size = sizeof(op),
			     .verb = create ? K8C_CREATE : K8C_UPDATE,
			     .target = e->target,
			     .body = bytes_of(buf_slice(&body)),
			     .timeout_ms = e->o.renew_ms,
			     .flags = K8C_REQ_NO_RETRY };
	if (create) op.target.name = NULL;
	return body.err ? body.err : k8c_op_start(e->client, &op, &h, e, &e->step);
}

static int create_lease(struct k8c_election *e) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc = a ? json_doc(a) : NULL;
	yyjson_mut_val *root = doc ? yyjson_mut_obj(doc) : NULL;
	if (!root) return -ENOMEM;
	bool ok = json_set_str(doc, root, "kind", SLICE_LIT("Lease")) &&
		  json_set_str(doc, root, "apiVersion", SLICE_LIT("coordination.k8s.io/v1"));
	yyjson_mut_val *meta = json_ensure_obj(doc, root, "metadata");
	ok = ok && meta && json_set_str(doc, meta, "name", slice_str(e->o.name)) &&
	     json_set_str(doc, meta, "namespace", slice_str(e->o.ns));
	return ok && put_spec(e, doc, root, true, false) == 0 ? write_lease(e, root, true) : -ENOMEM;
}

/* Notes the lease; true when its holder may be replaced. */
static bool observe(struct k8c_election *e, const yyjson_mut_val *root) {
	struct slice rv = json_path_str(root, "metadata.resourceVersion"), holder = json_path_str(root, "spec.holderIdentity");
	int64_t lasts = json_path_int(root, "spec.leaseDurationSeconds", 0);
	lasts = lasts > INT32_MAX ? INT32_MAX * 1000ll : lasts * 1000 * (lasts > 0);
	if (!e->seen_rv || !slice_eqs(rv, e->seen_rv)) {
		free(e->seen_rv);
		e->seen_rv = strndup(rv.p ? rv.p : "", rv.n);
		e->seen_ms = now_ms(e);
	}
	if (!holder.n || slice_eqs(holder, e->o.identity)) return true;
	set_leader(e, holder);
	stop_leading(e);
	return now_ms(e) >= e->seen_ms + (uint64_t)(lasts > 0 ? lasts : 0);
}

static void on_read(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct k8c_election *e = ctx;
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	int r = -EIO;
	e->step = NULL;
	if (err && err->err == -ECANCELED) return;
	if (err && err->err == -ENOENT) {
		r = create_lease(e);
	} else if (!err && a && json_parse(a, slice_of(res->body), &doc, NULL) == 0 && observe(e, doc->root)) {
		bool ours = slice_eqs(json_path_str(doc->root, "spec.holderIdentity"), e->o.identity);
		r = put_spec(e, doc, doc->root, !ours, false);
		if (r == 0) r = write_lease(e, doc->root, false);
	}
	if (r < 0) next_try(e);
}

static void try_once(void *arg) {
	static const struct k8c_request_handler h = { .on_done = on_read };
	struct k8c_election *e = arg;
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_GET, .target = e->target, .timeout_ms = e->o.renew_ms, .flags = K8C_REQ_NO_RETRY
	};
	e->timer = NULL;
	e->tried_ms = now_ms(e);
	if (k8c_op_start(e->client, &op, &h, e, &e->step) < 0) next_try(e);
}

static int setup(struct k8c_election *e, const struct k8c_election_options *given) {
	struct k8c_election_options *o = &e->o;
	memcpy(o, given, given->size < sizeof(*o) ? given->size : sizeof(*o));
	if (!o->ns || !o->name || !o->identity || !*o->identity) return -EINVAL;
	if (!o->lease_ms) o->lease_ms = LEASE_MS;
	if (!o->renew_ms) o->renew_ms = RENEW_MS;
	if (!o->retry_ms) o->retry_ms = RETRY_MS;
	if (o->renew_ms >= o->lease_ms || o->retry_ms >= o->renew_ms) return -EINVAL;
	e->arena = arena_new(0);
	if (!e->arena) return -ENOMEM;
	o->identity = arena_strdup(e->arena, o->identity);
	int r = target_copy(e->arena, &(struct k8c_target){ "coordination.k8s.io", "v1", "leases", o->ns, o->name, NULL }, &e->target);
	o->ns = e->target.ns;
	o->name = e->target.name;
	e->timer = loop_timer_start(e->client->loop, 0, 0, try_once, e);
	return r < 0 ? r : o->identity && e->timer ? 0 : -ENOMEM;
}

static void election_destroy(struct k8c_election *e) {
	loop_timer_stop(e->timer);
	loop_timer_stop(e->deadline);
	free(e->seen_rv);
	free(e->leader);
	free(e->held);
	arena_free(e->arena);
	free(e);
}

int k8c_election_start(struct k8c_client *c, const struct k8c_election_options *o, const struct k8c_election_handler *h,
		       void *ctx, struct k8c_election **ret) {
	if (!h->on_started || !h->on_stopped) return -EINVAL;
	struct k8c_election *e = calloc(1, sizeof(*e));
	if (!e) return -ENOMEM;
	e->client = c;
	e->h = *h;
	e->ctx = ctx;
	int r = setup(e, o);
	if (r < 0) {
		election_destroy(e);
		return r;
	}
	c->dirty = true;
	*ret = e;
	return 0;
}

bool k8c_election_leads(const struct k8c_election *e) { return e->leads; }

static void ignore(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {}

/* Writes the lease without a holder, so that the next leader need not wait. */
static void give_up(struct k8c_election *e) {
	static const struct k8c_request_handler h = { .on_done = ignore };
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf body = BUF_INIT(CLIENT_ERROR_BODY_MAX);
	yyjson_mut_doc *doc;
	if (!a || !e->held || json_parse(a, slice_str(e->held), &doc, NULL) < 0 || put_spec(e, doc, doc->root, false, true) < 0) return;
	json_write(&body, doc->root);
	struct k8c_op op = { .size = sizeof(op),
			     .verb = K8C_UPDATE,
			     .target = e->target,
			     .body = bytes_of(buf_slice(&body)),
			     .flags = K8C_REQ_NO_RETRY };
	if (body.err == 0) (void)k8c_op_start(e->client, &op, &h, NULL, NULL);
}

void k8c_election_free(struct k8c_election *e) {
	if (!e) return;
	struct k8c_call *step = TAKE_PTR(e->step);
	k8c_call_cancel(step);
	if (e->leads && !e->o.keep_on_free) give_up(e);
	stop_leading(e);
	election_destroy(e);
}
