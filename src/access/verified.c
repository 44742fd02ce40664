/* SPDX-License-Identifier: Apache-2.0 */
#include "access/verified.h"

#include "access/limits.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>

#define SHARDS 16u
#define PER_SHARD (VERIFIED_SLOTS / SHARDS)

struct slot {
	struct verified_key key;
	uint64_t until; /* monotonic */
	struct blob *blob;
};

struct shard {
	pthread_mutex_t lock;
	struct slot slots[PER_SHARD];
};

struct verified {
	const struct env *env;
	EVP_MD *sha256; /* fetched once: a lookup by name at every use costs as much as the hash itself */
	struct shard shards[SHARDS];
};

struct verified *verified_new(const struct env *env) {
	struct verified *v = calloc(1, sizeof(*v));
	if (!v) return NULL;
	v->env = env;
	v->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!v->sha256) {
		free(v);
		return NULL;
	}
	for (unsigned i = 0; i < SHARDS; i++) pthread_mutex_init(&v->shards[i].lock, NULL);
	return v;
}

void verified_free(struct verified *v) {
	if (!v) return;
	for (unsigned i = 0; i < SHARDS; i++) {
		for (unsigned k = 0; k < PER_SHARD; k++) blob_unref(v->shards[i].slots[k].blob);
		pthread_mutex_destroy(&v->shards[i].lock);
	}
	EVP_MD_free(v->sha256);
	free(v);
}

int verified_key(const struct verified *v, char kind, struct slice bytes, struct verified_key *ret) {
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex2(ctx, v->sha256, NULL) == 1 && EVP_DigestUpdate(ctx, &kind, 1) == 1 &&
		 EVP_DigestUpdate(ctx, bytes.p, bytes.n) == 1 && EVP_DigestFinal_ex(ctx, ret->hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

static struct slot *slot_of(struct verified *v, const struct verified_key *k, struct shard **ret) {
	*ret = &v->shards[k->hash[0] % SHARDS];
	return &(*ret)->slots[((unsigned)k->hash[1] << 8 | k->hash[2]) % PER_SHARD];
}

struct blob *verified_get(struct verified *v, const struct verified_key *k) {
	struct shard *shard;
	struct slot *s = slot_of(v, k, &shard);
	struct blob *b = NULL;
	uint64_t now = env_mono(v->env);
	pthread_mutex_lock(&shard->lock);
	if (s->blob && s->until > now && memcmp(&s->key, k, sizeof(*k)) == 0) b = blob_ref(s->blob);
	pthread_mutex_unlock(&shard->lock);
	return b;
}

void verified_put(struct verified *v, const struct verified_key *k, struct blob *b) {
	struct shard *shard;
	struct slot *s = slot_of(v, k, &shard);
	uint64_t until = env_mono(v->env) + VERIFIED_TTL_NSEC;
	pthread_mutex_lock(&shard->lock);
	struct blob *old = s->blob;
	s->key = *k;
	s->until = until;
	s->blob = blob_ref(b);
	pthread_mutex_unlock(&shard->lock);
	blob_unref(old);
}
