/* SPDX-License-Identifier: Apache-2.0 */
/* run: one pod from flags, and being attached to it. */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/exec.h"
#include "ctl/image_name.h"
#include "ctl/logs.h"
#include "ctl/run_pod.h"
#include "ctl/tree.h"
#include "ctl/write.h"

static const struct resource service_resource = { .group = "", .version = "v1", .name = "services", .kind = "Service", .singular = "service", .namespaced = true };

static const struct flag flags[] = {
	{ "attach", FLAG_BOOL, NULL, 0, NULL, "attach to the pod when it runs; so with -i" },
	{ "expose", FLAG_BOOL, NULL, 0, NULL, "make a service for the pod; needs --port" },
	{ "pod-running-timeout", FLAG_DURATION, "1m0s", 0, NULL, "how long to wait for the pod" },
	{ "quiet", FLAG_BOOL, NULL, 'q', NULL, "print only what comes from the container" },
	{ "rm", FLAG_BOOL, NULL, 0, NULL, "delete the pod after it was attached to" },
	{ "stdin", FLAG_BOOL, NULL, 'i', NULL, "pass standard input on" },
	{ "tty", FLAG_BOOL, NULL, 't', NULL, "standard input is a terminal" },
	FLAG_MANAGER("kubectl-run"),
	{ 0 },
};

static bool attached(struct ctl *c) { return flag_given(&c->flags, "attach") ? flag_on(&c->flags, "attach") : flag_on(&c->flags, "stdin"); }

/* ---- checks ---- */

static bool one_of(const char *text, const char *const *list) {
	for (; *list; list++)
		if (!strcmp(text, *list)) return true;
	return false;
}

static int check(struct ctl *c, size_t n) {
	static const char *const restarts[] = { "", "Always", "OnFailure", "Never", NULL }, *const pulls[] = { "", "Always", "IfNotPresent", "Never", NULL };
	const char *image = flag_text(&c->flags, "image"), *restart = flag_text(&c->flags, "restart"), *pull = flag_text(&c->flags, "image-pull-policy");
	if (!flag_given(&c->flags, "image")) return ctl_fail(c, "required flag(s) \"image\" not set");
	if (!n) return ctl_usage(c, "NAME is required for run");
	if (!*image) return ctl_fail(c, "--image is required");
	if (!image_name_valid(slice_str(image))) return ctl_fail(c, "Invalid image name %s: invalid reference format", ctl_quote(c, slice_str(image)));
	if (flag_on(&c->flags, "tty") && !flag_on(&c->flags, "stdin")) return ctl_usage(c, "-i/--stdin is required for containers with -t/--tty=true");
	if (flag_on(&c->flags, "expose") && !*flag_text(&c->flags, "port")) return ctl_usage(c, "--port must be set when exposing a service");
	if (!one_of(restart, restarts)) return ctl_usage(c, "invalid restart policy: %s", restart);
	if (!attached(c) && flag_on(&c->flags, "rm")) return ctl_usage(c, "--rm should only be used for attached containers");
	if (attached(c) && dryrun_mode(c) != DRYRUN_NONE)
		return ctl_usage(c, "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)");
	return one_of(pull, pulls) ? 0 : ctl_usage(c, "invalid image pull policy: %s", pull);
}

/* ---- the pod's life ---- */

static bool phase_is(const yyjson_mut_val *pod, const char *phase) { return !strcmp(text_at(pod, "status.phase"), phase); }
static int completed(void *ctx, const yyjson_mut_val *pod) { return (void)ctx, phase_is(pod, "Succeeded") || phase_is(pod, "Failed"); }
static int succeeded(void *ctx, const yyjson_mut_val *pod) { return (void)ctx, phase_is(pod, "Succeeded"); }

static int ready_or_over(void *ctx, const yyjson_mut_val *pod) {
	yyjson_mut_val *v;
	if (completed(ctx, pod)) return 1;
	if (!phase_is(pod, "Running")) return 0;
	json_each(json_path(pod, "status.conditions"), v)
		if (!strcmp(text_at(v, "type"), "Ready") && !strcmp(text_at(v, "status"), "True")) return 1;
	return 0;
}

static int print_logs(struct ctl *c, const struct info *pod) {
	struct k8c_log_options o = { .size = sizeof(o) };
	yyjson_mut_val *container = pod_container_or_default(c, pod->doc->root, "", flag_on(&c->flags, "quiet"));
	if (!container) return 1;
	return logs_print(c, &(struct log_source){ pod->ns, pod->name, text_at(container, "name"), "" }, 1, &o, false, false);
}

