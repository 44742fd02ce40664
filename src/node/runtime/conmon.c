/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/conmon.h"

#include "codec/json.h"
#include "node/files.h"
#include "node/limits.h"
#include "node/logline.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define CREATE_TIMEOUT_MS (4u * 60u * 1000u)
#define COMMAND_TIMEOUT_MS (2u * 60u * 1000u)
#define LOG_BYTES_MAX "67108864"

struct command {
	struct runtime *runtime;
	runtime_done *done;
	void *ctx;
	bool delete_after; /* remove the bundle when the runtime is through */
	char id[PATH_ELEMENT_MAX + 1];
};

struct execution {
	void (*done)(void *, const struct container_exec_result *);
	void *ctx;
};

static const char *bundle_path(struct runtime *r, struct arena *a, const char *id, const char *file) {
	return arena_printf(a, "%s/containers/%s%s%s", r->paths->base, id, *file ? "/" : "", file);
}

static int bundle_file(struct runtime *r, const char *id, const char *file, char path[VOLUME_PATH_MAX]) {
	int n = snprintf(path, VOLUME_PATH_MAX, "%s/containers/%s%s%s", r->paths->base, id, *file ? "/" : "", file);
	return n < (int)VOLUME_PATH_MAX ? 0 : -ENAMETOOLONG;
}

int container_rootfs_mount(struct runtime *r, struct arena *a, const char *id, const char *lowerdirs, const char **ret_rootfs) {
	const char *root = bundle_path(r, a, id, "rootfs"), *upper = bundle_path(r, a, id, "upper"),
		   *work = bundle_path(r, a, id, "work");
	/* An image without layers still needs a lower directory. */
	const char *lower = *lowerdirs ? lowerdirs : bundle_path(r, a, id, "empty");
	const char *options = arena_printf(a, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
	if (!root || !upper || !work || !lower || !options) return -ENOMEM;
	const char *make[] = { root, upper, work, *lowerdirs ? root : lower };
	int err = 0;
	for (size_t i = 0; i < ELEMENTSOF(make) && err == 0; i++) err = files_mkdir_p(make[i], 0755);
	if (err == 0 && mount("overlay", root, "overlay", 0, options) < 0) err = -errno;
	if (err == 0) *ret_rootfs = root;
	return err;
}

int container_bundle_write(struct runtime *r, const char *id, struct slice config) {
	char path[VOLUME_PATH_MAX];
	int err = bundle_file(r, id, "config.json", path);
	return err < 0 ? err : files_write(path, config, 0600, false);
}

static struct command *command_new(struct runtime *r, const char *id, runtime_done *done, void *ctx) {
	struct command *c = calloc(1, sizeof(*c));
	if (!c || strlen(id) > PATH_ELEMENT_MAX) {
		free(c);
		return NULL;
	}
	*c = (struct command){ .runtime = r, .done = done, .ctx = ctx };
	memcpy(c->id, id, strlen(id) + 1);
	return c;
}

static void command_end(struct command *c, int err, struct slice why) {
	char text[CHILD_ERROR_SHOWN + 1];
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(why));
	c->done(c->ctx, err, err < 0 ? (text[0] ? text : strerror(-err)) : NULL);
	free(c);
}

/* conmon's line: {"data":123} (a pid) or {"data":-1,"message":"what the runtime printed"}. */
static void on_created(void *ctx, const struct proc_result *r) {
	struct command *c = ctx;
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc = NULL;
	struct json_error err = { 0 };
	bool parsed = a && json_parse(a, r->status_line, &doc, &err) == 0;
	const yyjson_mut_val *root = parsed ? yyjson_mut_doc_get_root(doc) : NULL;
	if (json_path_int(root, "data", -1) > 0) return command_end(c, 0, SLICE_NULL);
	if (r->timed_out) return command_end(c, -ETIMEDOUT, SLICE_LIT("container creation timed out"));
	const char *message = parsed ? logline_message(a, json_path_str(root, "message")) : NULL;
	const char *text = message && *message ? arena_printf(a, "OCI runtime create failed: %s", message)
					       : "conmon ended without an answer";
	command_end(c, -EIO, slice_str(text));
}

