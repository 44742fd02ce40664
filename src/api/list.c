/* SPDX-License-Identifier: Apache-2.0 */
/* LIST: choosing the revision (spec section 9.6), then streaming a snapshot. */
#include "api/continue.h"
#include "api/encode.h"
#include "api/internal.h"
#include "api/list.h"
#include "api/names.h"
#include "api/rvwait.h"
#include "api/verbs.h"

#include <errno.h>
#include <zlib.h>

#define EXPIRED_CONTINUE \
	"The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue " \
	"parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided " \
	"token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was " \
	"returned and now may show up in the list."

struct list_job {
	void (*ready)(struct list_job *j);
	struct listing l;
	struct list_options o;
	struct continue_token at;
	bool continues;
	/* Packing: the plain bytes of one pull, and zlib's state once it has begun. */
	struct buf plain;
	z_stream z;
	bool z_on, ended;
};

static void job_done(void *p) {
	struct list_job *j = p;
	store_snapshot_unref(j->l.snap);
	if (j->z_on) deflateEnd(&j->z);
	buf_done(&j->plain);
}

/* ---- answering ---- */

static int pull_plain(void *ctx, struct buf *out, size_t room) {
	struct list_job *j = ctx;
	if (j->plain.n) {
		buf_put_slice(out, buf_slice(&j->plain));
		buf_done(&j->plain);
		return j->ended ? PULL_END : PULL_MORE;
	}
	int got = listing_pull(&j->l, out, room < LIST_PULL_MIN ? LIST_PULL_MIN : room);
	if (got == PULL_END) buf_putc(out, '\n');
	return got;
}

static int deflate_into(struct list_job *j, struct buf *out, bool finish) {
	j->z.next_in = (Bytef *)j->plain.p;
	j->z.avail_in = (uInt)j->plain.n;
	int got = Z_OK;
	do {
		if (buf_reserve(out, 64 * KIB) < 0) return -ENOMEM;
		j->z.next_out = (Bytef *)out->p + out->n;
		j->z.avail_out = 64 * KIB;
		got = deflate(&j->z, finish ? Z_FINISH : Z_NO_FLUSH);
		out->n += 64 * KIB - j->z.avail_out;
	} while (j->z.avail_out == 0 || (finish && got == Z_OK));
	buf_clear(&j->plain);
	return got == Z_STREAM_ERROR ? -EIO : 0;
}

static int pull_packed(void *ctx, struct buf *out, size_t room) {
	struct list_job *j = ctx;
	if (!j->plain.n) {
		int got = listing_pull(&j->l, &j->plain, room < 64 * KIB ? 64 * KIB : room);
		if (got < 0) return got;
		j->ended = got == PULL_END;
		if (j->ended) buf_putc(&j->plain, '\n');
	}
	int err = deflate_into(j, out, j->ended);
	return err ? err : j->ended ? PULL_END : PULL_MORE;
}

