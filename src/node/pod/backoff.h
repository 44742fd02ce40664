/* SPDX-License-Identifier: Apache-2.0 */
/* Growing delays with a reset after quiet (client-go util/flowcontrol Backoff): containers 10 s to 5 min, images the same. */
#pragma once

#include "base/compiler.h"

#define BACKOFF_INITIAL_MS 10000u
#define BACKOFF_MAX_MS 300000u

struct backoff {
	uint64_t delay_ms;    /* 0: no failure remembered */
	uint64_t last_ms;     /* when it last grew */
};

/* Something that failed (or ended) at `event_ms` is tried again now: the delay before the next try starts at 10 s and doubles up to
 * 5 min; when the event came more than twice the maximum after the last growth it starts anew. Returns the delay. */
uint64_t backoff_fail(struct backoff *b, uint64_t event_ms, uint64_t now_ms);
/* Milliseconds left to wait after an event (a container's end, a failed pull) at `since_ms`; 0: go. */
uint64_t backoff_left(const struct backoff *b, uint64_t since_ms, uint64_t now_ms);
static inline void backoff_reset(struct backoff *b) { *b = (struct backoff){ 0 }; }
