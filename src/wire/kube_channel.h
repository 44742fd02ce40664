/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes' channels inside WebSocket messages (exec, attach, port-forward): the first byte of a message says which
 * channel the rest belongs to. v5 adds a way to close one channel (KEP-4006); the base64 forms carry text.
 */
#pragma once

#include "wire/websocket.h"

enum kube_channel { KUBE_STDIN = 0, KUBE_STDOUT = 1, KUBE_STDERR = 2, KUBE_ERROR = 3, KUBE_RESIZE = 4, KUBE_CLOSE = 255 };

struct kube_protocol {
	const char *name;
	bool text;          /* text messages, the channel as a digit, the data in base64 */
	bool status_error;  /* the error channel carries a Status (v4 and later), not plain text */
	bool half_close;    /* KUBE_CLOSE is understood */
};

/* What a client's offer settles on for exec and attach, best first: v5, v4, channel, base64, none offered ("").
 * NULL: it offers only others. */
const struct kube_protocol *kube_protocol_choose(const struct http_headers *request_headers);
const struct kube_protocol *kube_protocol_named(struct slice name);

/* Takes a message apart. `scratch` holds decoded base64. 0, 1: the peer closed *ret_channel, -EPROTO. */
int kube_channel_split(const struct kube_protocol *p, struct slice message, struct buf *scratch, unsigned *ret_channel,
		       struct slice *ret_data);
/* A frame with data for a channel. */
void kube_channel_put(struct buf *out, const struct kube_protocol *p, unsigned channel, struct slice data,
		      const unsigned char *mask);
/* v5: nothing more will come on the channel. Does nothing for older protocols. */
void kube_channel_put_close(struct buf *out, const struct kube_protocol *p, unsigned channel, const unsigned char *mask);
