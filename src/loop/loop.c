/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

struct message {
	struct message *next;
	void (*fn)(void *);
	void *arg;
};

struct hook {
	struct hook *next;
	void (*fn)(void *);
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	pthread_t thread;
	pthread_mutex_t lock; /* guards first, last, ended */
	struct message *first, *last;
	bool ended;
	bool stopping; /* loop's thread only */
	struct hook *hooks;
	char name[16];
};

struct loop_timer {
	uv_timer_t uv;
	void (*fn)(void *);
	void *arg;
	bool once;
};

static _Thread_local struct loop *current;

struct loop *loop_current(void) { return current; }
uv_loop_t *loop_uv(struct loop *l) { return &l->uv; }

static struct message *mailbox_take(struct loop *l, bool ending) {
	pthread_mutex_lock(&l->lock);
	struct message *m = l->first;
	l->first = l->last = NULL;
	if (ending && !m) l->ended = true;
	pthread_mutex_unlock(&l->lock);
	return m;
}

static bool mailbox_run(struct loop *l, bool ending) {
	struct message *m = mailbox_take(l, ending);
	bool any = m != NULL;
	while (m) {
		struct message *next = m->next;
		m->fn(m->arg);
		free(m);
		m = next;
	}
	return any;
}

static void on_wake(uv_async_t *h) {
	struct loop *l = h->data;
	mailbox_run(l, false);
	if (l->stopping) {
		while (l->hooks) {
			struct hook *k = l->hooks;
			l->hooks = k->next;
			k->fn(k->arg);
			free(k);
		}
		while (mailbox_run(l, true)) {}
		uv_close((uv_handle_t *)h, NULL);
	}
}

/* A peer that is gone shows as EPIPE on the loop's thread, whatever the program does about signals elsewhere. */
static void block_sigpipe(sigset_t *before) {
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &s, before);
}

/* A SIGPIPE that came meanwhile has been answered with EPIPE: it must not arrive now. */
static void restore_sigpipe(const sigset_t *before) {
	static const struct timespec at_once;
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, SIGPIPE);
	if (!sigismember(before, SIGPIPE))
		while (sigtimedwait(&s, NULL, &at_once) == SIGPIPE) {}
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void *loop_main(void *arg) {
	struct loop *l = arg;
	current = l;
	block_sigpipe(NULL);
	pthread_setname_np(pthread_self(), l->name);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	return NULL;
}

static int loop_make(struct loop **ret) {
	struct loop *l = calloc(1, sizeof(*l));
	if (!l) return -ENOMEM;
	pthread_mutex_init(&l->lock, NULL);
	int r = uv_loop_init(&l->uv);
	if (r < 0) goto fail;
	r = uv_async_init(&l->uv, &l->wake, on_wake);
	if (r < 0) goto fail_loop;
	l->wake.data = l;
	*ret = l;
	return 0;
fail_loop:
	uv_loop_close(&l->uv);
fail:
	pthread_mutex_destroy(&l->lock);
	free(l);
	return r;
}

/* A handle left open here would be a leak of its owner: let its close callback run, then insist. */
static void loop_destroy(struct loop *l) {
	uv_run(&l->uv, UV_RUN_NOWAIT);
	(void)uv_loop_close(&l->uv);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int loop_start(const char *name, struct loop **ret) {
	struct loop *l;
	int r = loop_make(&l);
	if (r < 0) return r;
	strncpy(l->name, name, sizeof(l->name) - 1);
	r = -pthread_create(&l->thread, NULL, loop_main, l);
	if (r < 0) {
		uv_close((uv_handle_t *)&l->wake, NULL);
		loop_destroy(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void set_stopping(void *arg) { ((struct loop *)arg)->stopping = true; }

static void request_stop(struct loop *l) {
	while (loop_post(l, set_stopping, l) == -ENOMEM) usleep(1000);
}

void loop_stop(struct loop *l) {
	if (!l) return;
	request_stop(l);
	pthread_join(l->thread, NULL);
	loop_destroy(l);
}

int loop_new(struct loop **ret) { return loop_make(ret); }

void loop_run(struct loop *l, uv_run_mode mode) {
	struct loop *before = current;
	sigset_t mask;
	current = l;
	block_sigpipe(&mask);
	uv_run(&l->uv, mode);
	restore_sigpipe(&mask);
	current = before;
}

static void break_now(void *arg) { uv_stop(&((struct loop *)arg)->uv); }
void loop_break(struct loop *l) { (void)loop_post(l, break_now, l); }

void loop_free(struct loop *l) {
	if (!l) return;
	request_stop(l);
	loop_run(l, UV_RUN_DEFAULT);
	loop_destroy(l);
}

int loop_post(struct loop *l, void (*fn)(void *), void *arg) {
	struct message *m = malloc(sizeof(*m));
	if (!m) return -ENOMEM;
	*m = (struct message){ NULL, fn, arg };
	pthread_mutex_lock(&l->lock);
	bool ended = l->ended;
	if (!ended) {
		if (l->last) l->last->next = m;
		else l->first = m;
		l->last = m;
		/* Inside the lock: the async handle is closed only after `ended` was set under it. */
		uv_async_send(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
	if (!ended) return 0;
	free(m);
	return -ESHUTDOWN;
}

int loop_on_stop(struct loop *l, void (*fn)(void *), void *arg) {
	struct hook *k = malloc(sizeof(*k));
	if (!k) return -ENOMEM;
	*k = (struct hook){ l->hooks, fn, arg };
	l->hooks = k;
	return 0;
}

static void timer_closed(uv_handle_t *h) { free(h->data); }

static void on_timer(uv_timer_t *h) {
	struct loop_timer *t = h->data;
	void (*fn)(void *) = t->fn;
	void *arg = t->arg;
	if (t->once) uv_close((uv_handle_t *)h, timer_closed);
	fn(arg);
}

struct loop_timer *loop_timer_start(struct loop *l, uint64_t delay_ms, uint64_t repeat_ms, void (*fn)(void *), void *arg) {
	struct loop_timer *t = calloc(1, sizeof(*t));
	if (!t) return NULL;
	uv_timer_init(&l->uv, &t->uv);
	t->uv.data = t;
	t->fn = fn;
	t->arg = arg;
	t->once = repeat_ms == 0;
	uv_update_time(&l->uv);
	uv_timer_start(&t->uv, on_timer, delay_ms, repeat_ms);
	return t;
}

struct loop_timer *loop_timer_stop(struct loop_timer *t) {
	if (t) uv_close((uv_handle_t *)&t->uv, timer_closed);
	return NULL;
}
