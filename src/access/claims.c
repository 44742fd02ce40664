/* SPDX-License-Identifier: Apache-2.0 */
#include "access/claims.h"

#include "access/limits.h"
#include "codec/json.h"

#include <errno.h>
#include <math.h>

#define LEGACY "kubernetes.io/serviceaccount/"

/* One parse: the first thing that is wrong wins. */
struct parse {
	struct arena *a;
	const char *msg;
	bool nomem;
};

enum kind { K_STRING, K_TIME, K_AUDIENCE, K_REF, K_KUBERNETES };

struct field {
	const char *name;
	enum kind kind;
	size_t offset;
};

static const struct field public_fields[] = {
	{ "iss", K_STRING, offsetof(struct claims, iss) },
	{ "sub", K_STRING, offsetof(struct claims, sub) },
	{ "jti", K_STRING, offsetof(struct claims, jti) },
	{ "aud", K_AUDIENCE, 0 },
	{ "exp", K_TIME, offsetof(struct claims, exp) },
	{ "nbf", K_TIME, offsetof(struct claims, nbf) },
	{ "iat", K_TIME, offsetof(struct claims, iat) },
	{ "kubernetes.io", K_KUBERNETES, 0 },
	{ LEGACY "namespace", K_STRING, offsetof(struct claims, legacy_ns) },
	{ LEGACY "secret.name", K_STRING, offsetof(struct claims, legacy_secret) },
	{ LEGACY "service-account.name", K_STRING, offsetof(struct claims, legacy_account) },
	{ LEGACY "service-account.uid", K_STRING, offsetof(struct claims, legacy_uid) },
};

static const struct field kubernetes_fields[] = {
	{ "namespace", K_STRING, offsetof(struct claims, ns) },
	{ "serviceaccount", K_REF, offsetof(struct claims, account) },
	{ "pod", K_REF, offsetof(struct claims, pod) },
	{ "secret", K_REF, offsetof(struct claims, secret) },
	{ "node", K_REF, offsetof(struct claims, node) },
	{ "warnafter", K_TIME, offsetof(struct claims, warnafter) },
};

static const struct field ref_fields[] = {
	{ "name", K_STRING, offsetof(struct claims_ref, name) },
	{ "uid", K_STRING, offsetof(struct claims_ref, uid) },
};

static void fail(struct parse *p, const char *msg) {
	if (!p->msg) p->msg = msg ? msg : "";
	if (!msg) p->nomem = true;
}

static struct slice val_slice(yyjson_val *v) { return slice_make(yyjson_get_str(v), yyjson_get_len(v)); }

static void get_string(struct parse *p, yyjson_val *v, const char *name, struct slice *out) {
	if (yyjson_is_str(v)) *out = val_slice(v);
	else if (!yyjson_is_null(v))
		fail(p, arena_printf(p->a, "json: cannot unmarshal %s into Go value of type string (%s)", yyjson_get_type_desc(v), name));
}

static void get_time(struct parse *p, yyjson_val *v, struct claims_time *out) {
	if (yyjson_is_null(v)) return;
	double d = yyjson_is_num(v) ? yyjson_get_num(v) : NAN;
	if (isnan(d) || d < -9.2e18 || d > 9.2e18) {
		fail(p, "go-jose/go-jose/jwt: expected number value to unmarshal NumericDate");
		return;
	}
	out->present = true;
	out->sec = yyjson_is_int(v) ? yyjson_get_sint(v) : (int64_t)d;
}

static void get_audience(struct parse *p, yyjson_val *v, struct claims *c) {
	size_t n = yyjson_is_arr(v) ? yyjson_arr_size(v) : 1, i, max;
	if (yyjson_is_null(v)) return;
	struct slice *out = n > TOKEN_AUDIENCES_MAX ? NULL : arena_array(p->a, n ? n : 1, sizeof(*out));
	bool ok = out && (yyjson_is_str(v) || yyjson_is_arr(v));
	yyjson_val *item;
	if (ok && yyjson_is_str(v)) out[0] = val_slice(v);
	else if (ok) yyjson_arr_foreach(v, i, max, item) {
		ok = ok && yyjson_is_str(item);
		if (ok) out[i] = val_slice(item);
	}
	if (!ok) {
		fail(p, "go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience");
		return;
	}
	c->aud = out;
	c->n_aud = n;
}

static void get_fields(struct parse *p, yyjson_val *o, const struct field *f, size_t n, void *base, struct claims *c, unsigned depth);

static void get_ref(struct parse *p, yyjson_val *v, struct claims_ref *out, unsigned depth) {
	if (yyjson_is_null(v)) return;
	out->present = true;
	get_fields(p, v, ref_fields, ELEMENTSOF(ref_fields), out, NULL, depth);
}

