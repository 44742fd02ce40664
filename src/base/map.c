/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing and back-shift deletion; the table is at most 3/4 full. */
#include "base/map.h"

#include <errno.h>
#include <sys/random.h>
#include <pthread.h>

struct entry {
	uint64_t hash;
	void *value; /* NULL: free slot */
	char *key;
	size_t key_n;
};

struct map {
	struct entry *e;
	size_t cap, count, max;
};

static uint64_t seed[2];
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void seed_draw(void) {
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) seed[0] = (uintptr_t)&seed, seed[1] = (uintptr_t)seed_draw;
}

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND(v) do { \
	v[0] += v[1]; v[1] = ROTL(v[1], 13); v[1] ^= v[0]; v[0] = ROTL(v[0], 32); \
	v[2] += v[3]; v[3] = ROTL(v[3], 16); v[3] ^= v[2]; \
	v[0] += v[3]; v[3] = ROTL(v[3], 21); v[3] ^= v[0]; \
	v[2] += v[1]; v[1] = ROTL(v[1], 17); v[1] ^= v[2]; v[2] = ROTL(v[2], 32); } while (0)

/* SipHash-1-3. */
uint64_t map_hash(struct slice key) {
	pthread_once(&seed_once, seed_draw);
	uint64_t v[4] = { seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
			  seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u };
	size_t i = 0;
	uint64_t m;
	for (; i + 8 <= key.n; i += 8) {
		memcpy(&m, key.p + i, 8);
		v[3] ^= m;
		SIPROUND(v);
		v[0] ^= m;
	}
	m = (uint64_t)key.n << 56;
	for (unsigned s = 0; i < key.n; i++, s += 8) m |= (uint64_t)(unsigned char)key.p[i] << s;
	v[3] ^= m;
	SIPROUND(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	SIPROUND(v);
	SIPROUND(v);
	SIPROUND(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct map *map_new(size_t max) {
	struct map *m = calloc(1, sizeof(*m));
	if (m) m->max = max;
	return m;
}

struct map *map_free(struct map *m, void (*free_value)(void *)) {
	if (!m) return NULL;
	for (size_t i = 0; i < m->cap; i++) {
		if (!m->e[i].value) continue;
		if (free_value) free_value(m->e[i].value);
		free(m->e[i].key);
	}
	free(m->e);
	free(m);
	return NULL;
}

static size_t slot_of(const struct map *m, struct slice key, uint64_t hash) {
	size_t i = hash & (m->cap - 1);
	while (m->e[i].value) {
		if (m->e[i].hash == hash && slice_eq(slice_make(m->e[i].key, m->e[i].key_n), key)) break;
		i = (i + 1) & (m->cap - 1);
	}
	return i;
}

void *map_get(const struct map *m, struct slice key) {
	if (m->count == 0) return NULL;
	return m->e[slot_of(m, key, map_hash(key))].value;
}

static int map_grow(struct map *m) {
	size_t cap = m->cap ? m->cap * 2 : 16, old = m->cap;
	struct entry *e = calloc(cap, sizeof(*e)), *was = m->e;
	if (!e) return -ENOMEM;
	m->e = e;
	m->cap = cap;
	for (size_t i = 0; i < old; i++) {
		if (!was[i].value) continue;
		size_t j = was[i].hash & (cap - 1);
		while (e[j].value) j = (j + 1) & (cap - 1);
		e[j] = was[i];
	}
	free(was);
	return 0;
}

int map_put(struct map *m, struct slice key, void *v, void **ret_old) {
	if ((m->count + 1) * 4 > m->cap * 3) {
		int r = map_grow(m);
		if (r < 0) return r;
	}
	uint64_t hash = map_hash(key);
	struct entry *e = &m->e[slot_of(m, key, hash)];
	if (e->value) {
		if (ret_old) *ret_old = e->value;
		e->value = v;
		return 1;
	}
	if (m->count >= m->max) return -E2BIG;
	char *k = malloc(key.n + 1);
	if (!k) return -ENOMEM;
	if (key.n) memcpy(k, key.p, key.n);
	k[key.n] = 0;
	*e = (struct entry){ hash, v, k, key.n };
	m->count++;
	return 0;
}

void *map_del(struct map *m, struct slice key) {
	if (m->count == 0) return NULL;
	size_t i = slot_of(m, key, map_hash(key)), mask = m->cap - 1;
	void *v = m->e[i].value;
	if (!v) return NULL;
	free(m->e[i].key);
	m->count--;
	for (size_t j = (i + 1) & mask; m->e[j].value; j = (j + 1) & mask) {
		size_t home = m->e[j].hash & mask;
		if (((j - home) & mask) < ((j - i) & mask)) continue;
		m->e[i] = m->e[j];
		i = j;
	}
	m->e[i] = (struct entry){ 0 };
	return v;
}

size_t map_count(const struct map *m) { return m->count; }

bool map_next(const struct map *m, size_t *it, struct slice *ret_key, void **ret_value) {
	while (*it < m->cap) {
		const struct entry *e = &m->e[(*it)++];
		if (!e->value) continue;
		if (ret_key) *ret_key = slice_make(e->key, e->key_n);
		if (ret_value) *ret_value = e->value;
		return true;
	}
	return false;
}
