/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clock and randomness, passed in so that tests can hold them still. Code above base never calls clock_gettime, time,
 * random or getrandom itself. Thread rule: the functions of a table may be called from any thread.
 */
#pragma once

#include "base/compiler.h"

struct env {
	void *ctx;
	/* Wall clock, nanoseconds since 1970 (UTC). */
	int64_t (*now)(void *ctx);
	/* Monotonic clock, nanoseconds. */
	uint64_t (*mono)(void *ctx);
	/* Fills p with n random bytes fit for keys. 0 or -errno. */
	int (*random)(void *ctx, void *p, size_t n);
};

#define NSEC_PER_SEC 1000000000ll

/* The machine's. */
extern const struct env env_system;

static inline int64_t env_now(const struct env *e) { return e->now(e->ctx); }
static inline int64_t env_now_sec(const struct env *e) { return e->now(e->ctx) / NSEC_PER_SEC; }
static inline uint64_t env_mono(const struct env *e) { return e->mono(e->ctx); }
static inline int env_random(const struct env *e, void *p, size_t n) { return e->random(e->ctx, p, n); }

/* Lower-case version 4 UUID (RFC 9562) into out[37]. 0 or -errno. */
int env_uuid(const struct env *e, char out[37]);
/* n characters of Kubernetes' alphabet for generated names ("bcdfghjklmnpqrstvwxz2456789") and a NUL. 0 or -errno. */
int env_name_suffix(const struct env *e, char *out, size_t n);
/* Uniform in [0, below). below > 0. */
uint64_t env_uniform(const struct env *e, uint64_t below);
