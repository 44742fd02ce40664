/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as the API writes them (RFC 3339; metav1.Time and MicroTime). Seconds count from 1970, UTC. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct timestamp {
	int64_t sec;
	uint32_t nsec;
};

/* "2006-01-02T15:04:05Z" and "2006-01-02T15:04:05.000000Z", NUL-terminated. */
#define TIMESTAMP_TEXT 40
void timestamp_format(int64_t sec, char out[TIMESTAMP_TEXT]);
void timestamp_format_micro(struct timestamp t, char out[TIMESTAMP_TEXT]);
/* RFC 1123 with numeric "GMT", for HTTP Date headers. */
void timestamp_format_http(int64_t sec, char out[TIMESTAMP_TEXT]);
/* Go's time.Parse(RFC3339, text): any fraction, offsets. 0; -EBADMSG: *ret_msg (may be NULL; in the arena) is Go's text:
 * `parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`; -ENOMEM. */
int timestamp_parse(struct arena *a, struct slice text, struct timestamp *ret, const char **ret_msg);
/* metav1.MicroTime's UnmarshalJSON: layout "2006-01-02T15:04:05.000000Z07:00" in the text. */
int timestamp_parse_micro(struct arena *a, struct slice text, struct timestamp *ret, const char **ret_msg);
/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t timestamp_days(int64_t year, unsigned month, unsigned day);
void timestamp_civil(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);