static void get_field(struct parse *p, yyjson_val *v, const struct field *f, void *base, struct claims *c, unsigned depth) {
	void *out = (char *)base + f->offset;
	switch (f->kind) {
	case K_STRING: get_string(p, v, f->name, out); break;
	case K_TIME: get_time(p, v, out); break;
	case K_AUDIENCE: get_audience(p, v, c); break;
	case K_REF: get_ref(p, v, out, depth + 1); break;
	case K_KUBERNETES:
		if (!yyjson_is_null(v)) get_fields(p, v, kubernetes_fields, ELEMENTSOF(kubernetes_fields), c, c, depth + 1);
		break;
	}
}

/* Depth is bounded by the tables: claims, kubernetes.io, a reference. */
static void get_fields(struct parse *p, yyjson_val *o, const struct field *f, size_t n, void *base, struct claims *c, unsigned depth) {
	size_t i, max;
	yyjson_val *key, *val;
	uint32_t seen = 0;
	if (!yyjson_is_obj(o)) {
		fail(p, "json: cannot unmarshal value into Go value of type object");
		return;
	}
	yyjson_obj_foreach(o, i, max, key, val) {
		size_t k = 0;
		while (k < n && !slice_eqs(val_slice(key), f[k].name)) k++;
		if (k == n) continue;
		if (seen & 1u << k) fail(p, arena_printf(p->a, "json: duplicate key '%s' in object", f[k].name));
		seen |= 1u << k;
		get_field(p, val, &f[k], base, c, depth);
	}
}

static yyjson_val *read_root(struct arena *a, struct slice text) {
	const yyjson_alc *alc = json_alc(a);
	return alc ? yyjson_doc_get_root(yyjson_read_opts((char *)(uintptr_t)text.p, text.n, 0, alc, NULL)) : NULL;
}

int claims_parse(struct arena *a, struct slice payload, struct claims *ret, const char **ret_msg) {
	struct parse p = { .a = a };
	struct claims c = { 0 };
	yyjson_val *root = read_root(a, payload);
	if (!root) fail(&p, "json: invalid payload");
	else get_fields(&p, root, public_fields, ELEMENTSOF(public_fields), &c, &c, 0);
	if (p.nomem) return -ENOMEM;
	if (p.msg) {
		*ret_msg = p.msg;
		return -EBADMSG;
	}
	*ret = c;
	return 0;
}

struct slice claims_issuer(struct arena *a, struct slice payload) {
	yyjson_val *v = yyjson_obj_get(read_root(a, payload), "iss");
	return yyjson_is_str(v) ? val_slice(v) : SLICE_NULL;
}

static void put_string(struct buf *b, const char *lead, struct slice s) {
	buf_puts(b, lead);
	json_write_string(b, s);
}

/* {"name":...,"uid":...}, empty members left out. */
static void put_ref(struct buf *b, const char *lead, const struct claims_ref *r) {
	buf_puts(b, lead);
	buf_putc(b, '{');
	if (r->name.n) put_string(b, "\"name\":", r->name);
	if (r->uid.n) put_string(b, r->name.n ? ",\"uid\":" : "\"uid\":", r->uid);
	buf_putc(b, '}');
}

static void put_audiences(struct buf *b, const struct claims *c) {
	buf_puts(b, "{\"aud\":[");
	for (size_t i = 0; i < c->n_aud; i++) put_string(b, i ? "," : "", c->aud[i]);
	buf_putc(b, ']');
}

int claims_put(struct buf *b, const struct claims *c) {
	put_audiences(b, c);
	buf_printf(b, ",\"exp\":%lld,\"iat\":%lld", (long long)c->exp.sec, (long long)c->iat.sec);
	put_string(b, ",\"iss\":", c->iss);
	put_string(b, ",\"jti\":", c->jti);
	put_string(b, ",\"kubernetes.io\":{\"namespace\":", c->ns);
	if (c->node.present) put_ref(b, ",\"node\":", &c->node);
	if (c->pod.present) put_ref(b, ",\"pod\":", &c->pod);
	if (c->secret.present) put_ref(b, ",\"secret\":", &c->secret);
	put_ref(b, ",\"serviceaccount\":", &c->account);
	if (c->warnafter.present) buf_printf(b, ",\"warnafter\":%lld", (long long)c->warnafter.sec);
	buf_printf(b, "},\"nbf\":%lld", (long long)c->nbf.sec);
	put_string(b, ",\"sub\":", c->sub);
	return buf_putc(b, '}');
}

int claims_put_legacy(struct buf *b, const struct claims *c) {
	put_string(b, "{\"iss\":", c->iss);
	put_string(b, ",\"" LEGACY "namespace\":", c->legacy_ns);
	put_string(b, ",\"" LEGACY "secret.name\":", c->legacy_secret);
	put_string(b, ",\"" LEGACY "service-account.name\":", c->legacy_account);
	put_string(b, ",\"" LEGACY "service-account.uid\":", c->legacy_uid);
	put_string(b, ",\"sub\":", c->sub);
	return buf_putc(b, '}');
}
