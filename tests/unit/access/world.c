/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "access/bootstrap.h"
#include "codec/json.h"

#include <errno.h>
#include <semaphore.h>

static int64_t clock_now(void *ctx) { return ((struct world *)ctx)->now; }
static uint64_t clock_mono(void *ctx) { return ((struct world *)ctx)->mono; }
static int draw(void *ctx, void *p, size_t n) { return env_random(&env_system, p, n); }

static void emit_map(yyjson_val *o, void *ctx, void (*emit)(void *, struct slice, struct slice)) {
	size_t i, max;
	yyjson_val *k, *v;
	yyjson_obj_foreach(o, i, max, k, v) emit(ctx, slice_str(yyjson_get_str(k)), slice_str(yyjson_get_str(v)));
}

/* uid, labels, and the node of a pod: as the API server's indexer gives them. */
static int index_object(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink) {
	yyjson_doc *d = yyjson_read(json.p, json.n, 0);
	yyjson_val *root = yyjson_doc_get_root(d), *meta = yyjson_obj_get(root, "metadata");
	yyjson_val *uid = yyjson_obj_get(meta, "uid"), *node = yyjson_obj_get(yyjson_obj_get(root, "spec"), "nodeName");
	if (uid) sink->uid(sink->ctx, slice_str(yyjson_get_str(uid)));
	emit_map(yyjson_obj_get(meta, "labels"), sink->ctx, sink->label);
	if (slice_eqs(key->resource, "/pods"))
		sink->field(sink->ctx, SLICE_LIT("spec.nodeName"), node ? slice_str(yyjson_get_str(node)) : SLICE_LIT(""));
	yyjson_doc_free(d);
	return 0;
}

struct waiting {
	int err;
	sem_t sem;
};

static void on_done(void *ctx, const struct store_result *res) {
	struct waiting *w = ctx;
	w->err = res->err;
	sem_post(&w->sem);
}

static int txn(struct world *w, struct store_op *op) {
	struct waiting wait = { 0 };
	sem_init(&wait.sem, 0, 0);
	int r = store_txn(w->store, op, 1, NULL, on_done, &wait);
	if (r == 0) {
		while (sem_wait(&wait.sem) < 0 && errno == EINTR) {}
		r = wait.err;
	}
	sem_destroy(&wait.sem);
	return r;
}

static void put_text(struct world *w, struct store_key key, const char *text) {
	static const char mark[] = "\"resourceVersion\":\"";
	struct store_op op = { .kind = STORE_CREATE, .key = key };
	op.rv_at = (size_t)(strstr(text, mark) - text) + sizeof(mark) - 1;
	op.json = blob_new(text, strlen(text));
	int r = txn(w, &op);
	if (r == -EEXIST) {
		op.kind = STORE_UPDATE;
		op.expect_rv = STORE_RV_ANY;
		op.json = blob_new(text, strlen(text));
		r = txn(w, &op);
	}
	ck_assert_int_eq(r, 0);
}

char *quoted(struct arena *a, const char *text) {
	char *s = arena_strdup(a, text);
	for (char *p = s; *p; p++)
		if (*p == '\'') *p = '"';
	return s;
}

static void after(struct world *w, const char *resource) {
	if (w->acc && strncmp(resource, "rbac.", 5) == 0) ck_assert_int_eq(access_rebuild(w->acc), 0);
}

void world_put(struct world *w, const char *resource, const char *ns, const char *name, const char *uid, const char *meta,
	       const char *body) {
	const char *in_ns = ns[0] ? arena_printf(w->a, ",'namespace':'%s'", ns) : "";
	char *text = arena_printf(w->a, "{'kind':'X','apiVersion':'v1','metadata':{'name':'%s'%s,'uid':'%s','resourceVersion':''%s}%s}",
				  name, in_ns, uid, meta, body);
	struct store_key key = { slice_str(resource), slice_str(ns), slice_str(name) };
	put_text(w, key, quoted(w->a, text));
	after(w, resource);
}

void world_del(struct world *w, const char *resource, const char *ns, const char *name) {
	const char text[] = "{\"kind\":\"X\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"\"}}";
	struct store_op op = { .kind = STORE_DELETE,
			       .key = { slice_str(resource), slice_str(ns), slice_str(name) },
			       .expect_rv = STORE_RV_ANY,
			       .json = blob_new(text, sizeof(text) - 1),
			       .rv_at = sizeof(text) - 1 - 3 };
	ck_assert_int_eq(txn(w, &op), 0);
	after(w, resource);
}

