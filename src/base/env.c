/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_ns(clockid_t id) {
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int64_t system_now(void *ctx k8c_unused) { return clock_ns(CLOCK_REALTIME); }
static uint64_t system_mono(void *ctx k8c_unused) { return (uint64_t)clock_ns(CLOCK_MONOTONIC); }

static int system_random(void *ctx k8c_unused, void *p, size_t n) {
	for (char *at = p; n;) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) return -errno;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

const struct env env_system = { NULL, system_now, system_mono, system_random };

int env_uuid(const struct env *e, char out[37]) {
	unsigned char b[16];
	int r = env_random(e, b, sizeof(b));
	if (r < 0) return r;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
		 b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

uint64_t env_uniform(const struct env *e, uint64_t below) {
	uint64_t v, limit = UINT64_MAX - UINT64_MAX % below;
	do
		if (env_random(e, &v, sizeof(v)) < 0) return 0;
	while (v >= limit);
	return v % below;
}

int env_name_suffix(const struct env *e, char *out, size_t n) {
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	for (size_t i = 0; i < n; i++) out[i] = alphabet[env_uniform(e, sizeof(alphabet) - 1)];
	out[n] = 0;
	return 0;
}
