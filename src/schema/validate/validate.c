/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of an operation's checks. Source: registry/rest BeforeCreate and BeforeUpdate: on create the kind's own rules come first and
 * the generic ones about metadata only if those were content; on update all are reported together, metadata first.
 */
#include "schema/crd_validate.h"
#include "schema/validate/function.h"

#include <errno.h>

static int entry_cmp(const struct rule_entry *e, const char *group, const char *resource, const char *sub,
	enum rule_entry_op op) {
	int c = strcmp(e->group, group);
	if (!c) c = strcmp(e->resource, resource);
	if (!c) c = strcmp(e->sub, sub);
	return c ? c : (e->op > op) - (e->op < op);
}

static const struct rule_entry *entry_find(const char *group, const char *resource, const char *sub, enum rule_entry_op op) {
	size_t lo = 0, hi = rule_tables.n_entries;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = entry_cmp(&rule_tables.entries[mid], group, resource, sub, op);
		if (!c) return &rule_tables.entries[mid];
		if (c < 0) lo = mid + 1;
		else hi = mid;
	}
	return NULL;
}

static int run_entry(struct rule_scope *s, const struct rule_entry *e) {
	const struct rule_value args[] = {
		rv_node(s->object), rv_node(s->old), rv_lit(s->resource->group), rv_bool(s->resource->namespaced),
	};
	return e ? rule_run(s, &e->body, args, ELEMENTSOF(args)) : 0;
}

/* The rules of a kind. Custom ones share theirs, and have a schema. */
static const struct rule_entry *own_entry(const struct schema_resource *r, const char *sub, enum rule_entry_op op) {
	return r->is_custom ? *sub ? NULL : entry_find("*", "custom", "", op) : entry_find(r->group, r->resource, sub, op);
}

static int run_own(struct rule_scope *s, const struct rule_entry *own) {
	if (run_entry(s, own)) return s->err;
	if (s->resource->is_custom) s->err = crd_validate(s->resource, s->sub, s->arena, s->object, s->old, s->errors);
	return s->err;
}

static int run_create(struct rule_scope *s, const struct rule_entry *own, bool generic) {
	size_t before = s->errors->n;
	if (run_own(s, own)) return s->err;
	return generic && s->errors->n == before ? run_entry(s, entry_find("*", "*", "", RULE_ON_CREATE)) : 0;
}

static int run_update(struct rule_scope *s, const struct rule_entry *own, bool generic) {
	if (generic && run_entry(s, entry_find("*", "*", "", RULE_ON_UPDATE))) return s->err;
	return run_own(s, own);
}

/* The same with faults forgiven that the old object has, too; only asked when there are any faults. */
static int run_ratcheted(struct rule_scope *s, const struct rule_entry *own, bool generic) {
	size_t before = s->errors->n;
	if (run_update(s, own, generic)) return s->err;
	const struct rule_entry *create = own_entry(s->resource, "", RULE_ON_CREATE);
	if (s->errors->n == before || !create || !own || s->resource->is_custom) return 0;
	uint64_t options = rule_options_ratcheted(s, &create->body);
	if (s->err || options == s->options) return s->err;
	s->options = options;
	s->errors->n = before;
	return run_update(s, own, generic);
}

int schema_validate(const struct schema_resource *r, const struct schema_subresource *sub, enum schema_op op, struct arena *a,
		    const yyjson_mut_val *obj, const yyjson_mut_val *old, struct schema_errors *errs, struct schema_warnings *warnings) {
	struct rule_scope s = {
		.arena = a, .errors = errs, .warnings = warnings, .resource = r, .sub = sub, .object = obj,
			.old = op == SCHEMA_UPDATE ? old : NULL,
		.stack = arena_array(a, RULE_STACK_MAX, sizeof(struct rule_value)),
	};
	if (!s.stack) return -ENOMEM;
	/* An object of another kind is told nothing else. */
	if (r->is_custom && (!sub || !strcmp(sub->kind, r->kind))) s.err = crd_validate_kind(r, a, obj, errs);
	if (s.err || errs->n) return s.err;
	s.options = rule_options(&s);
	const char *name = sub ? sub->name : "";
	size_t before = errs->n;
	const struct rule_entry *own = own_entry(r, name, op == SCHEMA_CREATE ? RULE_ON_CREATE : RULE_ON_UPDATE);
	/* What is only answered, never stored (reviews), needs no name; and the metadata of a body of another kind (Scale,
	 * TokenRequest) is not the stored object's. */
	if (op == SCHEMA_CREATE) (void)run_create(&s, own, !*name && (r->verbs & VERB_GET));
	else (void)run_ratcheted(&s, own, !sub || !strcmp(sub->kind, r->kind));
	if (!s.err && warnings && !*name && errs->n == before && !r->is_custom)
		(void)run_entry(&s, entry_find(r->group, r->resource, "", RULE_ON_WARN));
	return s.err;
}
