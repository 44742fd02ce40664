/* SPDX-License-Identifier: Apache-2.0 */
/* Runs compiled rules. Recursion follows the tables' nesting, and rules within rules up to RULE_DEPTH_MAX. */
#include "schema/validate/function.h"
#include "base/limits.h"

#include <errno.h>

/* A rule at work. */
struct frame {
	struct rule_scope *s;
	struct rule_value *slot;
	const struct rule_link *base;
	size_t mark; /* complaints there were when the innermost turn began */
	bool stop;
};

static struct rule_value eval(struct frame *f, unsigned id);

static inline struct slice string_at(unsigned i) { return rule_tables.strings[i]; }

static struct rule_value *alloc_values(struct rule_scope *s, size_t n) {
	struct rule_value *v = arena_array(s->arena, n ? n : 1, sizeof(*v));
	if (!v) s->err = -ENOMEM;
	return v;
}

static struct rule_value eval_list(struct frame *f, const struct rule_expr *e, unsigned kind) {
	struct rule_value *v = alloc_values(f->s, e->n);
	if (!v) return RV_NONE;
	for (unsigned i = 0; i < e->n; i++)
		v[i] = eval(f, rule_tables.args[e->a + i]);
	return (struct rule_value){ .kind = (uint8_t)kind, .n = e->n, .list = v };
}

static struct rule_value call(struct frame *f, unsigned fn, unsigned first, unsigned n) {
	struct rule_value a[RULE_ARGS_MAX];
	for (unsigned i = 0; i < n && i < RULE_ARGS_MAX; i++)
		a[i] = eval(f, rule_tables.args[first + i]);
	return rule_functions[fn](f->s, a, n);
}

static bool in_strings(struct frame *f, const struct rule_expr *e) {
	struct rule_value v = eval(f, e->a);
	struct slice s = rv_slice(&v);
	for (unsigned i = 0; i < e->n; i++)
		if (slice_eq(s, string_at(rule_tables.args[e->b + i]))) return true;
	return false;
}

static struct rule_value add(struct frame *f, const struct rule_value *a, const struct rule_value *b) {
	if (a->kind == RV_INT || b->kind == RV_INT)
		return rv_int((int64_t)((uint64_t)rv_num(a) + (uint64_t)rv_num(b)));
	char *p = arena_alloc(f->s->arena, rv_len(a) + rv_len(b) + 1);
	if (!p) {
		f->s->err = -ENOMEM;
		return RV_NONE;
	}
	struct slice x = rv_slice(a), y = rv_slice(b);
	if (x.n) memcpy(p, x.p, x.n);
	if (y.n) memcpy(p + x.n, y.p, y.n);
	p[x.n + y.n] = 0;
	return rv_str(slice_make(p, x.n + y.n));
}

/* Wraps around as Go's int64 does; division by zero gives 0. */
static int64_t arithmetic(unsigned op, int64_t a, int64_t b) {
	switch (op) {
	case RULE_SUB:
		return (int64_t)((uint64_t)a - (uint64_t)b);
	case RULE_MUL:
		return (int64_t)((uint64_t)a * (uint64_t)b);
	case RULE_DIV:
		return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
	default:
		return b == 0 || b == -1 ? 0 : a % b;
	}
}

static struct rule_value binary(struct frame *f, const struct rule_expr *e) {
	struct rule_value a = eval(f, e->a), b = eval(f, e->b);
	switch (e->op) {
	case RULE_EQ:
		return rv_bool(rv_equal(&a, &b));
	case RULE_NE:
		return rv_bool(!rv_equal(&a, &b));
	case RULE_LT:
		return rv_bool(rv_compare(&a, &b) < 0);
	case RULE_LE:
		return rv_bool(rv_compare(&a, &b) <= 0);
	case RULE_GT:
		return rv_bool(rv_compare(&a, &b) > 0);
	case RULE_GE:
		return rv_bool(rv_compare(&a, &b) >= 0);
	case RULE_IN:
		return rv_bool(rv_in(&a, &b));
	case RULE_INDEX:
		return rv_index(&a, &b);
	case RULE_ADD:
		return add(f, &a, &b);
	default:
		return rv_int(arithmetic(e->op, rv_num(&a), rv_num(&b)));
	}
}