static void put_bootstrap(struct world *w) {
	struct access_bootstrap_object o;
	for (size_t i = 0; access_bootstrap_object(i, &o); i++) {
		/* The version goes in front of the name. */
		struct slice json = o.json;
		ptrdiff_t at = slice_find(json, SLICE_LIT("\"metadata\":{"));
		size_t cut = (size_t)at + sizeof("\"metadata\":{") - 1;
		put_text(w, (struct store_key){ o.resource, o.ns, o.name },
			 arena_printf(w->a, "%.*s\"resourceVersion\":\"\",%.*s", (int)cut, json.p, (int)(json.n - cut), json.p + cut));
	}
}

static void on_legacy(void *ctx, struct slice ns, struct slice secret, const char *date) {
	struct world *w = ctx;
	(void)snprintf(w->legacy_used, sizeof(w->legacy_used), "%.*s/%.*s %s", SLICE_FMT(ns), SLICE_FMT(secret), date);
}

struct world *world_new_with_key(struct slice sa_key_pem) {
	const char *msg = NULL;
	struct world *w = calloc(1, sizeof(*w));
	w->now = NOW_SEC * NSEC_PER_SEC;
	w->mono = 1;
	w->env = (struct env){ .ctx = w, .now = clock_now, .mono = clock_mono, .random = draw };
	w->a = arena_new(0);
	struct store_options so = { .env = &w->env, .index = index_object };
	ck_assert_int_eq(store_open(&so, &w->store, &msg), 0);
	put_bootstrap(w);
	ck_assert_int_eq(pki_make_ca(&w->env, "k8c-ca", 10 * 365 * 86400ll, &w->ca), 0);
	struct access_options ao = { .env = &w->env, .store = w->store, .client_ca_pem = w->ca.cert_pem, .sa_key_pem = sa_key_pem,
				     .issuer = ISSUER, .anonymous = true };
	ck_assert_msg(access_new(&ao, &w->acc, &msg) == 0, "%s", msg);
	access_on_legacy_use(w->acc, on_legacy, w);
	return w;
}

struct world *world_new(void) {
	struct pki_pair sa = { 0 };
	ck_assert_int_eq(pki_make_key(&sa), 0);
	struct world *w = world_new_with_key(sa.key_pem);
	w->sa = sa;
	return w;
}

void world_free(struct world *w) {
	if (!w) return;
	access_free(w->acc);
	store_close(w->store);
	pki_pair_done(&w->ca);
	pki_pair_done(&w->sa);
	arena_free(w->a);
	free(w);
}

struct access_user *world_user(struct world *w, const char *name, const char *groups) {
	struct access_user *u = arena_new_of(w->a, struct access_user);
	struct slice *v = arena_array(w->a, strlen(groups) + 1, sizeof(*v)), rest = slice_str(groups);
	u->name = slice_str(name);
	u->groups = v;
	while (rest.n) v[u->n_groups++] = slice_cut(&rest, ' ');
	return u;
}

struct access_attrs world_ask(const struct access_user *u, const char *verb, const char *group, const char *resource, const char *ns,
			      const char *name) {
	struct access_attrs at = { .user = u,
				   .verb = slice_str(verb),
				   .ns = slice_str(ns),
				   .group = slice_str(group),
				   .version = SLICE_LIT("v1"),
				   .name = slice_str(name) };
	struct slice rest = slice_str(resource);
	if (resource[0] == '/') {
		at.path = rest;
		return at;
	}
	at.is_resource = true;
	at.resource = slice_cut(&rest, '/');
	at.subresource = rest;
	return at;
}

int world_may(struct world *w, const struct access_attrs *at, const char **ret) {
	int r = access_authorize(w->acc, w->a, at, ret);
	ck_assert_ptr_nonnull(*ret);
	return r;
}

struct slice world_cert(struct world *w, const struct pki_pair *ca, const char *cn, const char *org, int64_t seconds) {
	struct pki_pair p = { 0 };
	struct slice der;
	struct pki_request q = { .cn = cn, .orgs = &org, .n_orgs = org ? 1 : 0, .client = true, .seconds = seconds };
	ck_assert_int_eq(pki_issue(&w->env, ca, &q, &p), 0);
	ck_assert_int_eq(pki_cert_der(p.cert_pem, &der), 0);
	struct slice copy = arena_slice_dup(w->a, der);
	free((void *)(uintptr_t)der.p);
	pki_pair_done(&p);
	return copy;
}
