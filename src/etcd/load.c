/* SPDX-License-Identifier: Apache-2.0 */
/* The whole state, page by page at one revision. */
#include "etcd/impl.h"
#include "etcd/keys.h"
#include "etcd/value.h"

#include <errno.h>
#include <stdio.h>

struct load {
	struct etcd *e;
	struct buf from;    /* the next page's first key */
	struct buf text;
	uint64_t revision;  /* of the first page; 0 before it */
	char why[ETCD_MSG_MAX];
};

int etcd_object(const struct etcd_kv *kv, struct buf *text, struct remote_change *ret) {
	_cleanup_buf_ struct buf json = BUF_INIT(2 * REQUEST_BODY_MAX);
	struct store_key key;
	int r = etcd_key_parse(kv->key, text, &key);
	if (r < 0) return r == -ENOENT ? 1 : r;
	r = etcd_value_splice(&json, kv->value, kv->mod_revision);
	if (r < 0) return r == -E2BIG ? -EBADMSG : r;
	struct blob *blob = blob_new(json.p, json.n);
	if (!blob) return -ENOMEM;
	*ret = (struct remote_change){ .key = key, .rv = kv->mod_revision, .create_rv = kv->create_revision, .json = blob };
	return 0;
}

static int on_kv(void *ctx, const struct etcd_kv *kv) {
	struct load *l = ctx;
	struct remote_change c;
	buf_clear(&l->from);
	buf_put_slice(&l->from, kv->key);
	int r = buf_putc(&l->from, 0);
	if (r == 0) r = etcd_object(kv, &l->text, &c);
	if (r == 0) return l->e->sink->load_object(l->e->ctx, &c);
	if (r == -EBADMSG)
		snprintf(l->why, sizeof(l->why), "%.*s in etcd is not JSON: the servers that share it need --storage-media-type=application/json",
			 SLICE_FMT(slice_upto(kv->key, 200)));
	return r == 1 ? 0 : r;
}

static void load_free(struct load *l) {
	l->e->loading = false;
	buf_done(&l->from);
	buf_done(&l->text);
	free(l);
}

static void load_fail(struct load *l, int err) {
	struct etcd *e = l->e;
	char why[ETCD_MSG_MAX];
	snprintf(why, sizeof(why), "%s", l->why[0] ? l->why : (err == -ENOLINK || err == -EACCES) && e->why[0] ? e->why : strerror(-err));
	load_free(l);
	etcd_failed(e, true, err, why);
}

static int next_page(struct load *l);

static void on_page(void *ctx, int err, struct slice answer) {
	struct load *l = ctx;
	struct etcd *e = l->e;
	struct etcd_range_answer a;
	if (err == 0) err = etcd_get_range(answer, &a, on_kv, l);
	if (err == 0 && !l->revision) {
		l->revision = a.header.revision;
		e->cluster = a.header.cluster;
	}
	if (err == 0 && a.more) err = next_page(l);
	else if (err == 0) err = e->sink->load_end(e->ctx, l->revision, e->cluster) ? -ENOMEM : 1;
	if (err < 0) {
		load_fail(l, err);
	} else if (err == 1) {
		uint64_t rv = l->revision;
		load_free(l);
		etcd_loaded(e, rv);
	}
}

static int next_page(struct load *l) {
	_cleanup_buf_ struct buf m = BUF_INIT(ETCD_REQUEST_MAX);
	struct etcd_range r = { .key = buf_slice(&l->from), .range_end = SLICE_LIT(ETCD_PREFIX_END), .limit = ETCD_PAGE, .revision = l->revision };
	int err = etcd_put_range(&m, &r);
	return err ? err : etcd_call(l->e, "/etcdserverpb.KV/Range", buf_slice(&m), on_page, l);
}

void etcd_load(struct etcd *e) {
	struct load *l = calloc(1, sizeof(*l));
	if (!l) {
		etcd_failed(e, true, -ENOMEM, "out of memory");
		return;
	}
	*l = (struct load){ .e = e, .from = BUF_INIT(ETCD_KEY_MAX), .text = BUF_INIT(ETCD_KEY_MAX) };
	e->loading = true;
	e->sink->load_begin(e->ctx);
	int err = buf_puts(&l->from, ETCD_PREFIX);
	if (err == 0) err = next_page(l);
	if (err) load_fail(l, err);
}
