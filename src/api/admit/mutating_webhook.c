/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MutatingAdmissionWebhook: webhooks are asked one after the other, each sees what those before it made of the object; a change
 * makes the phase run once more for those that wish it (apiserver's plugin/webhook/mutating/dispatcher.go, reinvocationcontext.go).
 */
#include "api/admit/webhooks.h"
#include "api/convert.h"
#include "codec/patch.h"

#include <errno.h>

struct mutation {
	struct webhook_set *set;
	size_t at;                     /* the webhook whose turn it is */
	struct webhook_ask *ask;       /* the question that waits for its answer */
	bool *before;                  /* IfNeeded ones asked since the object last changed */
	bool *again;                   /* those to be asked in the second round */
	struct slice output;           /* the object as the webhooks left it */
};

static void answered(struct webhook_ask *q) { admit_again(q->ad); }

/* The object changed: whoever saw it before wants to see it again. */
static void note_change(struct mutation *m) {
	for (size_t i = 0; i < m->set->n; i++) {
		m->again[i] |= m->before[i];
		m->before[i] = false;
	}
}

/* ---- changing the object ---- */

static const struct status *undecodable(struct admit *ad, const struct webhook *w, const char *why) {
	struct webhook_outcome o = { .failure = arena_printf(ad->r->a, "received undecodable patch in webhook response: %s", why) };
	if (!o.failure) return status_no_memory();
	return w->fail_open ? NULL : webhook_failure(ad, w, &o);
}

/* The decoded operations; *ret NULL: nothing to do. */
static const struct status *read_patch(struct admit *ad, const struct webhook *w, struct slice text, const yyjson_mut_val **ret) {
	yyjson_mut_doc *doc;
	struct json_error e;
	const char *msg = NULL;
	*ret = NULL;
	if (slice_empty(text)) return NULL;
	int err = json_parse(ad->r->a, text, &doc, &e);
	if (err == -EBADMSG) return undecodable(ad, w, e.msg);
	if (!err) err = patch_json_check(ad->r->a, yyjson_mut_doc_get_root(doc), &msg);
	if (err == -EBADMSG || err == -E2BIG) return undecodable(ad, w, msg ? msg : "");
	if (err) return status_no_memory();
	if (json_size(yyjson_mut_doc_get_root(doc))) *ret = yyjson_mut_doc_get_root(doc);
	return NULL;
}

/* Back in the version of the request, its type and its managed fields untouched. */
static const struct status *settle(struct admit *ad, const struct schema_resource *as, yyjson_mut_doc *doc, yyjson_mut_val *root) {
	const char *msg = NULL;
	static const char *const kept[] = { "kind", "apiVersion" };
	if (!yyjson_mut_is_obj(root)) return status_internal(ad->r->a, "a webhook made the object something else");
	yyjson_mut_doc_set_root(doc, root);
	int err = schema_decode_tree(webhook_type_of(ad, as), ad->r->a, doc, NULL, &msg);
	if (err == -EBADMSG) return status_internal(ad->r->a, "%s", msg ? msg : "");
	root = yyjson_mut_doc_get_root(doc);
	if (!err && as != ad->res) err = convert_to_stored(as, doc, root) < 0 || convert_to_served(ad->res, doc, root) < 0 ? -ENOMEM : 0;
	if (!err) err = schema_default(webhook_type_of(ad, ad->res), doc, root);
	for (size_t i = 0; !err && i < ELEMENTSOF(kept); i++)
		if (!json_set_str(doc, root, kept[i], json_path_str(ad->obj, kept[i]))) err = -ENOMEM;
	const yyjson_mut_val *managed = json_path(ad->obj, "metadata.managedFields");
	if (!err && managed && !json_set(doc, json_ensure_obj(doc, root, "metadata"), "managedFields", json_copy(doc, managed))) err = -ENOMEM;
	if (err) return status_no_memory();
	ad->doc = doc;
	ad->obj = root;
	return NULL;
}

static const struct status *apply(struct admit *ad, const struct webhook_ask *q, const yyjson_mut_val *patch, bool *ret_changed) {
	const struct webhook *w = q->w;
	yyjson_mut_doc *doc;
	const char *msg = NULL;
	if (!ad->obj || ad->op == ADMIT_CONNECT)
		return status_internal(ad->r->a, "admission webhook %s attempted to modify the object, which is not supported for this operation",
				       status_quote(ad->r->a, w->name));
	const yyjson_mut_val *was = ad->obj;
	yyjson_mut_val *root = webhook_version_of(ad, q->as, ad->obj, &doc);
	int err = root ? patch_json(ad->r->a, doc, &root, patch, &msg) : -ENOMEM;
	if (err == -EINVAL) return status_internal(ad->r->a, "%s", msg ? msg : "");
	const struct status *st = err ? status_no_memory() : settle(ad, q->as, doc, root);
	*ret_changed = !st && !json_equal(was, ad->obj);
	return st;
}

static const struct status *take(struct admit *ad, struct mutation *m, const struct webhook_ask *q) {
	const yyjson_mut_val *patch = NULL;
	bool changed = false;
	const struct status *st = webhooks_judge(ad, q->w, q->outcome);
	if (!st && !q->outcome->failure) st = read_patch(ad, q->w, q->outcome->answer.patch, &patch);
	if (!st && patch) st = apply(ad, q, patch, &changed);
	if (changed) {
		note_change(m);
		ad->reinvoke = true;
	}
	if (q->w->if_needed) m->before[q->w->at] = true;
	return st;
}

/* ---- a round ---- */

static struct slice written(struct admit *ad) {
	_cleanup_buf_ struct buf b = BUF_INIT(32 * MIB);
	if (!ad->obj || schema_encode_json(webhook_type_of(ad, ad->res), ad->obj, &b) < 0) return SLICE_NULL;
	return arena_slice_dup(ad->r->a, buf_slice(&b));
}

static const struct status *begin(struct admit *ad, struct mutation **ret) {
	struct webhook_set *set = NULL;
	if (webhook_set_get(ad->r, ad->snap, true, &set) < 0) return status_no_memory();
	if (!set || !set->n) return NULL;
	struct mutation *m = arena_new_of(ad->r->a, struct mutation);
	bool *marks = arena_zalloc(ad->r->a, 2 * set->n * sizeof(*marks));
	if (!m || !marks) return status_no_memory();
	*m = (struct mutation){ .set = set, .before = marks, .again = marks + set->n };
	ad->webhooks = *ret = m;
	return NULL;
}

/* The second round is for those whose view of the object is out of date, be it by other plugins' doing. */
static void begin_round(struct admit *ad, struct mutation *m) {
	m->at = 0;
	m->ask = NULL;
	if (ad->reinvoking && !slice_eq(m->output, written(ad))) note_change(m);
	ad->plugin_state = m;
}

/* Puts the question to the webhook whose turn it is: 0: its outcome is there, or it is not concerned (m->ask NULL); 1: wait. */
static int ask(struct admit *ad, struct mutation *m, const struct status **ret_st) {
	const struct webhook *w = &m->set->v[m->at];
	struct webhook_match match;
	if (ad->reinvoking && !m->again[m->at]) return 0;
	const struct status *st = webhook_match(ad, w, &match);
	if (!st && match.matches) st = webhooks_check_dry_run(ad, w);
	*ret_st = st;
	if (st || !match.matches) return 0;
	m->ask = arena_new_of(ad->r->a, struct webhook_ask);
	if (m->ask) *m->ask = (struct webhook_ask){ .ad = ad, .w = w, .as = match.as, .mutating = true, .done = answered };
	int got = m->ask ? webhook_ask(m->ask) : -ENOMEM;
	if (got < 0) *ret_st = status_no_memory();
	return got == 1;
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	struct mutation *m = ad->webhooks;
	const struct status *st = m ? NULL : begin(ad, &m);
	if (!st && m && !ad->plugin_state) begin_round(ad, m);
	for (; !st && m && m->at < m->set->n; m->at++) {
		if (!m->ask && ask(ad, m, &st)) return ADMIT_WAIT;
		if (!st && m->ask) st = take(ad, m, m->ask);
		m->ask = NULL;
	}
	if (!st && m && ad->reinvoke && !ad->reinvoking) m->output = written(ad);
	if (st) *ret_st = st;
	return st ? ADMIT_DENY : ADMIT_OK;
}

const struct admit_plugin admit_mutating_webhook = {
	.name = "MutatingAdmissionWebhook",
	.ops = ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE | ADMIT_CONNECT,
	.mutate = mutate,
};