/* No messages are as good as no error. */
static bool is_nil(const struct rule_value *v) {
	return v->kind == RV_NIL || (v->kind == RV_LIST && v->n == 0);
}

static struct rule_value unary(struct frame *f, const struct rule_expr *e) {
	struct rule_value a = eval(f, e->a);
	switch (e->op) {
	case RULE_MEMBER:
		return rv_member(&a, string_at(e->b));
	case RULE_PRESENT:
		return rv_bool(!is_nil(&a));
	case RULE_ABSENT:
		return rv_bool(is_nil(&a));
	case RULE_EMPTY:
		return rv_bool(rv_len(&a) == 0);
	case RULE_NONEMPTY:
		return rv_bool(rv_len(&a) != 0);
	case RULE_LEN:
		return rv_int((int64_t)rv_len(&a));
	case RULE_NOT:
		return rv_bool(!rv_true(&a));
	case RULE_MATCH:
		return rv_bool(rule_match(e->b, rv_slice(&a)));
	case RULE_CALLVAR:
		return RV_NONE;
	default:
		return a;
	}
}

static struct rule_value eval(struct frame *f, unsigned id) {
	const struct rule_expr *e = &rule_tables.exprs[id];
	switch ((enum rule_op)e->op) {
	case RULE_NIL:
		return RV_NONE;
	case RULE_TRUE:
		return rv_bool(true);
	case RULE_FALSE:
		return rv_bool(false);
	case RULE_INT:
		return rv_int(rule_tables.ints[e->a]);
	case RULE_STR:
		return rv_str(string_at(e->a));
	case RULE_SLOT:
		return f->slot[e->a];
	case RULE_FN:
		return (struct rule_value){ .kind = RV_FN, .i = e->a };
	case RULE_LIST:
		return eval_list(f, e, RV_LIST);
	case RULE_STRUCT:
		return eval_list(f, e, RV_STRUCT);
	case RULE_CALL:
		return call(f, e->a, e->b, e->n);
	case RULE_CALLVAR: {
		struct rule_value fn = eval(f, e->a);
		return fn.kind == RV_FN ? call(f, (unsigned)fn.i, e->b, e->n) : RV_NONE;
	}
	case RULE_OPT:
		return rv_bool(f->s->options >> e->a & 1);
	case RULE_INSTR:
		return rv_bool(in_strings(f, e));
	case RULE_HERE:
		return (struct rule_value){ .kind = RV_PATH, .path = f->base };
	case RULE_CLEAN:
		return rv_bool(f->s->errors->n == f->mark);
	case RULE_OR:
	case RULE_AND: {
		struct rule_value a = eval(f, e->a);
		if (rv_true(&a) == (e->op == RULE_OR)) return rv_bool(e->op == RULE_OR);
		a = eval(f, e->b);
		return rv_bool(rv_true(&a));
	}
	case RULE_PRESENT:
	case RULE_ABSENT:
	case RULE_EMPTY:
	case RULE_NONEMPTY:
	case RULE_LEN:
	case RULE_NOT:
	case RULE_MEMBER:
	case RULE_MATCH:
		return unary(f, e);
	default:
		return binary(f, e);
	}
}

/* ---- paths and texts ---- */

