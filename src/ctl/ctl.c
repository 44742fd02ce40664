/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/ctl.h"
#include "codec/goquote.h"
#include "ctl/session.h"

#include <stdio.h>

void *ctl_must(void *p) {
	if (p) return p;
	(void)write_all(2, SLICE_LIT("error: out of memory\n"));
	exit(1);
}

char *ctl_printf(struct ctl *c, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	char *p = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	return ctl_must(p);
}

char *ctl_text(struct ctl *c, struct slice s) { return ctl_must(arena_slice_str(c->a, s)); }
void *ctl_array(struct ctl *c, size_t n, size_t size) {
	void *p = ctl_must(arena_array(c->a, n ? n : 1, size));
	memset(p, 0, (n ? n : 1) * size);
	return p;
}

struct slice ctl_take(struct ctl *c, struct buf *b) {
	if (b->err) (void)ctl_must(NULL);
	struct slice s = { ctl_text(c, buf_slice(b)), b->n };
	buf_done(b);
	return s;
}

char *ctl_lower(struct ctl *c, struct slice s) {
	char *p = ctl_text(c, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z') p[i] = (char)(p[i] + 32);
	return p;
}

const char *ctl_quote(struct ctl *c, struct slice s) {
	const char *q = goquote(c->a, s);
	return q ? q : ctl_must(NULL);
}

/* ---- lists of strings ---- */

void strings_add(struct ctl *c, struct strings *s, const char *text) {
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		s->v = ctl_must(arena_realloc(c->a, s->v, s->cap * sizeof(*s->v), cap * sizeof(*s->v)));
		s->cap = cap;
	}
	s->v[s->n++] = text;
}

bool strings_has(const struct strings *s, const char *text) {
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i], text)) return true;
	return false;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }
void strings_sort(struct strings *s) {
	if (s->n) qsort(s->v, s->n, sizeof(*s->v), by_bytes);
}

char *strings_join(struct ctl *c, const struct strings *s, const char *sep) {
	_cleanup_buf_ struct buf b = BUF_INIT(CTL_FILE_MAX);
	for (size_t i = 0; i < s->n; i++) (void)buf_printf(&b, "%s%s", i ? sep : "", s->v[i]);
	return ctl_text(c, buf_slice(&b));
}

/* ---- output ---- */

void ctl_out(struct ctl *c, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	sink_vprintf(&c->out, fmt, ap);
	va_end(ap);
}

void ctl_err(struct ctl *c, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	sink_vprintf(&c->err, fmt, ap);
	va_end(ap);
}

/* ---- faults ---- */

static int note(struct ctl *c, const struct fault *f) {
	if (!faults_add(c->a, &c->faults, f)) (void)ctl_must(NULL);
	return 1;
}

int ctl_fail(struct ctl *c, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	char *msg = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	return note(c, &(struct fault){ .kind = FAULT_PLAIN, .exit_code = 1, .reason = "", .message = ctl_must(msg) });
}

int ctl_fail_text(struct ctl *c, const char *text) {
	return note(c, &(struct fault){ .kind = FAULT_TEXT, .exit_code = 1, .reason = "", .message = text });
}

int ctl_usage(struct ctl *c, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	char *msg = ctl_must(arena_vprintf(c->a, fmt, ap));
	va_end(ap);
	return ctl_fail(c, "%s\nSee '%s -h' for help and examples", msg, c->path);
}

int ctl_fail_api(struct ctl *c, const struct k8c_error *e, const char *what) {
	if (e->status == 0) {
		const char *server = c->cfg ? k8c_config_server(c->cfg) : "";
		const char *host = strstr(server, "://");
		return note(c, &(struct fault){ .kind = FAULT_CONNECTION, .exit_code = 1, .err = e->err, .reason = "",
						 .message = ctl_printf(c, "%s", e->message), .host = host ? host + 3 : server });
	}
	bool invalid = !strcmp(e->reason, "Invalid");
	const char *message = invalid && what ? ctl_printf(c, "%s: %s", what, e->message) :
			      what ? ctl_printf(c, "%s: %s", what, e->message) : ctl_printf(c, "%s", e->message);
	struct k8c_cause *causes = ctl_array(c, e->n_causes, sizeof(*causes));
	for (size_t i = 0; i < e->n_causes; i++)
		causes[i] = (struct k8c_cause){ ctl_printf(c, "%s", e->causes[i].reason), ctl_printf(c, "%s", e->causes[i].message),
						ctl_printf(c, "%s", e->causes[i].field) };
	return note(c, &(struct fault){ .kind = FAULT_STATUS, .exit_code = 1, .err = e->err, .reason = ctl_printf(c, "%s", e->reason),
					 .message = message, .object_kind = ctl_printf(c, "%s", e->kind),
					 .object_name = ctl_printf(c, "%s", e->name), .causes = causes, .n_causes = e->n_causes,
					 .invalid = invalid });
}
