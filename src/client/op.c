/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on objects as requests: paths, queries, content types. */
#include "client/request.h"
#include "codec/query.h"

#include <errno.h>
#include <stdio.h>

#define OP_TEXT_MAX ((size_t)1024 * 1024)

/* ---- paths ---- */

static void put_part(struct buf *b, const char *s) {
	buf_putc(b, '/');
	percent_encode_path(b, slice_str(s));
}

char *k8c_target_path(const struct k8c_target *t) {
	_cleanup_buf_ struct buf b = BUF_INIT(OP_TEXT_MAX);
	bool core = !t->group || !*t->group;
	buf_puts(&b, core ? "/api" : "/apis");
	if (!core) put_part(&b, t->group);
	put_part(&b, t->version);
	if (t->ns && *t->ns) {
		buf_puts(&b, "/namespaces");
		put_part(&b, t->ns);
	}
	put_part(&b, t->resource);
	if (t->name) put_part(&b, t->name);
	if (t->subresource && *t->subresource) {
		/* "proxy/path" keeps its slashes. */
		buf_putc(&b, '/');
		buf_puts(&b, t->subresource);
	}
	return buf_take(&b, NULL);
}

/* ---- queries and bodies ---- */

static void add(struct buf *q, const char *name, const char *value) {
	if (value && *value) query_add(q, name, slice_str(value));
}

static void read_query(struct buf *q, const struct k8c_op *op) {
	char number[16];
	add(q, "labelSelector", op->label_selector);
	add(q, "fieldSelector", op->field_selector);
	add(q, "resourceVersion", op->resource_version);
	add(q, "continue", op->cont);
	if (op->limit && op->verb == K8C_LIST) {
		snprintf(number, sizeof(number), "%u", op->limit);
		add(q, "limit", number);
	}
}

static void write_query(struct buf *q, const struct k8c_op *op) {
	add(q, "fieldManager", op->field_manager);
	add(q, "fieldValidation", op->field_validation);
	if (op->dry_run) add(q, "dryRun", "All");
	if (op->force && op->verb == K8C_PATCH) add(q, "force", "true");
}

static void put_preconditions(struct buf *b, const struct k8c_op *op) {
	if (!op->precondition_uid && !op->precondition_rv) return;
	buf_puts(b, ",\"preconditions\":{");
	if (op->precondition_uid) {
		buf_puts(b, "\"uid\":");
		json_write_string(b, slice_str(op->precondition_uid));
	}
	if (op->precondition_rv) {
		buf_puts(b, op->precondition_uid ? ",\"resourceVersion\":" : "\"resourceVersion\":");
		json_write_string(b, slice_str(op->precondition_rv));
	}
	buf_putc(b, '}');
}

static int delete_body(struct arena *a, const struct k8c_op *op, struct k8c_bytes *ret) {
	static const char *const policies[] = { NULL, "Background", "Foreground", "Orphan" };
	_cleanup_buf_ struct buf b = BUF_INIT(OP_TEXT_MAX);
	bool plain = !op->has_grace && !op->propagation && !op->precondition_uid && !op->precondition_rv && !op->dry_run;
	if (plain || op->body.n) return 0;
	buf_puts(&b, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\"");
	if (op->has_grace) buf_printf(&b, ",\"gracePeriodSeconds\":%lld", (long long)op->grace_seconds);
	if (op->propagation) buf_printf(&b, ",\"propagationPolicy\":\"%s\"", policies[op->propagation]);
	put_preconditions(&b, op);
	if (op->dry_run) buf_puts(&b, ",\"dryRun\":[\"All\"]");
	buf_putc(&b, '}');
	struct slice s = b.err ? SLICE_NULL : arena_slice_dup(a, buf_slice(&b));
	*ret = bytes_of(s);
	return s.p ? 0 : -ENOMEM;
}

static const char *path_in(struct arena *a, const struct k8c_target *t) {
	_cleanup_free_ char *p = k8c_target_path(t);
	return p ? arena_strdup(a, p) : NULL;
}

int op_request(struct arena *a, const struct k8c_op *given, struct k8c_request *ret) {
	static const struct { const char *method; bool named, body; } verbs[] = {
		[K8C_GET] = { "GET", true, false }, [K8C_LIST] = { "GET", false, false }, [K8C_CREATE] = { "POST", false, true },
		[K8C_UPDATE] = { "PUT", true, true }, [K8C_PATCH] = { "PATCH", true, true }, [K8C_DELETE] = { "DELETE", true, false },
		[K8C_DELETE_COLLECTION] = { "DELETE", false, false },
	};
	static const char *const patches[] = { "application/merge-patch+json", "application/json-patch+json",
					       "application/strategic-merge-patch+json", "application/apply-patch+yaml" };
	struct k8c_op op = { 0 };
	_cleanup_buf_ struct buf q = BUF_INIT(OP_TEXT_MAX);
	memcpy(&op, given, given->size < sizeof(op) ? given->size : sizeof(op));
	if ((unsigned)op.verb >= ELEMENTSOF(verbs) || (unsigned)op.patch >= ELEMENTSOF(patches) || !op.target.resource ||
	    !op.target.version)
		return -EINVAL;
	if ((verbs[op.verb].named && !op.target.name) || (verbs[op.verb].body && !op.body.n)) return -EINVAL;
	bool subresource = op.target.subresource && *op.target.subresource;
	if (!verbs[op.verb].named && op.target.name && !subresource) return -EINVAL;
	*ret = (struct k8c_request){ .size = sizeof(*ret),
				      .method = verbs[op.verb].method,
				      .path = path_in(a, &op.target),
				      .accept = op.accept,
				      .body = op.body,
				      .timeout_ms = op.timeout_ms,
				      .flags = op.flags };
	if (op.verb == K8C_PATCH) ret->content_type = patches[op.patch];
	read_query(&q, &op);
	if (op.verb == K8C_DELETE || op.verb == K8C_DELETE_COLLECTION) {
		int r = delete_body(a, &op, &ret->body);
		if (r < 0) return r;
	} else {
		write_query(&q, &op);
	}
	if (!ret->path || q.err) return -ENOMEM;
	ret->query = q.n ? arena_strndup(a, q.p, q.n) : NULL;
	return q.n && !ret->query ? -ENOMEM : 0;
}

int k8c_op_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_request_handler *h, void *ctx,
		 struct k8c_call **ret) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct k8c_request req;
	int r = a ? op_request(a, op, &req) : -ENOMEM;
	return r < 0 ? r : k8c_request_start(c, &req, h, ctx, ret);
}

int k8c_op_wait(struct k8c_client *c, const struct k8c_op *op, struct k8c_reply **ret) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct k8c_request req;
	int r = a ? op_request(a, op, &req) : -ENOMEM;
	return r < 0 ? r : k8c_request_wait(c, &req, ret);
}
