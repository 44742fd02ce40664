/* SPDX-License-Identifier: Apache-2.0 */
/* attach: to the process that runs in a container. */
#include "ctl/command.h"
#include "ctl/exec.h"
#include "ctl/tree.h"

int attach_pod(struct ctl *c, const struct info *i, const struct attaching *a) {
	const yyjson_mut_val *pod = i->doc->root;
	int code;
	if (exec_completed(c, pod, "attach a container in")) return 1;
	yyjson_mut_val *container = pod_container_or_default(c, pod, a->container, a->quiet);
	if (!container) {
		struct fault *f = &c->faults.v[c->faults.n - 1];
		f->message = ctl_printf(c, "cannot attach to the container: %s", f->message);
		return 1;
	}
	const char *name = text_at(container, "name"), *list = "";
	bool has_tty = json_path_bool(container, "tty", false), tty = has_tty && a->in && terminal_is(c);
	if (a->tty && !has_tty && !a->quiet) ctl_err(c, "error: Unable to use a TTY - container %s did not allocate one\n", name);
	if (has_tty && a->in && !tty && !a->quiet) ctl_err(c, "Unable to use a TTY - input is not a terminal or the right kind of file\n");
	if (!a->quiet)
		ctl_err(c, "All commands and output from this session will be recorded in container logs, including credentials and sensitive "
			   "information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n");
	struct terminal t = { .ns = i->ns, .pod = i->name, .container = name, .in = a->in, .tty = tty, .out = true, .err = !tty,
			      .resize_twice = true };
	if (terminal_run(c, &t, &code)) return 1;
	(void)pod_container(pod, name, &list);
	if (!a->quiet && tty) {
		bool ephemeral = !strcmp(list, "ephemeralContainers");
		ctl_out(c, "Session ended, %s using '%s attach %s -c %s -n %s -i -t' %s\n",
			ephemeral ? "the ephemeral container will not be restarted but may be reattached" : "resume", c->program, i->name, name, i->ns,
			ephemeral ? "if it is still running" : "command");
	}
	return code ? exec_exit(c, code) : 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct info obj, pod;
	struct attaching a = { flag_text(&c->flags, "container"), flag_on(&c->flags, "stdin"), flag_on(&c->flags, "tty"), flag_on(&c->flags, "quiet") };
	struct strings given = { 0 };
	for (size_t i = 0; i < n; i++) strings_add(c, &given, args[i]);
	if (!n) return ctl_fail(c, "at least 1 argument is required for attach");
	if (n > 2) return ctl_fail(c, "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw %zu: [%s]", n, strings_join(c, &given, " "));
	if (pod_timeout(c) || pod_object(c, args, n, &obj) || pod_of(c, &obj, "cannot attach to", flag_int(&c->flags, "pod-running-timeout"), &pod, NULL)) return 1;
	return attach_pod(c, &pod, &a);
}

static const struct flag *const tables[] = { stream_flags, NULL };
const struct command command_attach = { "attach", NULL, "(POD | TYPE/NAME) -c CONTAINER", "Attach to a running container", tables, run, NULL };
