/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/backoff.h"

static bool expired(const struct backoff *b, uint64_t event_ms) {
	return event_ms > b->last_ms && event_ms - b->last_ms > 2 * BACKOFF_MAX_MS;
}

uint64_t backoff_fail(struct backoff *b, uint64_t event_ms, uint64_t now_ms) {
	if (b->delay_ms == 0 || expired(b, event_ms)) b->delay_ms = BACKOFF_INITIAL_MS;
	else if (b->delay_ms < BACKOFF_MAX_MS) b->delay_ms = b->delay_ms * 2 < BACKOFF_MAX_MS ? b->delay_ms * 2 : BACKOFF_MAX_MS;
	b->last_ms = now_ms;
	return b->delay_ms;
}

uint64_t backoff_left(const struct backoff *b, uint64_t since_ms, uint64_t now_ms) {
	if (expired(b, since_ms)) return 0;
	uint64_t passed = now_ms - since_ms;
	return b->delay_ms > passed ? b->delay_ms - passed : 0;
}
