/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/fault.h"
#include "ctl/goprint.h"

bool faults_add(struct arena *a, struct faults *f, const struct fault *fault) {
	if (f->n == FAULTS_MAX) return true;
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 8;
		struct fault *v = arena_realloc(a, f->v, f->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) return false;
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = *fault;
	return true;
}

/* True when the message is complete without a prefix. */
static bool standard(const struct fault *f, struct buf *b) {
	if (f->kind == FAULT_CONNECTION) {
		if (strstr(f->message, "refused"))
			(void)buf_printf(b, "The connection to the server %s was refused - did you specify the right host or port?", f->host);
		else
			(void)buf_printf(b, "Unable to connect to the server: %s", f->message);
		return true;
	}
	if (f->kind == FAULT_TEXT) (void)buf_puts(b, f->message);
	if (f->kind != FAULT_STATUS) return f->kind == FAULT_TEXT;
	if (!strcmp(f->reason, "Unauthorized"))
		(void)buf_printf(b, "error: You must be logged in to the server (%s)", f->message);
	else if (*f->reason)
		(void)buf_printf(b, "Error from server (%s): %s", f->reason, f->message);
	else
		(void)buf_printf(b, "Error from server: %s", f->message);
	return true;
}

static void end_line(struct buf *b) {
	if (b->n && b->p[b->n - 1] != '\n') (void)buf_putc(b, '\n');
}

static bool cause_seen(const struct fault *f, size_t i) {
	for (size_t k = 0; k < i; k++)
		if (!strcmp(f->causes[k].field, f->causes[i].field) && !strcmp(f->causes[k].message, f->causes[i].message)) return true;
	return false;
}

static void print_invalid(const struct fault *f, struct buf *b) {
	size_t n = 0;
	if (*f->object_kind || *f->object_name)
		(void)buf_printf(b, "The %s \"%s\" is invalid", f->object_kind, f->object_name);
	else
		(void)buf_puts(b, "The request is invalid");
	for (size_t i = 0; i < f->n_causes; i++) n += !cause_seen(f, i);
	if (!f->n_causes && !*f->object_kind && !*f->object_name && *f->message) (void)buf_printf(b, ": %s", f->message);
	if (n) (void)buf_puts(b, n > 1 ? ": \n" : ": ");
	for (size_t i = 0; i < f->n_causes; i++)
		if (!cause_seen(f, i)) (void)buf_printf(b, "%s%s: %s\n", n > 1 ? "* " : "", f->causes[i].field, f->causes[i].message);
	end_line(b);
}

static void print_one(const struct fault *f, struct buf *b) {
	if (f->kind == FAULT_SILENT) return;
	if (f->invalid) {
		print_invalid(f, b);
		return;
	}
	if (!standard(f, b)) (void)buf_printf(b, "%s%s", strncmp(f->message, "error: ", 7) ? "error: " : "", f->message);
	end_line(b);
}

static void print_list(const struct faults *f, struct buf *b) {
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].kind == FAULT_SILENT) continue;
		if (!standard(&f->v[i], b)) (void)buf_puts(b, f->v[i].message);
		end_line(b);
	}
}

/* Messages are the server's: they drive no terminal. */
void faults_print(struct arena *a, const struct faults *f, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(b->max);
	(void)a;
	if (f->n == 1) print_one(&f->v[0], &text);
	else print_list(f, &text);
	escape_terminal(b, buf_slice(&text));
}

int faults_exit_code(const struct faults *f) { return f->n ? f->v[0].exit_code : 0; }
