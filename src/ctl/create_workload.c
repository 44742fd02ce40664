/* SPDX-License-Identifier: Apache-2.0 */
/* create deployment, job, cronjob. */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

static yyjson_mut_val *add_container(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *pod, const char *name, const char *image) {
	yyjson_mut_val *v = ctl_must(yyjson_mut_obj(doc));
	tree_put(c, doc, v, "image", image);
	tree_put(c, doc, v, "name", name);
	(void)tree_obj(c, doc, v, "resources");
	tree_append(c, tree_list(c, doc, pod, "containers"), v);
	return v;
}

static void put_command(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *container, const char *const *args, size_t n) {
	for (size_t i = 0; i < n; i++) tree_append(c, tree_list(c, doc, container, "command"), tree_string(c, doc, args[i]));
}

/* A list's one name is its only value: "exactly one NAME is required", which counts what stands before `--`. */
static int one_name(struct ctl *c, size_t n) {
	size_t names = c->flags.dash >= 0 ? (size_t)c->flags.dash : n;
	return create_one_name(c, c->flags.dash >= 0 ? names : n > 1 ? 1 : n);
}

/* ---- deployment ---- */

/* "registry/path/nginx:1.2@sha256:..." is called nginx. */
static const char *image_name(struct ctl *c, const char *image) {
	const char *slash = strrchr(image, '/');
	struct slice rest = slice_str(slash ? slash + 1 : image), name = slice_cut(&rest, ':');
	char *text = ctl_text(c, slice_cut(&name, '@'));
	for (char *p = text; *p; p++)
		if (*p == '_') *p = '-';
	return text;
}

static int deployment_containers(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *pod, const char *const *args, size_t n) {
	const struct flag_value *images = flags_get(&c->flags, "image");
	int64_t port = flag_int(&c->flags, "port");
	for (size_t i = 0; i < images->n; i++) {
		const char *name = image_name(c, images->list[i]);
		yyjson_mut_val *v = add_container(c, doc, pod, name, images->list[i]);
		put_command(c, doc, v, args, n);
		if (port < 0 || i) continue;
		yyjson_mut_val *p = ctl_must(yyjson_mut_obj(doc));
		(void)json_set_int(doc, p, "containerPort", port);
		tree_append(c, tree_list(c, doc, v, "ports"), p);
	}
	return 0;
}

static int deployment_run(struct ctl *c, const char *const *args, size_t n) {
	const struct flag_value *images = flags_get(&c->flags, "image");
	if (!images->n) return ctl_fail(c, "required flag(s) \"image\" not set");
	if (one_name(c, n)) return 1;
	if (images->n > 1 && n > 1) return ctl_fail(c, "cannot specify multiple --image options and command");
	yyjson_mut_doc *doc = create_object(c, "apps/v1", "Deployment", args[0], true);
	tree_put(c, doc, doc->root, "metadata.labels.app", args[0]);
	(void)json_set_int(doc, tree_obj(c, doc, doc->root, "spec"), "replicas", flag_int(&c->flags, "replicas"));
	tree_put(c, doc, doc->root, "spec.selector.matchLabels.app", args[0]);
	(void)tree_obj(c, doc, doc->root, "spec.strategy");
	tree_put(c, doc, doc->root, "spec.template.metadata.labels.app", args[0]);
	(void)tree_obj(c, doc, doc->root, "status");
	if (deployment_containers(c, doc, tree_obj(c, doc, doc->root, "spec.template.spec"), args + 1, n - 1)) return 1;
	return create_finish(c, doc);
}

/* ---- job ---- */

static void fill_job(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *spec, const char *restart, const char *const *args, size_t n) {
	yyjson_mut_val *pod = tree_obj(c, doc, spec, "template.spec");
	(void)tree_obj(c, doc, spec, "template.metadata");
	yyjson_mut_val *v = add_container(c, doc, pod, args[0], flag_text(&c->flags, "image"));
	put_command(c, doc, v, args + 1, n - 1);
	tree_put(c, doc, pod, "restartPolicy", restart);
}

