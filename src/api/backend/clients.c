/* SPDX-License-Identifier: Apache-2.0 */
#include "api/backend/clients.h"

#include <errno.h>
#include <openssl/evp.h>

static void backend_free(void *p) {
	struct backend *b = p;
	net_client_free(b->client);
	free(b);
}

/* Calls that are broken off may bring others about: those find no table any more. */
static void on_stop(struct api_loop *al) {
	struct map *m = al->backends;
	al->backends = NULL;
	(void)map_free(m, backend_free);
}

static struct map *table(struct api_loop *al) {
	if (al->backends || al->stopped) return al->backends;
	struct map *m = map_new(BACKENDS_MAX);
	if (!m || api_loop_on_stop(al, on_stop) < 0) return map_free(m, NULL);
	al->backends = m;
	return m;
}

static int key_of(const struct net_client_options *o, unsigned char key[EVP_MAX_MD_SIZE], unsigned *n) {
	_cleanup_buf_ struct buf b = BUF_INIT(4 * MIB);
	buf_printf(&b, "%d %d %s %zu ", o->insecure, o->http1_only, o->server_name ? o->server_name : "", o->cert_pem.n);
	buf_put_slice(&b, o->cert_pem);
	buf_put_slice(&b, o->ca_pem);
	if (buf_err(&b)) return -ENOMEM;
	return EVP_Digest(b.p, b.n, key, n, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

/* Makes room. False when every client is being used. */
static bool drop_oldest(struct map *m) {
	struct slice key, oldest_key = SLICE_NULL;
	struct backend *oldest = NULL;
	void *v;
	for (size_t it = 0; map_next(m, &it, &key, &v);) {
		struct backend *b = v;
		if (b->users || (oldest && b->used >= oldest->used)) continue;
		oldest = b;
		oldest_key = key;
	}
	if (!oldest) return false;
	(void)map_del(m, oldest_key);
	backend_free(oldest);
	return true;
}

static int make(struct api_loop *al, struct map *m, const struct net_client_options *o, struct slice key, struct backend **ret) {
	if (map_count(m) >= BACKENDS_MAX && !drop_oldest(m)) return -EBUSY;
	struct backend *b = calloc(1, sizeof(*b));
	if (!b) return -ENOMEM;
	int err = net_client_new(al->loop, o, &b->client);
	if (!err) err = map_put(m, key, b, NULL);
	if (err < 0) backend_free(b);
	else *ret = b;
	return err < 0 ? err : 0;
}

int backend_take(struct api_loop *al, const struct net_client_options *o, struct backend **ret) {
	unsigned char key[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct map *m = table(al);
	int err = m ? key_of(o, key, &n) : -ENOMEM;
	if (err) return err;
	struct backend *b = map_get(m, slice_make(key, n));
	if (!b) err = make(al, m, o, slice_make(key, n), &b);
	if (err) return err;
	b->users++;
	b->used = env_mono(al->api->env);
	*ret = b;
	return 0;
}

void backend_release(struct backend *b) { b->users--; }