/* Builds the links of one segment; a value that is itself a path is spliced in. */
static const struct rule_link *link_segment(struct frame *f, const struct rule_segment *seg, const struct rule_link *up,
	struct rule_link *at) {
	*at = (struct rule_link){ .up = up, .kind = LINK_NAME };
	if (seg->kind == RULE_SEG_NAME) {
		at->name = string_at(seg->ref);
		return at;
	}
	struct rule_value v = eval(f, seg->ref);
	if (v.kind == RV_PATH) return v.path;
	if (v.kind == RV_INT) {
		at->kind = LINK_INDEX;
		at->index = v.i;
		if (seg->kind == RULE_SEG_INDEX) return at;
	}
	at->kind = seg->kind == RULE_SEG_EXPR ? LINK_NAME : LINK_KEY;
	at->name = v.kind == RV_STR ? rv_slice(&v) : rule_text(f->s, &v);
	return at;
}

/* The path of a statement, in `links` (RULE_PATH_MAX of them). */
static const struct rule_link *path_of(struct frame *f, unsigned id, struct rule_link *links) {
	const struct rule_path *p = &rule_tables.paths[id];
	const struct rule_link *at = p->absolute ? NULL : f->base;
	for (unsigned i = 0; i < p->n; i++)
		at = link_segment(f, &rule_tables.segments[p->first + i], at, &links[i]);
	return at;
}

static struct slice text_of(struct frame *f, unsigned id) {
	const struct rule_range *t = &rule_tables.templates[id];
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	for (unsigned i = 0; i < t->n; i++) {
		const struct rule_part *part = &rule_tables.parts[t->first + i];
		if (part->expr) {
			struct rule_value v = eval(f, part->expr);
			rv_text(&v, &b);
		} else {
			buf_put_slice(&b, string_at(part->lit));
		}
	}
	return arena_slice_dup(f->s->arena, buf_slice(&b));
}

static void complain(struct frame *f, const struct rule_stmt *st) {
	struct rule_link links[RULE_PATH_MAX];
	_cleanup_buf_ struct buf path = BUF_INIT(REQUEST_BODY_MAX);
	rule_path_text(path_of(f, st->path, links), &path);
	struct rule_value v = eval(f, st->expr);
	const char *body = rule_message(f->s, st->kind, &v, st->hint, string_at(st->ref), text_of(f, st->msg));
	const char *field = arena_strndup(f->s->arena, path.p ? path.p : "", path.n);
	if (!body || !field) f->s->err = -ENOMEM;
	else rule_complain(f->s, st->kind, field, body);
}

static void warn(struct frame *f, const struct rule_stmt *st) {
	struct rule_link links[RULE_PATH_MAX];
	_cleanup_buf_ struct buf path = BUF_INIT(REQUEST_BODY_MAX);
	rule_path_text(path_of(f, st->path, links), &path);
	rule_warn(f->s, buf_slice(&path), text_of(f, st->msg));
}

/* ---- statements ---- */

static void run(struct frame *f, unsigned first, unsigned end);
static void run_rule(struct rule_scope *s, const struct rule *r, const struct rule_value *args, size_t n,
	const struct rule_link *base);

static void run_each(struct frame *f, const struct rule_stmt *st, unsigned first) {
	struct rule_value over = eval(f, st->expr), key, value;
	struct rv_cursor c = { 0 };
	size_t mark = f->mark;
	while (!f->stop && !f->s->err && rv_next(&over, &c, &key, &value)) {
		/* Loops over messages have no use for the number; their name means the text. */
		f->slot[st->slot] = st->n ? value : key;
		f->slot[st->slot + 1] = value;
		f->mark = f->s->errors->n;
		run(f, first, st->skip);
	}
	f->mark = mark;
}

static void run_containers(struct frame *f, const struct rule_stmt *st, unsigned first) {
	static const struct slice lists[] = { SLICE_LIT("initContainers"), SLICE_LIT("containers"), SLICE_LIT("ephemeralContainers") };
	struct rule_value spec = eval(f, st->expr);
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		struct rule_value list = rv_member(&spec, lists[i]), key, value;
		struct rv_cursor c = { 0 };
		struct rule_link name = { .up = f->base, .kind = LINK_NAME, .name = lists[i] };
		while (!f->stop && !f->s->err && rv_next(&list, &c, &key, &value)) {
			struct rule_link at = { .up = &name, .kind = LINK_INDEX, .index = key.i };
			f->slot[st->slot] = (struct rule_value){ .kind = RV_PATH, .path = &at };
			f->slot[st->slot + 1] = value;
			run(f, first, st->skip);
		}
	}
}

