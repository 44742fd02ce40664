/* SPDX-License-Identifier: Apache-2.0 */
/* The small parsers: each gets the whole input; what one accepts has to come out of its printer and be accepted again. */
#include "codec/base64.h"
#include "codec/duration.h"
#include "codec/fields.h"
#include "codec/goquote.h"
#include "codec/labels.h"
#include "codec/quantity.h"
#include "codec/query.h"
#include "codec/timestamp.h"

static void quantities(struct slice s) {
	struct quantity q, again;
	char out[QUANTITY_TEXT];
	if (quantity_parse(s, &q, NULL) < 0) return;
	quantity_format(q, out);
	if (quantity_parse(slice_str(out), &again, NULL) < 0) abort();
	(void)quantity_value(quantity_add(q, again));
	(void)quantity_milli(quantity_sub(q, again));
}

static void labels(struct arena *a, struct slice s) {
	struct labels_selector sel, again;
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20);
	const char *msg = NULL;
	if (labels_parse(a, s, &sel, &msg) < 0) {
		if (!msg) abort();
		return;
	}
	(void)labels_match(&sel, NULL);
	if (labels_format(&out, &sel) == 0 && labels_parse(a, buf_slice(&out), &again, &msg) < 0) abort();
}

static void fields(struct arena *a, struct slice s) {
	struct fields_selector sel, again;
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20);
	const char *msg = NULL;
	if (fields_parse(a, s, &sel, &msg) == 0 && fields_format(&out, &sel) == 0 &&
	    fields_parse(a, buf_slice(&out), &again, &msg) < 0)
		abort();
}

static void encodings(struct arena *a, struct slice s) {
	for (int kind = BASE64_STD; kind <= BASE64_RAW_URL; kind++) {
		_cleanup_buf_ struct buf text = BUF_INIT(1u << 20), back = BUF_INIT(1u << 20);
		size_t at;
		(void)base64_decode(&back, (enum base64_kind)kind, s, &at);
		buf_clear(&back);
		if (base64_encode(&text, (enum base64_kind)kind, s) < 0) return;
		if (base64_decode(&back, (enum base64_kind)kind, buf_slice(&text), &at) < 0 || !slice_eq(buf_slice(&back), s)) abort();
	}
	_cleanup_buf_ struct buf text = BUF_INIT(1u << 20);
	struct slice back;
	percent_encode_query(&text, s);
	if (text.err == 0 && (percent_decode_query(a, buf_slice(&text), &back, NULL) < 0 || !slice_eq(back, s))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct slice s = slice_make(data, size);
	struct timestamp t;
	struct query q;
	int64_t ns;
	const char *msg;
	char out[DURATION_TEXT];
	if (size > 64 * 1024) return 0;
	quantities(s);
	labels(a, s);
	fields(a, s);
	encodings(a, s);
	(void)goquote(a, s);
	(void)query_parse(a, s, &q, &msg);
	(void)timestamp_parse(a, s, &t, &msg);
	(void)timestamp_parse_micro(a, s, &t, &msg);
	if (duration_parse(a, s, &ns, &msg) == 0) {
		duration_format(ns, out);
		duration_human(ns, out);
	}
	return 0;
}
