/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/sandbox.h"

#include "base/arena.h"
#include "node/files.h"
#include "node/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#define SANDBOX_STACK (256u * KIB)

struct making {
	struct loop *loop;
	struct arena *arena;
	struct sandbox_options o;
	void (*done)(void *, int, const char *);
	void *ctx;
	int err;
	const char *step;
	pthread_t thread;
};

struct inside {
	struct loop *loop;
	char *net_path;
	int (*fn)(void *);
	void (*done)(void *, int);
	void *arg;
	int result;
	pthread_t thread;
};

static int thread_start(pthread_t *t, void *(*main)(void *), void *arg) {
	pthread_attr_t attr;
	int r = -pthread_attr_init(&attr);
	if (r < 0) return r;
	pthread_attr_setstacksize(&attr, SANDBOX_STACK);
	r = -pthread_create(t, &attr, main, arg);
	pthread_attr_destroy(&attr);
	return r;
}

static int loopback_up(void) {
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	if (fd < 0) return -errno;
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

static int sysctl_write(const char *name, const char *value) {
	char path[VOLUME_PATH_MAX];
	int n = snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (n >= (int)sizeof(path) || strstr(name, "..") || strchr(name, '/')) return -EINVAL;
	for (char *p = path + sizeof("/proc/sys/") - 1; *p; p++)
		if (*p == '.') *p = '/';
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) return -errno;
	size_t len = strlen(value);
	return write(fd, value, len) == (ssize_t)len ? 0 : -errno;
}

static int bind_namespace(const char *dir, const char *process, const char *kind) {
	char target[VOLUME_PATH_MAX], source[64];
	snprintf(target, sizeof(target), "%s/%s", dir, kind);
	snprintf(source, sizeof(source), "/proc/%s/ns/%s", process, kind);
	int fd = open(target, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) return -errno;
	close(fd);
	return mount(source, target, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int namespaces_make(struct making *m) {
	const struct { bool wanted; int flag; const char *kind; } list[] = {
		{ m->o.net, CLONE_NEWNET, "net" }, { m->o.ipc, CLONE_NEWIPC, "ipc" }, { m->o.uts, CLONE_NEWUTS, "uts" },
	};
	int flags = 0, r = 0;
	for (size_t i = 0; i < ELEMENTSOF(list); i++)
		if (list[i].wanted) flags |= list[i].flag;
	m->step = "unshare";
	if (unshare(flags) < 0) return -errno;
	m->step = "bind namespace";
	for (size_t i = 0; i < ELEMENTSOF(list) && r == 0; i++)
		if (list[i].wanted) r = bind_namespace(m->o.dir, "thread-self", list[i].kind);
	return r;
}

static int namespaces_set_up(struct making *m) {
	const struct sandbox_options *o = &m->o;
	m->step = "set hostname";
	if (o->uts && sethostname(o->hostname, strlen(o->hostname)) < 0) return -errno;
	if (o->uts && o->domainname && setdomainname(o->domainname, strlen(o->domainname)) < 0) return -errno;
	m->step = "bring loopback up";
	int r = o->net ? loopback_up() : 0;
	for (size_t i = 0; i < o->n_sysctls && r == 0; i++) {
		m->step = o->sysctls[i].name;
		r = sysctl_write(o->sysctls[i].name, o->sysctls[i].value);
		if (r < 0 && o->sysctls[i].optional) r = 0;
	}
	return r;
}

static void making_done(void *arg) {
	struct making *m = arg;
	char why[256];
	pthread_join(m->thread, NULL);
	if (m->err < 0) {
		snprintf(why, sizeof(why), "%s: %s", m->step, strerror(-m->err));
		(void)sandbox_remove(m->o.dir);
	}
	m->done(m->ctx, m->err, m->err < 0 ? why : NULL);
	arena_free(m->arena);
}

static void *making_main(void *arg) {
	struct making *m = arg;
	m->err = namespaces_make(m);
	if (m->err == 0) m->err = namespaces_set_up(m);
	while (loop_post(m->loop, making_done, m) == -ENOMEM) usleep(1000);
	return NULL;
}

static int options_copy(struct making *m, const struct sandbox_options *o) {
	struct sandbox_sysctl *list = arena_array(m->arena, o->n_sysctls + 1, sizeof(*list));
	m->o = *o;
	m->o.dir = arena_strdup(m->arena, o->dir);
	m->o.hostname = arena_strdup(m->arena, o->hostname ? o->hostname : "");
	m->o.domainname = o->domainname ? arena_strdup(m->arena, o->domainname) : NULL;
	m->o.sysctls = list;
	if (!list || !m->o.dir || !m->o.hostname || (o->domainname && !m->o.domainname)) return -ENOMEM;
	for (size_t i = 0; i < o->n_sysctls; i++) {
		list[i] = (struct sandbox_sysctl){ arena_strdup(m->arena, o->sysctls[i].name),
						   arena_strdup(m->arena, o->sysctls[i].value), o->sysctls[i].optional };
		if (!list[i].name || !list[i].value) return -ENOMEM;
	}
	return 0;
}

int sandbox_create(struct loop *l, const struct sandbox_options *o, void (*done)(void *, int, const char *), void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct making *m = a ? arena_new_of(a, struct making) : NULL;
	if (!m) return -ENOMEM;
	*m = (struct making){ .loop = l, .arena = a, .done = done, .ctx = ctx };
	int r = options_copy(m, o);
	if (r == 0) r = sandbox_remove(m->o.dir);
	if (r == 0) r = files_mkdir_p(m->o.dir, 0700);
	if (r == 0) r = thread_start(&m->thread, making_main, m);
	if (r == 0) a = NULL;
	return r;
}

int sandbox_bind_processes(const char *dir, pid_t pid) {
	char process[16];
	snprintf(process, sizeof(process), "%d", (int)pid);
	return bind_namespace(dir, process, "pid");
}

int sandbox_remove(const char *dir) {
	int r = files_unmount_below(dir);
	int removed = files_remove_tree(dir);
	return r < 0 ? r : removed;
}

bool sandbox_alive(const char *dir, const char *kind) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", dir, kind);
	return files_is_mount(path);
}

static void inside_done(void *arg) {
	struct inside *i = arg;
	pthread_join(i->thread, NULL);
	i->done(i->arg, i->result);
	free(i->net_path);
	free(i);
}

static void *inside_main(void *arg) {
	struct inside *i = arg;
	_cleanup_close_ int fd = open(i->net_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) i->result = -errno;
	else i->result = i->fn(i->arg);
	while (loop_post(i->loop, inside_done, i) == -ENOMEM) usleep(1000);
	return NULL;
}

int sandbox_run_inside(struct loop *l, const char *net_path, int (*fn)(void *), void (*done)(void *, int), void *arg) {
	struct inside *i = calloc(1, sizeof(*i));
	if (!i) return -ENOMEM;
	*i = (struct inside){ .loop = l, .net_path = strdup(net_path), .fn = fn, .done = done, .arg = arg };
	int r = i->net_path ? thread_start(&i->thread, inside_main, i) : -ENOMEM;
	if (r == 0) return 0;
	free(i->net_path);
	free(i);
	return r;
}
