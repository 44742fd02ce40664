/* SPDX-License-Identifier: Apache-2.0 */
#include "node/forwarding.h"

#include "base/log.h"
#include "node/proc.h"

#include <errno.h>
#include <stdio.h>

#define RULES_MAX (1u * MIB)
#define RULE_MAX 256
#define TOOL_TIMEOUT_MS 20000u

/* As iptables-save writes them, so that they are found again. */
static const char *const directions[] = { "-i", "-o" };

static struct slice rule_text(char text[RULE_MAX], const char *direction, const char *bridge) {
	int n = snprintf(text, RULE_MAX, "FORWARD %s %s -m comment --comment k8c-pods -j ACCEPT", direction, bridge);
	return slice_make(text, n < RULE_MAX ? (size_t)n : 0);
}

/* A chain's default or a rule for everything at its end. */
static bool refuses(struct slice line) {
	static const char *const starts[] = { ":FORWARD DROP", "-A FORWARD -j DROP", "-A FORWARD -j REJECT" };
	for (size_t i = 0; i < ELEMENTSOF(starts); i++)
		if (slice_starts(line, slice_str(starts[i]))) return true;
	return false;
}

static bool next_line(struct slice *rest, struct slice *ret_table, struct slice *ret) {
	while (rest->p) {
		*ret = slice_cut(rest, '\n');
		if (ret->n && ret->p[0] == '*') *ret_table = slice_from(*ret, 1);
		else if (ret->n) return true;
	}
	return false;
}

int forwarding_missing(struct buf *b, struct slice save, const char *bridge) {
	struct slice rest = save, table = SLICE_NULL, line;
	bool refused = false, there[ELEMENTSOF(directions)] = { 0 };
	char text[RULE_MAX];
	while (next_line(&rest, &table, &line)) {
		if (!slice_eqs(table, "filter")) continue;
		refused = refused || refuses(line);
		for (size_t i = 0; i < ELEMENTSOF(directions); i++)
			if (slice_starts(line, SLICE_LIT("-A ")) && slice_eq(slice_from(line, 3), rule_text(text, directions[i], bridge)))
				there[i] = true;
	}
	if (!refused || (there[0] && there[1])) return 0;
	buf_puts(b, "*filter\n");
	for (size_t i = 0; i < ELEMENTSOF(directions); i++)
		if (!there[i]) buf_printf(b, "-I %.*s\n", SLICE_FMT(rule_text(text, directions[i], bridge)));
	return buf_puts(b, "COMMIT\n");
}

static void own_rules_delete(struct buf *b, struct slice save, const char *bridge) {
	struct slice rest = save, table = SLICE_NULL, line;
	char text[RULE_MAX];
	bool any = false;
	while (next_line(&rest, &table, &line)) {
		if (!slice_eqs(table, "filter") || !slice_starts(line, SLICE_LIT("-A "))) continue;
		for (size_t i = 0; i < ELEMENTSOF(directions); i++) {
			if (!slice_eq(slice_from(line, 3), rule_text(text, directions[i], bridge))) continue;
			if (!any) buf_puts(b, "*filter\n");
			any = true;
			buf_printf(b, "-D %.*s\n", SLICE_FMT(slice_from(line, 3)));
		}
	}
	if (any) buf_puts(b, "COMMIT\n");
}

/* The plugin makes these on its first use and never removes them. One that dispatches to a pod's chain is in use. */
static void portmap_chains_delete(struct buf *b, struct slice save) {
	struct slice rest = save, table = SLICE_NULL, line;
	_cleanup_buf_ struct buf chains = BUF_INIT(RULES_MAX), jumps = BUF_INIT(RULES_MAX);
	while (next_line(&rest, &table, &line)) {
		if (!slice_eqs(table, "nat")) continue;
		if (slice_starts(line, SLICE_LIT("-A CNI-HOSTPORT-DNAT "))) return;
		struct slice name = slice_starts(line, SLICE_LIT(":CNI-HOSTPORT-")) ? slice_from(line, 1) : SLICE_NULL;
		name = slice_cut(&name, ' ');
		if (name.n) buf_printf(&chains, "-F %.*s\n-X %.*s\n", SLICE_FMT(name), SLICE_FMT(name));
		else if (slice_starts(line, SLICE_LIT("-A ")) && slice_find(line, SLICE_LIT("-j CNI-HOSTPORT-")) >= 0)
			buf_printf(&jumps, "-D %.*s\n", SLICE_FMT(slice_from(line, 3)));
	}
	if (buf_slice(&chains).n)
		buf_printf(b, "*nat\n%.*s%.*sCOMMIT\n", SLICE_FMT(buf_slice(&jumps)), SLICE_FMT(buf_slice(&chains)));
}

int forwarding_leftovers(struct buf *b, struct slice save, const char *bridge) {
	own_rules_delete(b, save, bridge);
	portmap_chains_delete(b, save);
	return buf_err(b);
}

/* ==== the machine ==== */

struct change {
	struct loop *loop;
	char *bridge;
	int (*decide)(struct buf *b, struct slice save, const char *bridge);
	bool *ret_done;
	int *ret_err;
};

static void change_end(struct change *c, int err) {
	if (c->ret_err) *c->ret_err = err;
	if (c->ret_done) *c->ret_done = true;
	free(c->bridge);
	free(c);
}

static void on_restored(void *ctx, const struct proc_result *r) {
	if (r->code) {
		struct slice why = proc_error_text(r);
		log_warn("node", "iptables-restore: %.*s", SLICE_FMT(why));
	}
	change_end(ctx, r->code ? -EIO : 0);
}

static void on_saved(void *ctx, const struct proc_result *r) {
	static const char *const argv[] = { "iptables-restore", "--noflush", "-w", "5", NULL };
	struct change *c = ctx;
	_cleanup_buf_ struct buf b = BUF_INIT(RULES_MAX);
	int err = r->code ? -EIO : c->decide(&b, r->out, c->bridge);
	if (err < 0 || buf_slice(&b).n == 0) return change_end(c, err);
	struct proc_options o = { .argv = argv, .input = buf_slice(&b), .timeout_ms = TOOL_TIMEOUT_MS };
	log_info("node", "changing the machine's forwarding rules for %s", c->bridge);
	err = proc_start(c->loop, &o, on_restored, c, NULL);
	if (err < 0) change_end(c, err);
}

static int change_start(const struct change *with) {
	static const char *const argv[] = { "iptables-save", NULL };
	struct proc_options o = { .argv = argv, .timeout_ms = TOOL_TIMEOUT_MS, .output_max = RULES_MAX };
	struct change *c = malloc(sizeof(*c));
	if (!c) return -ENOMEM;
	*c = *with;
	c->bridge = strdup(with->bridge);
	int r = c->bridge ? proc_start(c->loop, &o, on_saved, c, NULL) : -ENOMEM;
	if (r == 0) return 0;
	free(c->bridge);
	free(c);
	return r;
}

void forwarding_ensure(struct loop *l, const char *bridge) {
	struct change c = { .loop = l, .bridge = (char *)bridge, .decide = forwarding_missing };
	int r = change_start(&c);
	if (r < 0 && r != -ENOENT) log_warn("node", "iptables-save: %s", strerror(-r));
}

int forwarding_remove(struct loop *l, const char *bridge) {
	bool done = false;
	int err = 0;
	struct change c = { .loop = l, .bridge = (char *)bridge, .decide = forwarding_leftovers, .ret_done = &done, .ret_err = &err };
	int r = change_start(&c);
	while (r == 0 && !done) loop_run(l, UV_RUN_ONCE);
	return r < 0 ? r : err;
}