/* The template of a cron job, as if it were its time. */
static int job_from(struct ctl *c, yyjson_mut_doc *doc, const char *from) {
	struct infos l = { 0 };
	struct pick p = { .args = &from, .n = 1, .flags = PICK_FETCH | PICK_LATEST };
	if (infos_args(c, &p, &l)) return 1;
	if (l.n != 1 || !l.v[0].name) return ctl_fail(c, "from must be an existing cronjob");
	if (info_fetch(c, &l.v[0], true, NULL)) return 1;
	const yyjson_mut_val *cron = l.v[0].doc->root, *template = json_path(cron, "spec.jobTemplate");
	const yyjson_mut_val *labels = json_path(template, "metadata.labels"), *spec = json_get(template, "spec");
	if (strcmp(text_at(cron, "kind"), "CronJob") != 0) return ctl_fail(c, "unknown object type *%s", text_at(cron, "kind"));
	yyjson_mut_val *annotations = tree_obj(c, doc, doc->root, "metadata.annotations"), *k, *v, *owner = ctl_must(yyjson_mut_obj(doc));
	size_t i, n;
	tree_set(c, doc, annotations, "cronjob.kubernetes.io/instantiate", tree_string(c, doc, "manual"));
	yyjson_mut_obj_foreach(json_path(template, "metadata.annotations"), i, n, k, v)
		tree_set(c, doc, annotations, text_of(k), ctl_must(json_copy(doc, v)));
	if (labels) tree_set(c, doc, json_get(doc->root, "metadata"), "labels", ctl_must(json_copy(doc, labels)));
	tree_put(c, doc, owner, "apiVersion", "batch/v1");
	tree_set(c, doc, owner, "controller", ctl_must(yyjson_mut_bool(doc, true)));
	tree_put(c, doc, owner, "kind", "CronJob");
	tree_put(c, doc, owner, "name", text_at(cron, "metadata.name"));
	tree_put(c, doc, owner, "uid", text_at(cron, "metadata.uid"));
	tree_append(c, tree_list(c, doc, doc->root, "metadata.ownerReferences"), owner);
	if (spec) tree_set(c, doc, doc->root, "spec", ctl_must(json_copy(doc, spec)));
	return 0;
}

static int job_run(struct ctl *c, const char *const *args, size_t n) {
	const char *image = flag_text(&c->flags, "image"), *from = flag_text(&c->flags, "from");
	if (one_name(c, n)) return 1;
	if ((*image != 0) == (*from != 0)) return ctl_fail(c, "either --image or --from must be specified");
	if (*from && n > 1) return ctl_fail(c, "cannot specify --from and command");
	yyjson_mut_doc *doc = create_object(c, "batch/v1", "Job", args[0], true);
	(void)tree_obj(c, doc, doc->root, "spec");
	(void)tree_obj(c, doc, doc->root, "status");
	if (*from && job_from(c, doc, from)) return 1;
	if (*image) fill_job(c, doc, json_get(doc->root, "spec"), "Never", args, n);
	return create_finish(c, doc);
}

static int cronjob_run(struct ctl *c, const char *const *args, size_t n) {
	const char *restart = flag_text(&c->flags, "restart");
	struct strings missing = { 0 };
	if (!flag_given(&c->flags, "image")) strings_add(c, &missing, "\"image\"");
	if (!flag_given(&c->flags, "schedule")) strings_add(c, &missing, "\"schedule\"");
	if (missing.n) return ctl_fail(c, "required flag(s) %s not set", strings_join(c, &missing, ", "));
	if (one_name(c, n)) return 1;
	yyjson_mut_doc *doc = create_object(c, "batch/v1", "CronJob", args[0], true);
	tree_put(c, doc, doc->root, "spec.jobTemplate.metadata.name", args[0]);
	fill_job(c, doc, tree_obj(c, doc, doc->root, "spec.jobTemplate.spec"), *restart ? restart : "OnFailure", args, n);
	tree_put(c, doc, doc->root, "spec.schedule", flag_text(&c->flags, "schedule"));
	(void)tree_obj(c, doc, doc->root, "status");
	return create_finish(c, doc);
}

static const struct flag deployment_flags[] = {
	{ "image", FLAG_LIST, NULL, 0, NULL, "image; may be repeated" },
	{ "port", FLAG_INT, "-1", 0, NULL, "the port of the first container" },
	{ "replicas", FLAG_INT, "1", 'r', NULL, "how many pods" },
	{ 0 },
};
static const struct flag job_flags[] = {
	{ "from", FLAG_STRING, NULL, 0, NULL, "cronjob/NAME whose template is taken" },
	{ "image", FLAG_STRING, NULL, 0, NULL, "image" },
	{ 0 },
};
static const struct flag cronjob_flags[] = {
	{ "image", FLAG_STRING, NULL, 0, NULL, "image" },
	{ "restart", FLAG_STRING, NULL, 0, NULL, "OnFailure or Never" },
	{ "schedule", FLAG_STRING, NULL, 0, NULL, "when, in cron's notation" },
	{ 0 },
};
#define COMMON create_flags, validate_flags, dryrun_flags, print_flags, NULL
static const struct flag *const deployment_tables[] = { deployment_flags, COMMON };
static const struct flag *const job_tables[] = { job_flags, COMMON };
static const struct flag *const cronjob_tables[] = { cronjob_flags, COMMON };
const struct command create_deployment = { "deployment", "deploy", "NAME --image=IMAGE [-- COMMAND [ARG...]]", "Create a deployment", deployment_tables,
					   deployment_run, NULL };
const struct command create_job = { "job", NULL, "NAME --image=IMAGE [--from=cronjob/NAME] [-- COMMAND [ARG...]]", "Create a job", job_tables, job_run, NULL };
const struct command create_cronjob = { "cronjob", "cj", "NAME --image=IMAGE --schedule=SCHEDULE [-- COMMAND [ARG...]]", "Create a cron job", cronjob_tables,
					cronjob_run, NULL };
