/* SPDX-License-Identifier: Apache-2.0 */
/* A container's log file: tail, then line by line. First byte: options; second: lines of the tail, limit. */
#include "node/stream/cri_log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_buf_ struct buf out = BUF_INIT(8u << 20);
	if (size < 2) return 0;
	struct cri_log_options o = { .timestamps = data[0] & 1, .since_ns = data[0] & 2 ? 1767225602000000000ll : 0, .limit_bytes = data[0] & 4 ? data[1] : -1 };
	struct slice file = slice_make(data + 2, size - 2), rest;
	size_t at = cri_log_tail(file, data[0] & 8 ? data[1] : -1);
	if (at > file.n || (at && at < file.n && file.p[at - 1] != '\n')) abort();
	struct cri_log l;
	int r = 0;
	cri_log_init(&l, &o);
	for (rest = slice_from(file, at); rest.n && r == 0;) r = cri_log_line(&l, slice_cut(&rest, '\n'), &out);
	if (r >= 0 && o.limit_bytes >= 0 && out.n > (size_t)o.limit_bytes) abort();
	return 0;
}
