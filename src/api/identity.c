/* SPDX-License-Identifier: Apache-2.0 */
#include "api/identity.h"

#include "codec/fields.h"

#include "api/internal.h"

const struct status *identity_authenticate(struct request *r) {
	if (r->x->local_user) {
		r->user = r->x->local_user;
		return NULL;
	}
	struct access_credentials c = {
		.authorization = request_get_header(r, "authorization"),
		.ws_protocols = request_get_header(r, "sec-websocket-protocol"),
		.peer_cert = r->x->peer_cert,
	};
	struct access_user *user = NULL;
	const char *warning = NULL;
	int err = access_authenticate(r->api->access, r->a, &c, &user, &warning);
	if (warning) request_warn(r, warning);
	if (err || !user) return status_unauthorized();
	r->user = user;
	return NULL;
}

/* ---- 403 ---- */

/* Go's strings.NewReplacer of the responsewriters: & < > only. */
static const char *sanitize(struct arena *a, const char *s) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	for (; *s; s++) {
		if (*s == '&') buf_puts(&b, "&amp;");
		else if (*s == '<') buf_puts(&b, "&lt;");
		else if (*s == '>') buf_puts(&b, "&gt;");
		else buf_putc(&b, *s);
	}
	return arena_strndup(a, b.p ? b.p : "", b.n);
}

static const char *forbidden_text(struct arena *a, const struct access_attrs *at) {
	const char *user = status_quote(a, at->user->name);
	if (!at->is_resource) return arena_printf(a, "User %s cannot %.*s path %s", user, SLICE_FMT(at->verb), status_quote(a, at->path));
	const char *resource = slice_empty(at->subresource) ? arena_slice_str(a, at->resource)
			     : arena_printf(a, "%.*s/%.*s", SLICE_FMT(at->resource), SLICE_FMT(at->subresource));
	const char *where = slice_empty(at->ns) ? "at the cluster scope" : arena_printf(a, "in the namespace %s", status_quote(a, at->ns));
	return arena_printf(a, "User %s cannot %.*s resource %s in API group %s %s", user, SLICE_FMT(at->verb),
			    status_quote(a, slice_str(resource ? resource : "")), status_quote(a, at->group), where ? where : "");
}

const struct status *identity_forbidden(struct arena *a, const struct access_attrs *at, const char *reason) {
	const char *text = forbidden_text(a, at);
	const char *why = text ? sanitize(a, text) : NULL;
	if (why && reason && *reason) why = arena_printf(a, "%s: %s", why, reason);
	if (!why) return status_no_memory();
	struct status *st = arena_new_of(a, struct status);
	if (!st) return status_no_memory();
	*st = *status_forbidden(a, at->group, at->resource, at->name, why);
	st->nosniff = true;
	return st;
}

const struct status *identity_check(struct request *r, const struct access_attrs *at) {
	const char *reason = NULL;
	int may = access_authorize(r->api->access, r->a, at, &reason);
	if (may > 0) return NULL;
	if (may < 0) return status_internal_text(r->a, r->x->head.target, reason && *reason ? reason : "authorization failed");
	return identity_forbidden(r->a, at, reason);
}

/* A list of one node's pods says so in its selector: the node authoriser wants to know. */
static struct slice demanded_node(struct request *r) {
	struct fields_selector fields;
	const char *msg;
	struct slice text = query_get(&r->query, "fieldSelector"), node = SLICE_NULL;
	if (slice_empty(text) || fields_parse(r->a, text, &fields, &msg) < 0) return SLICE_NULL;
	if (!fields_exact(&fields, "spec.nodeName", &node)) (void)fields_exact(&fields, "nodeName", &node);
	return node;
}

const struct status *identity_authorize(struct request *r) {
	const struct request_info *i = &r->info;
	struct access_attrs at = { .user = r->user, .is_resource = i->is_resource, .verb = i->verb };
	at.field_node = demanded_node(r);
	if (i->is_resource) {
		at.ns = i->ns;
		at.group = i->group;
		at.version = i->version;
		at.resource = i->resource;
		at.subresource = i->subresource;
		at.name = i->name;
	} else {
		at.path = i->path;
	}
	return identity_check(r, &at);
}

int identity_allowed(struct request *r, const char *verb, struct slice group, struct slice resource, struct slice sub, struct slice ns, struct slice name) {
	struct access_attrs at = { .user = r->user, .is_resource = true, .verb = slice_str(verb), .group = group, .version = r->info.version,
				   .resource = resource, .subresource = sub, .ns = ns, .name = name };
	const char *reason = NULL;
	return access_authorize(r->api->access, r->a, &at, &reason) > 0;
}
