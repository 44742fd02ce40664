/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in a container, or the process that runs there: standard streams, terminal size, exit code (WebSocket, v5 or
 * v4.channel.k8s.io).
 */
#pragma once

#include <k8c/client.h>
#include <k8c/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct k8c_exec;
struct k8c_exec_options {
	size_t size;
	const char *ns, *pod, *container;   /* container NULL: the only one */
	const char *const *command;         /* NULL-terminated; NULL: attach to the running process */
	bool in, out, err, tty;
};
struct k8c_exec_handler {
	void (*on_open)(void *ctx);                            /* may be NULL */
	void (*on_stdout)(void *ctx, struct k8c_bytes bytes);
	void (*on_stderr)(void *ctx, struct k8c_bytes bytes);
	void (*on_drain)(void *ctx);                           /* see k8c_exec_write; may be NULL */
	/* Exactly once, last. err NULL: the command ran and ended with `code`. */
	void (*on_exit)(void *ctx, int code, const struct k8c_error *err);
};
/* Asks for the streams; on_open follows when they are there (or on_exit). `o` and `h` are copied. 0, -EINVAL, -ENOMEM. */
K8C_EXPORT int k8c_exec_start(struct k8c_client *c, const struct k8c_exec_options *o, const struct k8c_exec_handler *h, void *ctx,
			      struct k8c_exec **ret);
/* Standard input. 0; 1: taken, but wait for on_drain before more; -EPIPE. */
K8C_EXPORT int k8c_exec_write(struct k8c_exec *e, struct k8c_bytes bytes);
/* End of standard input (v5.channel.k8s.io; with older servers -ENOTSUP). */
K8C_EXPORT int k8c_exec_close_stdin(struct k8c_exec *e);
/* The terminal has another size now. 0, 1 as k8c_exec_write, -EPIPE. */
K8C_EXPORT int k8c_exec_resize(struct k8c_exec *e, uint16_t columns, uint16_t rows);
/* on_exit(-ECANCELED) runs before the return. NULL is allowed. */
K8C_EXPORT void k8c_exec_cancel(struct k8c_exec *e);

#ifdef __cplusplus
}
#endif
