/* SPDX-License-Identifier: Apache-2.0 */
/* auth can-i --list: rules taken apart, those of one resource put together, sorted as kubectl does. */
#include "ctl/auth.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

#define AUTH_RULES_MAX 100000u

struct rule {
	const char *group, *resource, *name, *url; /* NULL: none */
	struct strings verbs;
	const char *key;                           /* what is sorted by */
};
struct rules {
	struct ctl *c;
	struct rule *v;
	size_t n, cap;
};

static bool same(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static struct rule *add(struct rules *l, struct rule r) {
	/* Verbs of one resource come together, those of a path stay apart. */
	for (size_t i = 0; i < l->n && !r.url; i++)
		if (!l->v[i].url && same(l->v[i].group, r.group) && same(l->v[i].resource, r.resource) && same(l->v[i].name, r.name)) return &l->v[i];
	if (l->n == AUTH_RULES_MAX) return NULL;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		l->v = ctl_must(arena_realloc(l->c->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v)));
		l->cap = cap;
	}
	l->v[l->n] = r;
	return &l->v[l->n++];
}

static void add_verbs(struct rules *l, const yyjson_mut_val *verbs, struct rule r) {
	yyjson_mut_val *v;
	json_each(verbs, v) {
		struct rule *to = add(l, r);
		if (to && !strings_has(&to->verbs, text_of(v))) strings_add(l->c, &to->verbs, text_of(v));
	}
}

static void take_resources(struct rules *l, const yyjson_mut_val *rule) {
	const yyjson_mut_val *names = json_get(rule, "resourceNames");
	yyjson_mut_val *group, *resource, *name;
	json_each(json_get(rule, "apiGroups"), group) json_each(json_get(rule, "resources"), resource) {
		struct rule r = { .group = text_of(group), .resource = text_of(resource) };
		if (!json_size(names)) add_verbs(l, json_get(rule, "verbs"), r);
		json_each(names, name) {
			r.name = text_of(name);
			add_verbs(l, json_get(rule, "verbs"), r);
		}
	}
}

static const char *list_text(struct ctl *c, const char *one) { return ctl_printf(c, "[%s]", one ? one : ""); }

static void make_key(struct ctl *c, struct rule *r) {
	r->key = ctl_printf(c, "&PolicyRule{Verbs:[%s],APIGroups:%s,Resources:%s,ResourceNames:%s,NonResourceURLs:%s,}",
			    strings_join(c, &r->verbs, " "), list_text(c, r->group), list_text(c, r->resource), list_text(c, r->name), list_text(c, r->url));
}

static int by_key(const void *a, const void *b) { return strcmp(((const struct rule *)a)->key, ((const struct rule *)b)->key); }

static const char *full_name(struct ctl *c, const struct rule *r) {
	if (!r->resource) return "";
	struct slice rest = slice_str(r->resource), name = slice_cut(&rest, '/');
	return ctl_printf(c, "%.*s%s%s%s%.*s", SLICE_FMT(name), *r->group ? "." : "", r->group, rest.p ? "/" : "", SLICE_FMT(rest));
}

static void print(struct ctl *c, const struct rules *l) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	struct tabs t;
	tabs_init(&t, 6, 3, true);
	if (!flag_on(&c->flags, "no-headers")) tabs_printf(&t, "Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
	for (size_t i = 0; i < l->n; i++)
		tabs_printf(&t, "%s\t%s\t%s\t[%s]\n", full_name(c, &l->v[i]), list_text(c, l->v[i].url), list_text(c, l->v[i].name),
			    strings_join(c, &l->v[i].verbs, " "));
	(void)tabs_flush(&t, &b);
	tabs_done(&t);
	sink_put(&c->out, ctl_take(c, &b));
}

int auth_list_rules(struct ctl *c) {
	yyjson_mut_doc *doc = tree_new(c), *answer;
	yyjson_mut_val *rule, *url;
	struct rules l = { .c = c };
	const char *ns = session_namespace(c);
	if (!ns) return 1;
	tree_put(c, doc, doc->root, "apiVersion", "authorization.k8s.io/v1");
	tree_put(c, doc, doc->root, "kind", "SelfSubjectRulesReview");
	tree_put(c, doc, doc->root, "spec.namespace", ns);
	if (session_json(c, &(struct call){ .method = "POST", .path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
					    .body = tree_text(c, doc->root) }, &answer))
		return 1;
	if (json_path_bool(answer->root, "status.incomplete", false))
		ctl_err(c, "Warning: the list may be incomplete: %s\n", text_at(answer->root, "status.evaluationError"));
	json_each(json_path(answer->root, "status.resourceRules"), rule) take_resources(&l, rule);
	json_each(json_path(answer->root, "status.nonResourceRules"), rule) json_each(json_get(rule, "nonResourceURLs"), url) {
		yyjson_mut_val *verb;
		json_each(json_get(rule, "verbs"), verb) {
			struct rule *to = add(&l, (struct rule){ .url = text_of(url) });
			if (to) strings_add(c, &to->verbs, text_of(verb));
		}
	}
	for (size_t i = 0; i < l.n; i++) make_key(c, &l.v[i]);
	if (l.n) qsort(l.v, l.n, sizeof(*l.v), by_key);
	print(c, &l);
	return 0;
}
