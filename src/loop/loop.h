/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event loop (libuv) on a thread of its own, with a mailbox. A loop's handles are touched only by its thread; other
 * threads reach it by loop_post, which moves ownership of the message. Rooms that need sockets, children or files use
 * libuv directly on loop_uv(l) from the loop's thread.
 */
#pragma once

#include "base/compiler.h"

#include <uv.h>

struct loop;

/* Starts a thread named `name` (at most 15 characters) that runs a loop. 0 or -errno. */
int loop_start(const char *name, struct loop **ret);
/* Asks the loop to end (runs the stop hooks on its thread), joins the thread, and frees it. Every handle has to be
 * closed by a hook registered with loop_on_stop. Messages still in the mailbox are run before. NULL is allowed. */
void loop_stop(struct loop *l);

/* A loop without a thread: the caller's thread runs it with loop_run. 0 or -errno. */
int loop_new(struct loop **ret);
/* Runs an owned loop (loop_new) on the calling thread: UV_RUN_DEFAULT until loop_break or nothing is left to do but the
 * mailbox, UV_RUN_ONCE, UV_RUN_NOWAIT. loop_current() is this loop meanwhile. */
void loop_run(struct loop *l, uv_run_mode mode);
/* Makes a running loop_run return soon. Any thread. */
void loop_break(struct loop *l);
/* Runs stop hooks and what is left in the mailbox, closes and frees an owned loop. NULL is allowed. */
void loop_free(struct loop *l);

/* Runs `fn(arg)` on the loop's thread, in posting order. Any thread, the loop's own included. Never blocks.
 * 0, -ENOMEM, or -ESHUTDOWN when the loop has ended (fn will not run then: the caller keeps ownership of arg). */
int loop_post(struct loop *l, void (*fn)(void *arg), void *arg);
/* `fn(arg)` runs on the loop's thread when it stops, last registered first. From the loop's thread only. 0 or -ENOMEM. */
int loop_on_stop(struct loop *l, void (*fn)(void *arg), void *arg);
/* The loop whose thread is running, or NULL. */
struct loop *loop_current(void);
uv_loop_t *loop_uv(struct loop *l);

/* One-shot or repeating timer on the current loop's thread. */
struct loop_timer;
/* After `delay_ms`, then every `repeat_ms` (0: once) calls fn(arg). A one-shot timer frees itself after fn has run.
 * NULL when out of memory. */
struct loop_timer *loop_timer_start(struct loop *l, uint64_t delay_ms, uint64_t repeat_ms, void (*fn)(void *arg), void *arg);
/* Stops and frees; NULL is allowed. Must not be called on a one-shot timer that has fired. Returns NULL. */
struct loop_timer *loop_timer_stop(struct loop_timer *t);
