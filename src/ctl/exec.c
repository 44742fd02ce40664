/* SPDX-License-Identifier: Apache-2.0 */
/* exec: a command in a container. */
#include "ctl/command.h"
#include "ctl/exec.h"
#include "ctl/pod.h"
#include "ctl/tree.h"

const struct flag stream_flags[] = {
	{ "container", FLAG_STRING, NULL, 'c', NULL, "which container" },
	{ "pod-running-timeout", FLAG_DURATION, "1m0s", 0, NULL, "how long to wait for a pod" },
	{ "quiet", FLAG_BOOL, NULL, 'q', NULL, "print only what comes from the container" },
	{ "stdin", FLAG_BOOL, NULL, 'i', NULL, "pass standard input on" },
	{ "tty", FLAG_BOOL, NULL, 't', NULL, "standard input is a terminal" },
	{ 0 },
};

int exec_exit(struct ctl *c, int code) {
	if (!code) return 0;
	(void)ctl_fail_text(c, ctl_printf(c, "command terminated with exit code %d", code));
	c->faults.v[c->faults.n - 1].exit_code = code;
	return 1;
}

bool exec_wants_tty(struct ctl *c) {
	if (!flag_on(&c->flags, "stdin") || !flag_on(&c->flags, "tty")) return false;
	if (terminal_is(c)) return true;
	if (!flag_on(&c->flags, "quiet")) ctl_err(c, "Unable to use a TTY - input is not a terminal or the right kind of file\n");
	return false;
}

/* "completed" pods have nothing to talk to. */
int exec_completed(struct ctl *c, const yyjson_mut_val *pod, const char *what) {
	const char *phase = text_at(pod, "status.phase");
	if (strcmp(phase, "Succeeded") != 0 && strcmp(phase, "Failed") != 0) return 0;
	return ctl_fail(c, "cannot %s a completed pod; current phase is %s", what, phase);
}

static int target(struct ctl *c, const char *const *args, size_t n, struct info *ret) {
	struct infos l = { 0 };
	if (!flags_get(&c->flags, "filename")->n) return pod_object(c, args, n, ret);
	if (infos_files(c, 0, &l) || !l.n) return 1;
	*ret = l.v[0];
	return info_fetch(c, ret, true, NULL) ? 1 : 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	ptrdiff_t dash = c->flags.dash;
	bool file = flags_get(&c->flags, "filename")->n > 0;
	size_t named = dash < 0 ? n : (size_t)dash;
	struct info obj, pod;
	int code;
	if (dash < 0 && n > 1) return ctl_usage(c, "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead");
	if (!named && !file) return ctl_fail(c, "pod, type/name or --filename must be specified");
	if (named == n) return ctl_fail(c, "you must specify at least one command for the container");
	if (pod_timeout(c) || target(c, args, named ? 1 : 0, &obj) || pod_of(c, &obj, "cannot attach to", flag_int(&c->flags, "pod-running-timeout"), &pod, NULL)) return 1;
	if (exec_completed(c, pod.doc->root, "exec into a container in")) return 1;
	const char *container = flag_text(&c->flags, "container");
	if (!*container) {
		yyjson_mut_val *v = pod_container_or_default(c, pod.doc->root, "", flag_on(&c->flags, "quiet"));
		if (!v) return 1;
		container = text_at(v, "name");
	}
	bool tty = exec_wants_tty(c);
	struct terminal t = { .ns = pod.ns, .pod = pod.name, .container = container, .command = args + named,
			      .in = flag_on(&c->flags, "stdin"), .tty = tty, .out = true, .err = !tty };
	return terminal_run(c, &t, &code) ? 1 : exec_exit(c, code);
}

static const struct flag *const tables[] = { stream_flags, file_flags, NULL };
const struct command command_exec = { "exec", NULL, "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
				      "Execute a command in a container", tables, run, NULL };
