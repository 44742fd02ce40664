/* SPDX-License-Identifier: Apache-2.0 */
/* Container logs as a stream of text. */
#include "client/client.h"
#include "codec/query.h"

#include <errno.h>
#include <stdio.h>

static void add_number(struct buf *q, const char *name, int64_t v) {
	char text[24];
	snprintf(text, sizeof(text), "%lld", (long long)v);
	query_add(q, name, slice_str(text));
}

static void put_query(struct buf *q, const struct k8c_log_options *o) {
	const struct {
		const char *name;
		bool on;
	} flags[] = { { "follow", o->follow }, { "previous", o->previous }, { "timestamps", o->timestamps } };
	if (o->container && *o->container) query_add(q, "container", slice_str(o->container));
	for (size_t i = 0; i < ELEMENTSOF(flags); i++)
		if (flags[i].on) query_add(q, flags[i].name, SLICE_LIT("true"));
	if (o->has_tail) add_number(q, "tailLines", o->tail_lines);
	if (o->since_seconds) add_number(q, "sinceSeconds", o->since_seconds);
	if (o->since_time) query_add(q, "sinceTime", slice_str(o->since_time));
	if (o->limit_bytes) add_number(q, "limitBytes", o->limit_bytes);
	buf_putc(q, 0);
}

int k8c_log_start(struct k8c_client *c, const struct k8c_log_options *given, const struct k8c_request_handler *h, void *ctx,
		  struct k8c_call **ret) {
	struct k8c_log_options o = { 0 };
	_cleanup_buf_ struct buf q = BUF_INIT(1 << 20);
	memcpy(&o, given, given->size < sizeof(o) ? given->size : sizeof(o));
	if (!o.ns || !o.pod || !h->on_data) return -EINVAL;
	_cleanup_free_ char *path = k8c_target_path(&(struct k8c_target){ "", "v1", "pods", o.ns, o.pod, "log" });
	put_query(&q, &o);
	if (!path || q.err) return -ENOMEM;
	struct k8c_request req = {
		.size = sizeof(req), .path = path, .query = q.p, .accept = "text/plain, */*", .timeout_ms = K8C_NO_TIMEOUT
	};
	return k8c_request_start(c, &req, h, ctx, ret);
}
