/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/kube_channel.h"

#include <errno.h>
#include <openssl/evp.h>

static const struct kube_protocol protocols[] = {
	{ "v5.channel.k8s.io", false, true, true },
	{ "v4.channel.k8s.io", false, true, false },
	{ "v4.base64.channel.k8s.io", true, true, false },
	{ "channel.k8s.io", false, false, false },
	{ "base64.channel.k8s.io", true, false, false },
	{ "", false, false, false },
};

const struct kube_protocol *kube_protocol_named(struct slice name) {
	for (size_t i = 0; i < ELEMENTSOF(protocols); i++)
		if (slice_eqs(name, protocols[i].name)) return &protocols[i];
	return NULL;
}

const struct kube_protocol *kube_protocol_choose(const struct http_headers *h) {
	if (!http_headers_get(h, "sec-websocket-protocol").n) return kube_protocol_named(SLICE_LIT(""));
	for (size_t i = 0; i + 1 < ELEMENTSOF(protocols); i++)
		if (http_headers_token(h, "sec-websocket-protocol", protocols[i].name)) return &protocols[i];
	return NULL;
}

static int decode64(struct slice text, struct buf *out) {
	if (text.n % 4) return -EPROTO;
	if (text.n == 0) return 0;
	if (buf_reserve(out, text.n / 4 * 3) < 0) return buf_err(out);
	int n = EVP_DecodeBlock((unsigned char *)out->p + out->n, (const unsigned char *)text.p, (int)text.n);
	if (n < 0) return -EPROTO;
	size_t pad = (text.p[text.n - 1] == '=') + (text.p[text.n - 2] == '=');
	out->n += (size_t)n - pad;
	return 0;
}

int kube_channel_split(const struct kube_protocol *p, struct slice message, struct buf *scratch, unsigned *ret_channel,
		       struct slice *ret_data) {
	if (message.n == 0) return -EPROTO;
	unsigned channel = (unsigned char)message.p[0];
	struct slice data = slice_make(message.p + 1, message.n - 1);
	if (p->text) {
		if (channel < '0' || channel > '9') return -EPROTO;
		channel -= '0';
		buf_clear(scratch);
		int r = decode64(data, scratch);
		if (r < 0) return r;
		data = buf_slice(scratch);
	} else if (channel == KUBE_CLOSE && p->half_close) {
		if (data.n != 1) return -EPROTO;
		*ret_channel = (unsigned char)data.p[0];
		*ret_data = SLICE_NULL;
		return 1;
	}
	*ret_channel = channel;
	*ret_data = data;
	return 0;
}

static void put_text(struct buf *out, unsigned channel, struct slice data, const unsigned char *mask) {
	size_t room = (data.n + 2) / 3 * 4 + 1;
	char first = (char)('0' + channel % 10);
	_cleanup_buf_ struct buf b = BUF_INIT(room + 1);
	if (buf_reserve(&b, room) < 0) {
		out->err = buf_err(&b);
		return;
	}
	int n = EVP_EncodeBlock((unsigned char *)b.p, (const unsigned char *)(data.p ? data.p : ""), (int)data.n);
	ws_put2(out, WS_TEXT, slice_make(&first, 1), slice_make(b.p, (size_t)n), mask);
}

void kube_channel_put(struct buf *out, const struct kube_protocol *p, unsigned channel, struct slice data,
		      const unsigned char *mask) {
	char first = (char)channel;
	if (p->text) put_text(out, channel, data, mask);
	else ws_put2(out, WS_BINARY, slice_make(&first, 1), data, mask);
}

void kube_channel_put_close(struct buf *out, const struct kube_protocol *p, unsigned channel, const unsigned char *mask) {
	char both[2] = { (char)KUBE_CLOSE, (char)channel };
	if (p->half_close) ws_put(out, WS_BINARY, slice_make(both, 2), mask);
}
