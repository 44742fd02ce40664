/* SPDX-License-Identifier: Apache-2.0 */
/* DELETE of a collection: every object the list options choose is deleted as if by its own DELETE; the answer is the list. */
#include "api/delete.h"
#include "api/internal.h"
#include "api/list.h"
#include "api/verbs.h"


struct sweep {
	struct request *r;
	struct list_job *job;
	struct delete_options opt;
	struct store_cursor cursor;
	struct listing *l;
	uint64_t left;
	unsigned running;
	bool feeding, ended;
	const struct status *failure;  /* the first one */
};

static void feed(struct sweep *s);

static void one_done(struct deletion *d, const struct status *st) {
	struct sweep *s = d->ctx;
	s->running--;
	/* Somebody else was faster: as good as done. */
	if (st && st->code != 404 && !s->failure) s->failure = st;
	/* A deletion that ended at once was started by feed, which goes on by itself. */
	if (!s->feeding) feed(s);
}

static struct store_obj *next_object(struct sweep *s) {
	struct store_obj *o;
	while (s->left && (o = store_next(&s->cursor))) {
		if (!selector_match(&s->l->sel, o)) continue;
		s->left--;
		return o;
	}
	return NULL;
}

static const struct status *start_one(struct sweep *s, const struct store_obj *o) {
	struct deletion *d = deletion_new(s->r);
	if (!d) return status_no_memory();
	d->ns = o->key.ns;
	d->name = o->key.name;
	d->opt = s->opt;
	d->done = one_done;
	d->ctx = s;
	s->running++;
	deletion_start(d);
	return NULL;
}

static void feed(struct sweep *s) {
	s->feeding = true;
	while (!s->failure && !s->ended && s->running < DELETE_COLLECTION_WORKERS) {
		struct store_obj *o = next_object(s);
		s->ended = o == NULL;
		const struct status *st = o ? start_one(s, o) : NULL;
		if (st && !s->failure) s->failure = st;
	}
	s->feeding = false;
	if (s->running || !(s->ended || s->failure)) return;
	if (s->failure) request_status(s->r, s->failure);
	else list_answer(s->job);
}

static void chosen(struct list_job *j) {
	struct listing *l = list_listing(j);
	struct request *r = l->r;
	struct sweep *s = arena_new_of(r->a, struct sweep);
	const struct status *st = s ? deletion_options(r, &s->opt) : status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	s->r = r;
	s->job = j;
	s->l = l;
	s->left = l->left;
	s->cursor = l->cursor;
	feed(s);
}

void deletecollection_handle(struct request *r) { list_start(r, chosen); }
