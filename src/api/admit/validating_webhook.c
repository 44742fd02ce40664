/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ValidatingAdmissionWebhook: every webhook that the write concerns is asked, all at once; one refusal is enough (apiserver's
 * plugin/webhook/validating/dispatcher.go). The first in order is reported.
 */
#include "api/admit/webhooks.h"

#include "base/log.h"

#include <errno.h>

/* ---- shared ---- */

const struct status *webhooks_check_dry_run(struct admit *ad, const struct webhook *w) {
	if (!ad->dry_run || w->dry_runs) return NULL;
	return status_bad_request(ad->r->a, "admission webhook %s does not support dry run", status_quote(ad->r->a, w->name));
}

const struct status *webhooks_judge(struct admit *ad, const struct webhook *w, const struct webhook_outcome *o) {
	yyjson_mut_val *text;
	if (o->failure && w->fail_open) {
		/* What strangers say is kept out of the log (CVE-2020-8561). */
		log_warn("api", "failed calling webhook, failing open %.*s: %s", SLICE_FMT(w->name), o->answered ? "what it answered is of no use" : o->failure);
		return NULL;
	}
	if (o->failure) return webhook_failure(ad, w, o);
	json_each(o->answer.warnings, text) request_warn(ad->r, arena_slice_str(ad->r->a, json_str(text)));
	return o->answer.allowed ? NULL : webhook_denial(ad->r->a, w->name, o->answer.result);
}

/* ---- the plugin ---- */

struct validation {
	struct webhook_ask *v;
	size_t n, waiting;
};

static void answered(struct webhook_ask *q) {
	struct validation *val = q->ad->plugin_state;
	if (--val->waiting == 0) admit_again(q->ad);
}

/* Those to be asked. NULL or the status. */
static const struct status *choose(struct admit *ad, const struct webhook_set *set, struct validation *val) {
	val->v = arena_array(ad->r->a, set->n + 1, sizeof(*val->v));
	if (!val->v) return status_no_memory();
	for (size_t i = 0; i < set->n; i++) {
		struct webhook_match m;
		const struct status *st = webhook_match(ad, &set->v[i], &m);
		if (!st && m.matches) st = webhooks_check_dry_run(ad, &set->v[i]);
		if (st) return st;
		if (m.matches) val->v[val->n++] = (struct webhook_ask){ .ad = ad, .w = &set->v[i], .as = m.as, .done = answered };
	}
	return NULL;
}

static const struct status *ask_all(struct validation *val) {
	for (size_t i = 0; i < val->n; i++) {
		int got = webhook_ask(&val->v[i]);
		if (got < 0) return status_no_memory();
		val->waiting += got == 1;
	}
	return NULL;
}

static const struct status *begin(struct admit *ad, struct validation **ret) {
	struct webhook_set *set = NULL;
	struct validation *val = NULL;
	if (webhook_set_get(ad->r, ad->snap, false, &set) < 0) return status_no_memory();
	if (!set) return NULL;
	if (!(val = arena_new_of(ad->r->a, struct validation))) return status_no_memory();
	const struct status *st = choose(ad, set, val);
	ad->plugin_state = val;
	if (!st) st = ask_all(val);
	*ret = val;
	return st;
}

static int validate(struct admit *ad, const struct status **ret_st) {
	struct validation *val = ad->plugin_state;
	const struct status *st = val ? NULL : begin(ad, &val);
	if (!st && val && val->waiting) return ADMIT_WAIT;
	for (size_t i = 0; !st && val && i < val->n; i++) st = webhooks_judge(ad, val->v[i].w, val->v[i].outcome);
	if (st) *ret_st = st;
	return st ? ADMIT_DENY : ADMIT_OK;
}

const struct admit_plugin admit_validating_webhook = {
	.name = "ValidatingAdmissionWebhook",
	.ops = ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE | ADMIT_CONNECT,
	.validate = validate,
};
