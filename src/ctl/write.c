/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/write.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"

const struct flag validate_flags[] = {
	{ "validate", FLAG_STRING, "strict", 0, "strict", "strict, warn or ignore unknown fields" },
	{ 0 },
};

static const struct { const char *text, *mode; } modes[] = {
	{ "true", "Strict" }, { "strict", "Strict" }, { "warn", "Warn" }, { "ignore", "Ignore" }, { "false", "Ignore" },
};

const char *validate_mode(struct ctl *c) {
	const char *text = flag_text(&c->flags, "validate");
	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (!strcmp(text, modes[i].text)) return modes[i].mode;
	(void)ctl_fail(c, "invalid - validate option \"%s\"; must be one of: strict (or true), warn, ignore (or false)", text);
	return NULL;
}

int write_send(struct ctl *c, struct info *i, const char *method, const char *content_type, struct slice body, const char *query,
	       const char *doing) {
	struct buf q = BUF_INIT(65536);
	struct k8c_reply *reply;
	dryrun_query(c, &q, NULL);
	if (query && *query) (void)buf_printf(&q, "%s%s", q.n ? "&" : "", query);
	struct call call = { .method = method, .path = resource_path(c, i->r, i->ns, strcmp(method, "POST") != 0 ? i->name : NULL, NULL),
			     .query = ctl_take(c, &q).p, .content_type = content_type, .body = body, .what = info_what(c, i, doing) };
	return session_call(c, &call, &reply) || session_parse(c, reply, &i->doc) ? 1 : 0;
}

struct pick write_pick(struct ctl *c, const char *const *args, size_t n, unsigned flags) {
	struct pick p = { .args = args, .n = n, .flags = flags, .chunk = 500 };
	if (flags_have(&c->flags, "selector")) p.selector = flag_text(&c->flags, "selector");
	if (flags_have(&c->flags, "field-selector")) p.field_selector = flag_text(&c->flags, "field-selector");
	if (flags_have(&c->flags, "all") && flag_on(&c->flags, "all")) p.flags |= PICK_ALL;
	if (flags_have(&c->flags, "all-namespaces") && flag_on(&c->flags, "all-namespaces")) p.flags |= PICK_ALL_NAMESPACES;
	return p;
}