static int attach_or_logs(struct ctl *c, const struct info *pod) {
	struct attaching a = { "", flag_on(&c->flags, "stdin"), flag_on(&c->flags, "tty"), flag_on(&c->flags, "quiet") };
	size_t faults = c->faults.n;
	if (completed(NULL, pod->doc->root)) return print_logs(c, pod);
	if (attach_pod(c, pod, &a) == 0) return 0;
	if (c->faults.n == faults) return 1; /* a signal */
	ctl_err(c, "warning: couldn't attach to pod/%s, falling back to streaming logs: %s\n", pod->name, c->faults.v[faults].message);
	c->faults.n = faults;
	return print_logs(c, pod);
}

/* How the container ended is how this program ends. */
static int exit_as(struct ctl *c, const yyjson_mut_val *pod) {
	const char *ns = text_at(pod, "metadata.namespace"), *name = text_at(pod, "metadata.name");
	if (phase_is(pod, "Succeeded")) return 0;
	yyjson_mut_val *over = json_path(json_first(json_path(pod, "status.containerStatuses")), "state.terminated");
	int64_t code = json_path_int(over, "exitCode", 0);
	if (!code) return ctl_fail(c, "pod %s/%s failed with unknown exit code", ns, name);
	(void)ctl_fail_text(c, ctl_printf(c, "pod %s/%s terminated (%s)\n%s", ns, name, text_at(over, "reason"), text_at(over, "message")));
	c->faults.v[c->faults.n - 1].exit_code = (int)code;
	return 1;
}

static int attend(struct ctl *c, struct info *pod) {
	int64_t timeout = flag_int(&c->flags, "pod-running-timeout");
	const char *restart = flag_text(&c->flags, "restart");
	bool never = !strcmp(restart, "Never");
	if (pod_wait(c, pod, timeout, ready_or_over) || attach_or_logs(c, pod)) return 1;
	if (flag_on(&c->flags, "leave-stdin-open") || (!never && strcmp(restart, "OnFailure") != 0)) return 0;
	return pod_wait(c, pod, timeout, never ? completed : succeeded) || exit_as(c, pod->doc->root);
}

static void delete_object(struct ctl *c, const struct info *i) {
	struct k8c_reply *reply;
	struct call call = { .method = "DELETE", .path = resource_path(c, i->r, i->ns, i->name, NULL), .body = SLICE_LIT("{\"propagationPolicy\":\"Background\"}") };
	int r = session_try(c, &call, &reply);
	if (r == 1 && reply->error.status != 404) (void)ctl_fail_api(c, &reply->error, NULL);
	if (r == 0 && !flag_on(&c->flags, "quiet")) ctl_out(c, "%s \"%s\" deleted\n", i->r->singular, i->name);
}

/* ---- the command ---- */

static int make(struct ctl *c, const struct resource *r, yyjson_mut_doc *doc, struct info *ret) {
	*ret = (struct info){ .r = r, .doc = doc, .name = text_at(doc->root, "metadata.name") };
	if (dryrun_mode(c) == DRYRUN_CLIENT) return 0;
	ret->ns = session_namespace(c);
	return !ret->ns || write_send(c, ret, "POST", NULL, tree_text(c, doc->root), NULL, "creating");
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct printer *printer;
	struct info pod = { 0 }, service = { 0 };
	yyjson_mut_doc *doc;
	if (dryrun_check(c) || check(c, n) || printer_new(c, 0, &printer)) return 1;
	if (run_pod(c, args[0], args + 1, n - 1, &doc) || make(c, &pod_resource, doc, &pod)) return 1;
	if (flag_on(&c->flags, "expose")) {
		if (run_service(c, args[0], &doc) == 0 && make(c, &service_resource, doc, &service) == 0) {
			(void)print_done(c, printer, service.doc->root, "created");
			if (!strcmp(flag_text(&c->flags, "output"), "yaml")) ctl_out(c, "---\n");
		}
	}
	if (!attached(c)) return print_done(c, printer, pod.doc->root, "created") || c->faults.n > 0;
	int r = attend(c, &pod);
	if (flag_on(&c->flags, "rm")) {
		delete_object(c, &pod);
		if (service.ns) delete_object(c, &service);
	}
	return r;
}

static const struct flag *const tables[] = { flags, run_pod_flags, dryrun_flags, print_flags, NULL };
const struct command command_run = { "run", NULL, "NAME --image=image [flags] [-- COMMAND [args...]]", "Run an image as a pod", tables, run, NULL };