static void run_apply(struct frame *f, const struct rule_stmt *st) {
	struct rule_link links[RULE_PATH_MAX];
	struct rule_value a[RULE_ARGS_MAX];
	for (unsigned i = 0; i < st->n && i < RULE_ARGS_MAX; i++)
		a[i] = eval(f, rule_tables.args[st->msg + i]);
	run_rule(f->s, &rule_tables.rules[st->ref], a, st->n, path_of(f, st->path, links));
}

static void set_slot(struct frame *f, const struct rule_stmt *st) {
	struct rule_value *slot = &f->slot[st->slot];
	if (st->op == RULE_ST_NEW || slot->kind != RV_SET) {
		struct rule_set *set = rule_set_new(f->s->arena);
		if (!set) {
			f->s->err = -ENOMEM;
			return;
		}
		*slot = (struct rule_value){ .kind = RV_SET, .set = set };
	}
	if (st->op == RULE_ST_NEW) return;
	struct rule_value v = eval(f, st->expr);
	if (st->op == RULE_ST_PUT) {
		struct rule_value to = eval(f, st->ref);
		(void)rule_set_put(slot->set, &v, &to);
		return;
	}
	if (v.kind != RV_NIL && !(v.kind == RV_STR && v.n == 0))
		(void)rule_set_add(slot->set, &v);
}

/* Runs one statement; the index of the next one. */
static unsigned step(struct frame *f, unsigned at) {
	const struct rule_stmt *st = &rule_tables.stmts[at];
	switch ((enum rule_stmt_op)st->op) {
	case RULE_ST_IF: {
		struct rule_value v = eval(f, st->expr);
		return rv_true(&v) ? at + 1 : st->skip;
	}
	case RULE_ST_EACH:
		run_each(f, st, at + 1);
		return st->skip;
	case RULE_ST_CONTAINERS:
		run_containers(f, st, at + 1);
		return st->skip;
	case RULE_ST_LET:
		f->slot[st->slot] = eval(f, st->expr);
		break;
	case RULE_ST_MARK:
	case RULE_ST_PUT:
	case RULE_ST_NEW:
		set_slot(f, st);
		break;
	case RULE_ST_STOP:
		f->stop = true;
		break;
	case RULE_ST_APPLY:
		run_apply(f, st);
		break;
	case RULE_ST_WARN:
		warn(f, st);
		break;
	case RULE_ST_ERROR:
		complain(f, st);
		break;
	}
	return at + 1;
}

static void run(struct frame *f, unsigned first, unsigned end) {
	for (unsigned at = first; at < end && !f->stop && !f->s->err;)
		at = step(f, at);
}

static void run_rule(struct rule_scope *s, const struct rule *r, const struct rule_value *args, size_t n,
	const struct rule_link *base) {
	if (s->depth >= RULE_DEPTH_MAX || s->top + r->slots > RULE_STACK_MAX || s->errors->n >= RULE_ERRORS_MAX) return;
	struct frame f = { .s = s, .slot = s->stack + s->top, .base = base, .mark = s->errors->n };
	memset(f.slot, 0, r->slots * sizeof(*f.slot));
	if (n) memcpy(f.slot, args, n * sizeof(*f.slot));
	s->top += r->slots;
	s->depth++;
	run(&f, r->first, r->end);
	s->depth--;
	s->top -= r->slots;
}

int rule_run(struct rule_scope *s, const struct rule *body, const struct rule_value *args, size_t n_args) {
	run_rule(s, body, args, n_args, NULL);
	return s->err;
}
