/* SPDX-License-Identifier: Apache-2.0 */
#include "api/alloc/ports.h"

#include "api/internal.h"
#include "codec/base64.h"

#include <errno.h>
#include <stdio.h>

#define KEY ((struct store_key){ .resource = SLICE_LIT("/ranges"), .name = SLICE_LIT("servicenodeports") })

static size_t bytes_of(const struct ports *p) { return (p->max - p->min) / 8 + 1; }

/* The set is kept as Kubernetes keeps it (registry/core/service/allocator: the bytes of a big.Int), the highest bit first and
 * without leading zeros, so that its servers and this one share it. */
static void bits_read(struct ports *p, struct slice data) {
	for (size_t i = 0; i < data.n && i < bytes_of(p); i++) p->bits[i] = (uint8_t)data.p[data.n - 1 - i];
}

static int read_bits(struct ports *p, const struct store_obj *o) {
	yyjson_mut_doc *doc;
	struct json_error e;
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	size_t at;
	char range[32];
	snprintf(range, sizeof(range), "%u-%u", p->min, p->max);
	p->rv = o->rv;
	if (json_parse(p->r->a, blob_slice(o->json), &doc, &e) < 0) return -ENOMEM;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	/* Another range than the server was started with: begin anew; services keep what they have and claim it when they change. */
	if (!slice_eqs(json_path_str(root, "range"), range)) return 0;
	if (base64_decode(&b, BASE64_STD, json_path_str(root, "data"), &at) < 0) return 0;
	bits_read(p, buf_slice(&b));
	return 0;
}

static int bits_write(const struct ports *p, struct buf *b) {
	size_t n = bytes_of(p);
	_cleanup_buf_ struct buf bytes = BUF_INIT(64 * KIB);
	while (n && !p->bits[n - 1]) n--;
	while (n) buf_putc(&bytes, (char)p->bits[--n]);
	return buf_err(&bytes) ? buf_err(&bytes) : base64_encode(b, BASE64_STD, buf_slice(&bytes));
}

int ports_load(struct request *r, const struct store_snapshot *snap, struct ports *ret) {
	struct ports p = { .r = r, .min = r->api->o.node_port_min, .max = r->api->o.node_port_max };
	struct store_key key = KEY;
	p.bits = arena_zalloc(r->a, bytes_of(&p));
	if (!p.bits) return -ENOMEM;
	struct store_obj *o = store_get(snap, &key);
	int err = o ? read_bits(&p, o) : 0;
	if (!err) *ret = p;
	return err;
}

bool ports_in_range(const struct ports *p, int64_t port) { return port >= p->min && port <= p->max; }

bool ports_taken(const struct ports *p, int64_t port) {
	unsigned i = (unsigned)(port - p->min);
	return p->bits[i / 8] >> (i % 8) & 1;
}

void ports_set(struct ports *p, int64_t port, bool taken) {
	if (!ports_in_range(p, port)) return;
	unsigned i = (unsigned)(port - p->min);
	if (taken) p->bits[i / 8] |= (uint8_t)(1u << (i % 8));
	else p->bits[i / 8] &= (uint8_t)~(1u << (i % 8));
	p->changed = true;
}

unsigned ports_pick(struct ports *p) {
	unsigned n = p->max - p->min + 1, start = (unsigned)env_uniform(p->r->api->env, n);
	for (unsigned k = 0; k < n; k++) {
		unsigned port = p->min + (start + k) % n;
		if (ports_taken(p, port)) continue;
		ports_set(p, port, true);
		return port;
	}
	return 0;
}

const struct status *ports_op(struct ports *p, struct store_op *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	buf_puts(&b, "{\"kind\":\"RangeAllocation\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"servicenodeports\",\"resourceVersion\":\"");
	size_t rv_at = b.n;
	buf_printf(&b, "\"},\"range\":\"%u-%u\",\"data\":\"", p->min, p->max);
	int err = bits_write(p, &b);
	buf_puts(&b, "\"}");
	struct blob *blob = err || buf_err(&b) ? NULL : blob_new(b.p, b.n);
	if (!blob) return status_no_memory();
	*ret = (struct store_op){ .kind = p->rv ? STORE_UPDATE : STORE_CREATE, .key = KEY, .expect_rv = p->rv, .json = blob, .rv_at = rv_at };
	return NULL;
}