int container_create(struct runtime *r, const struct container_create *o, runtime_done *done, void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct command *c = a ? command_new(r, o->id, done, ctx) : NULL;
	if (!c) return -ENOMEM;
	const char *bundle = bundle_path(r, a, o->id, ""), *pidfile = bundle_path(r, a, o->id, "pid"),
		   *own = bundle_path(r, a, o->id, "conmon.pid");
	const char *exits = arena_printf(a, "%s/exits", r->paths->run), *sockets = arena_printf(a, "%s/s", r->paths->run);
	const char *log = arena_printf(a, "k8s-file:%s", o->log_path);
	const char *argv[40] = { r->facts.conmon, "--api-version", "1", "-c", o->id, "-u", o->id, "-n", o->name, "-r", r->facts.runtime,
				 "-b", bundle, "-p", pidfile, "--conmon-pidfile", own, "--exit-dir", exits, "--socket-dir-path", sockets,
				 "-l", log, "--log-size-max", LOG_BYTES_MAX, "--log-level", "error", "--runtime-arg", r->root_arg };
	const char *envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "_OCI_SYNCPIPE=3", NULL };
	size_t n = 29;
	if (o->terminal) argv[n++] = "-t";
	if (o->std_in) argv[n++] = "-i";
	if (o->std_in && !o->std_in_once) argv[n++] = "--leave-stdin-open";
	int err = bundle && pidfile && own && exits && sockets && log ? 0 : -ENOMEM;
	struct proc_options po = { .argv = argv, .envp = envp, .cwd = bundle, .status_pipe = true, .timeout_ms = CREATE_TIMEOUT_MS };
	if (err == 0) err = proc_start(r->loop, &po, on_created, c, NULL);
	if (err < 0) free(c);
	return err;
}

