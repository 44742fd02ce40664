/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of time in nanoseconds: Go's notation ("1h2m3.5s") and kubectl's ages ("5m3s"). */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define DURATION_TEXT 40

/* time.ParseDuration. 0; -EBADMSG: *ret_msg (may be NULL; in the arena) is Go's text, e.g. `time: invalid duration "abc"`,
 * `time: missing unit in duration "1"`, `time: unknown unit "x" in duration "1x"`; -ENOMEM. */
int duration_parse(struct arena *a, struct slice text, int64_t *ret_ns, const char **ret_msg);
/* time.Duration.String(): "1h0m0s", "1.5s", "100ms", "0s". */
void duration_format(int64_t ns, char out[DURATION_TEXT]);
/* k8s.io/apimachinery/pkg/util/duration.HumanDuration: "<invalid>", "5s", "2m3s", "3h", "5d12h", "2y30d". */
void duration_human(int64_t ns, char out[DURATION_TEXT]);
/* ShortHumanDuration: "<invalid>", "5s", "2m", "3h", "5d", "2y". */
void duration_human_short(int64_t ns, char out[DURATION_TEXT]);
