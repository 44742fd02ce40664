/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a write-ahead log: the scan ends, counts no more frames than there are, and reports damage inside the file. */
#include "store/engine/wal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct wal_scan w;
	if (size < WAL_HEADER || !wal_begin(&w, data)) return 0;
	size_t frame = WAL_FRAME_HEADER + w.page, at = WAL_HEADER, frames = 0;
	for (; size - at >= frame; at += frame, frames++) wal_frame(&w, data + at);
	struct wal_report r = wal_end(&w);
	if (r.good > frames || r.lost > frames || (r.damaged && (r.at < WAL_HEADER || r.at >= at))) abort();
	return 0;
}