/* What the container wrote may be a large tree: off the loop. */
static void bundle_remove(void *arg) {
	struct command *c = arg;
	char path[VOLUME_PATH_MAX];
	if (bundle_file(c->runtime, c->id, "rootfs", path) == 0 && files_is_mount(path)
	    && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return;
	if (bundle_file(c->runtime, c->id, "", path) == 0) (void)files_remove_tree(path);
}

static void bundle_removed(void *arg) {
	struct command *c = arg;
	container_forget(c->runtime, c->id);
	command_end(c, 0, SLICE_NULL);
}

static void on_command(void *ctx, const struct proc_result *r) {
	struct command *c = ctx;
	if (c->delete_after) {
		if (work_run(c->runtime->loop, bundle_remove, bundle_removed, c) == 0) return;
		bundle_remove(c);
		bundle_removed(c);
	} else if (r->code == 0) {
		command_end(c, 0, SLICE_NULL);
	} else {
		_cleanup_arena_ struct arena *a = arena_new(0);
		const char *text = a ? logline_message(a, proc_error_text(r)) : NULL;
		command_end(c, r->timed_out ? -ETIMEDOUT : -EIO, slice_str(text));
	}
}

static int run_command(struct command *c, const char *const *argv) {
	struct proc_options o = { .argv = argv, .timeout_ms = COMMAND_TIMEOUT_MS };
	int err = c ? proc_start(c->runtime->loop, &o, on_command, c, NULL) : -ENOMEM;
	if (err < 0) free(c);
	return err;
}

int container_start(struct runtime *r, const char *id, runtime_done *done, void *ctx) {
	const char *argv[] = { r->facts.runtime, r->root_arg, "start", id, NULL };
	return run_command(command_new(r, id, done, ctx), argv);
}

int container_kill(struct runtime *r, const char *id, const char *signal, bool all, runtime_done *done, void *ctx) {
	const char *one[] = { r->facts.runtime, r->root_arg, "kill", id, signal, NULL };
	const char *every[] = { r->facts.runtime, r->root_arg, "kill", "--all", id, signal, NULL };
	return run_command(command_new(r, id, done, ctx), all ? every : one);
}

int container_delete(struct runtime *r, const char *id, runtime_done *done, void *ctx) {
	const char *argv[] = { r->facts.runtime, r->root_arg, "delete", "--force", id, NULL };
	struct command *c = command_new(r, id, done, ctx);
	if (c) c->delete_after = true;
	return run_command(c, argv);
}

static void on_executed(void *ctx, const struct proc_result *r) {
	struct execution *e = ctx;
	_cleanup_buf_ struct buf out = BUF_INIT(PROBE_OUTPUT_MAX * 2);
	buf_put_slice(&out, r->out);
	buf_put_slice(&out, r->err);
	struct container_exec_result res = { r->timed_out ? -ETIMEDOUT : 0, r->code, buf_slice(&out) };
	e->done(e->ctx, &res);
	free(e);
}

int container_exec(struct runtime *r, const char *id, const char *const *argv, uint64_t timeout_ms,
		   void (*done)(void *, const struct container_exec_result *), void *ctx, struct proc **ret) {
	size_t n = 0;
	while (argv[n]) n++;
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char **full = a ? arena_array(a, n + 5, sizeof(*full)) : NULL;
	struct execution *e = full ? malloc(sizeof(*e)) : NULL;
	if (!e) return -ENOMEM;
	*e = (struct execution){ done, ctx };
	const char *head[] = { r->facts.runtime, r->root_arg, "exec", id };
	memcpy(full, head, sizeof(head));
	memcpy(full + 4, argv, (n + 1) * sizeof(*argv));
	struct proc_options o = { .argv = full, .timeout_ms = timeout_ms, .output_max = PROBE_OUTPUT_MAX };
	int err = proc_start(r->loop, &o, on_executed, e, ret);
	if (err < 0) free(e);
	return err;
}

void container_exec_cancel(struct proc *p) { free(proc_cancel(p)); }

static pid_t pid_read(struct runtime *r, const char *id, const char *file) {
	char path[VOLUME_PATH_MAX];
	_cleanup_buf_ struct buf b = BUF_INIT(64);
	int64_t pid;
	if (bundle_file(r, id, file, path) < 0 || files_read(path, &b) < 0) return -ESRCH;
	struct slice text = buf_slice(&b);
	while (text.n && text.p[text.n - 1] == '\n') text.n--;
	return slice_int(text, 2, INT32_MAX, &pid) == 0 ? (pid_t)pid : -ESRCH;
}

pid_t container_pid(struct runtime *r, const char *id) { return pid_read(r, id, "pid"); }

/* A pid may have been given to somebody else: conmon's own command line carries the id. */
static bool conmon_lives(struct runtime *r, const char *id) {
	char path[64];
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	pid_t pid = pid_read(r, id, "conmon.pid");
	if (pid < 0) return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	return files_read(path, &b) == 0 && slice_find(buf_slice(&b), slice_str(id)) >= 0;
}

static bool exit_read(struct runtime *r, const char *id, struct container_exit *ret) {
	char path[VOLUME_PATH_MAX];
	_cleanup_buf_ struct buf b = BUF_INIT(64);
	struct stat st;
	int64_t code;
	snprintf(path, sizeof(path), "%s/exits/%s", r->paths->run, id);
	if (stat(path, &st) < 0 || files_read(path, &b) < 0 || slice_int(slice_trim(buf_slice(&b)), -1, 255, &code) < 0) return false;
	*ret = (struct container_exit){ .code = (int)code, .finished = st.st_mtim.tv_sec * NSEC_PER_SEC + st.st_mtim.tv_nsec };
	ret->oom_killed = bundle_file(r, id, "oom", path) == 0 && access(path, F_OK) == 0;
	return true;
}

enum container_life container_look(struct runtime *r, const char *id, struct container_exit *ret_exit) {
	if (exit_read(r, id, ret_exit)) return CONTAINER_EXITED;
	if (conmon_lives(r, id)) return CONTAINER_RUNNING;
	/* It may have ended between the two looks. */
	return exit_read(r, id, ret_exit) ? CONTAINER_EXITED : CONTAINER_GONE;
}

const char *container_attach_path(struct runtime *r, struct arena *a, const char *id) {
	return arena_printf(a, "%s/s/%s/attach", r->paths->run, id);
}

void container_forget(struct runtime *r, const char *id) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/exits/%s", r->paths->run, id);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/s/%s", r->paths->run, id);
	(void)unlink(path);
}
