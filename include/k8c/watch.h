/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as they happen. A watch goes on over lost connections behind the last revision it has told.
 */
#pragma once

#include <k8c/operation.h>

#ifdef __cplusplus
extern "C" {
#endif

enum k8c_event_type { K8C_ADDED, K8C_MODIFIED, K8C_DELETED, K8C_BOOKMARK };
struct k8c_watch_options {
	size_t size;
	struct k8c_target target;
	const char *label_selector, *field_selector;
	const char *resource_version;  /* events after this; NULL: begins with the present state as ADDED events */
	bool initial_events;           /* WatchList: sendInitialEvents, ends with a bookmark whose `initial_end` is set */
	bool bookmarks;                /* tell BOOKMARK events too (they are always asked for) */
	bool once;                     /* end with the connection instead of resuming */
	uint32_t timeout_seconds;      /* of one connection, server side; 0: between 5 and 10 minutes, drawn at random */
	bool no_bookmarks;             /* not even ask for them: nothing comes but events; not with initial_events */
};
struct k8c_event {
	enum k8c_event_type type;
	struct k8c_bytes object;       /* JSON */
	struct k8c_bytes resource_version;
	bool initial_end;              /* the bookmark that ends the initial events */
};
struct k8c_watch_handler {
	void (*on_event)(void *ctx, const struct k8c_event *e);
	/* Exactly once, last. -ESTALE: the history is gone, list again. Connection losses do not end a watch: it resumes behind the last
	 * revision seen, with back-off. err is NULL when `once` is set and the server closed. */
	void (*on_done)(void *ctx, const struct k8c_error *err);
};
/* Both callbacks must be there; `o` is copied. A connection that the server ought to have ended half a minute ago is taken for dead, and
 * the watch resumes on another. 0, -EINVAL, -ENOMEM. `ret` may be NULL. */
K8C_EXPORT int k8c_watch_start(struct k8c_client *c, const struct k8c_watch_options *o, const struct k8c_watch_handler *h,
			       void *ctx, struct k8c_call **ret);

#ifdef __cplusplus
}
#endif
