/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.2 and 1.3 over bytes: an OpenSSL connection whose two ends are a borrowed slice and a growing buffer. */
#pragma once

#include "base/blob.h"
#include "base/buf.h"

#include <openssl/ssl.h>
#include <sys/types.h>

#define TLS_TICKET_KEYS 80u

/* A server's context: AEAD suites, ALPN h2 and http/1.1, session tickets under `ticket_keys` (so that a ticket is good on
 * every loop). `ca_names_pem` may be empty. 0, -EBADMSG (certificate or key), -ENOMEM. The caller frees with SSL_CTX_free. */
int tls_server_ctx(struct slice cert_pem, struct slice key_pem, bool ask_client_cert, struct slice ca_names_pem,
		   const unsigned char ticket_keys[TLS_TICKET_KEYS], SSL_CTX **ret);
/* Another loop's context for the same server: the certificate, the key and the names of `first`, which are not parsed again. 0,
 * -ENOMEM. */
int tls_server_ctx_like(const SSL_CTX *first, bool ask_client_cert, const unsigned char ticket_keys[TLS_TICKET_KEYS], SSL_CTX **ret);
/* A client's. Empty ca_pem: the system's roots. 0, -EBADMSG, -ENOMEM. */
int tls_client_ctx(struct slice ca_pem, struct slice cert_pem, struct slice key_pem, bool insecure, bool http1_only,
		   SSL_CTX **ret);

struct tls;

/* `out` (borrowed) collects what is to be sent. `name`: SNI and the name to verify (clients), or NULL. 0, -ENOMEM, -EINVAL. */
int tls_new(SSL_CTX *ctx, bool server, const char *name, struct buf *out, struct tls **ret);
/* NULL is allowed. Returns NULL. */
struct tls *tls_free(struct tls *t);
/* Bytes from the peer, borrowed until tls_unread was called or everything was taken by tls_handshake and tls_read. */
void tls_feed(struct tls *t, struct slice bytes);
/* What has not been taken yet; forgets it. */
struct slice tls_unread(struct tls *t);
/* 1: done; 0: needs more bytes; -EKEYREJECTED (certificate refused), -EPROTO. */
int tls_handshake(struct tls *t);
/* Plain bytes: > 0; 0: needs more bytes; -ENODATA: the peer said close_notify; -EPROTO. */
ssize_t tls_read(struct tls *t, char *p, size_t n);
/* 0, -EPROTO, or the error of `out`. */
int tls_write(struct tls *t, struct slice plain);
void tls_close_notify(struct tls *t);
/* Negotiated protocol: "h2", "http/1.1" or empty. */
struct slice tls_alpn(const struct tls *t);
/* DER of the peer's certificate, or NULL. */
struct blob *tls_peer_cert(const struct tls *t);
/* A sentence about the last failure, valid as long as `t`. */
const char *tls_error(const struct tls *t);
