/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A remote command's connection, whichever protocol carries it: WebSocket channels (v5, v4, ... .channel.k8s.io) or SPDY/3.1 streams
 * (X-Stream-Protocol-Version). The command sees standard streams, terminal sizes and an end. From the loop's thread.
 * Sources: KEP-4006, kubelet's pkg/cri/streaming/remotecommand.
 */
#pragma once

#include "net/exchange.h"

struct session;

struct session_options { bool in, out, err, tty; };

enum session_channel { SESSION_OUT, SESSION_ERR };

struct session_handler {
	/* Every stream that was asked for is there: the command may start. */
	void (*on_ready)(void *ctx);
	/* Bytes for standard input, valid during the call. */
	void (*on_in)(void *ctx, struct slice bytes);
	/* The client closed standard input. */
	void (*on_in_end)(void *ctx);
	void (*on_resize)(void *ctx, uint16_t columns, uint16_t rows);
	/* Fewer bytes wait than after session_write returned 1. */
	void (*on_drain)(void *ctx);
	/* Exactly once, last: the session is over or the client is gone. */
	void (*on_close)(void *ctx);
};

/* Streams a request asks for, by kubectl's names (stdin, stdout, stderr, tty) or a kubelet's (input, output, error, tty). */
struct session_options session_options_of(struct slice query);

/* Upgrades x. NULL: it is over already (x has been answered with an error, or the client is gone) and on_close has run. */
struct session *session_open(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx);
/* 0; 1: taken, but wait for on_drain; -EPIPE. */
int session_write(struct session *s, enum session_channel c, struct slice bytes);
/* Stops and resumes on_in. */
void session_pause(struct session *s, bool on);
/* Sends a Status (JSON) on the error channel and ends; on_close follows. */
void session_finish(struct session *s, struct slice status);
/* The Status for an exit code (0: Success; else Failure, reason NonZeroExitCode), and for a command that could not be run. */
int session_status_exit(struct buf *b, int code);
int session_status_error(struct buf *b, const char *message);