/* A packed answer begins only when there is more than GZIP_MIN_BYTES of it. */
static void stream(struct list_job *j) {
	struct request *r = j->l.r;
	struct body_source body = { .pull = pull_plain, .ctx = j };
	if (r->out.gzip) {
		int got = listing_pull(&j->l, &j->plain, GZIP_MIN_BYTES + 1);
		if (got < 0) {
			request_status(r, status_internal(r->a, "%s", strerror(-got)));
			return;
		}
		j->ended = got == PULL_END;
		if (j->ended) buf_putc(&j->plain, '\n');
		j->z_on = j->plain.n > GZIP_MIN_BYTES && deflateInit2(&j->z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
	}
	if (j->z_on) {
		body.pull = pull_packed;
		(void)request_header(r, "content-encoding", SLICE_LIT("gzip"));
		(void)request_header(r, "vary", SLICE_LIT("Accept-Encoding"));
	}
	request_source(r, 200, media_type(MEDIA_JSON), body);
}

static int whole_body(struct list_job *j, struct buf *b) {
	struct request *r = j->l.r;
	if (r->out.media == MEDIA_PROTO) return listing_proto(&j->l, b);
	_cleanup_buf_ struct buf text = BUF_INIT(RESPONSE_BYTES_MAX);
	int got = listing_pull(&j->l, &text, 0);
	return got < 0 ? got : encode_text(r->a, &r->out, buf_slice(&text), b);
}

/* Forms that need all of the list before the first byte. */
static void respond_whole(struct list_job *j) {
	struct request *r = j->l.r;
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	int err = whole_body(j, &b);
	char *bytes = NULL;
	size_t n = 0;
	if (!err) bytes = buf_take(&b, &n);
	if (!bytes || arena_defer(r->a, free, bytes) < 0) request_status(r, status_internal(r->a, "%s", strerror(err ? -err : ENOMEM)));
	else request_bytes(r, 200, media_type(r->out.media), slice_make(bytes, n));
}

static const struct status *check_form(struct request *r, struct list_job *j) {
	if (r->out.as == AS_METADATA)
		return status_new(r->a, 406, "NotAcceptable", arena_printf(r->a, "you requested PartialObjectMetadata, but the requested object is a list (%s)",
									   name_go_type(r->a, r->res, true)));
	if (r->out.as != AS_TABLE) return NULL;
	struct slice include = query_get(&r->query, "includeObject");
	if (table_include(include, &j->l.include) == 0) return NULL;
	return status_bad_request(r->a, "Unable to convert to Table as requested: includeObject: Invalid value: %s: must be 'Metadata', 'Object', 'None', or empty",
				  status_quote(r->a, include));
}

/* ---- the revision ---- */

static const struct status *expired(struct list_job *j) {
	struct arena *a = j->l.r->a;
	if (!j->continues) return status_expired(a, "The resourceVersion for the provided list is too old.", NULL);
	bool across = j->l.res->namespaced && slice_empty(j->l.ns);
	const char *token = continue_format(a, -1, across, j->at.ns, j->at.name);
	return token ? status_expired(a, EXPIRED_CONTINUE, token) : status_no_memory();
}

static bool wants_exact(const struct list_job *j) {
	if (j->continues) return j->at.rv > 0;
	return j->o.match == RV_MATCH_EXACT || (j->o.limit > 0 && j->o.rv > 0 && j->o.match == RV_MATCH_UNSET);
}

static const struct status *take_snapshot(struct list_job *j) {
	struct store *s = j->l.r->api->store;
	if (wants_exact(j)) {
		int err = store_snapshot_at(s, j->continues ? (uint64_t)j->at.rv : j->o.rv, &j->l.snap);
		if (err == -ESTALE) return expired(j);
		if (err) return err == -EAGAIN ? status_rv_too_large(j->l.r->a, j->o.rv, store_rv(s), 0) : status_no_memory();
		j->l.rv = j->continues ? (uint64_t)j->at.rv : j->o.rv;
		return NULL;
	}
	j->l.snap = store_snapshot(s);
	if (!j->l.snap) return status_no_memory();
	j->l.rv = store_snapshot_rv(j->l.snap);
	return NULL;
}

void list_answer(struct list_job *j) {
	if (j->l.r->out.media == MEDIA_JSON && !j->l.r->out.pretty) stream(j);
	else respond_whole(j);
}

struct listing *list_listing(struct list_job *j) { return &j->l; }

static void run(struct request *r) {
	struct list_job *j = r->ctx;
	const struct status *st = take_snapshot(j);
	if (!st) st = check_form(r, j);
	if (st) {
		request_status(r, st);
		return;
	}
	bool from_cache = slice_eqs(j->o.rv_text, "0") && j->o.match == RV_MATCH_UNSET;
	struct store_key after = { .resource = j->l.resource, .ns = slice_empty(j->l.ns) ? j->at.ns : j->l.ns, .name = j->at.name };
	int err = listing_page(&j->l, j->continues ? &after : NULL, from_cache ? 0 : (uint64_t)j->o.limit, true);
	if (err) request_status(r, status_no_memory());
	else j->ready(j);
}

static const struct status *prepare(struct request *r, struct list_job *j) {
	const struct status *st = options_list(r->a, &r->query, false, &j->o);
	if (!st) st = selector_parse(r, &j->o, &j->l.sel);
	if (st) return st;
	struct store_key key = request_key(r->a, r->res, r->info.ns, SLICE_NULL);
	j->l.r = r;
	j->l.res = r->res;
	j->l.out = r->out;
	j->l.resource = key.resource;
	j->l.ns = key.ns;
	j->continues = j->o.continue_token.n > 0;
	return j->continues ? continue_parse(r->a, j->o.continue_token, r->res->namespaced && slice_empty(key.ns), &j->at) : NULL;
}

void list_start(struct request *r, void (*ready)(struct list_job *j)) {
	struct list_job *j = arena_new_of(r->a, struct list_job);
	if (!j) {
		request_status(r, status_no_memory());
		return;
	}
	j->ready = ready;
	j->plain = BUF_INIT(RESPONSE_BYTES_MAX);
	const struct status *st = arena_defer(r->a, job_done, j) < 0 ? status_no_memory() : prepare(r, j);
	r->ctx = j;
	if (st) request_status(r, st);
	else rvwait_start(r, wants_exact(j) ? 0 : j->o.rv, run);
}

void list_handle(struct request *r) { list_start(r, list_answer); }
