/* SPDX-License-Identifier: Apache-2.0 */
#include "store/engine/wal.h"

#include <errno.h>
#include <stdio.h>

#define MAGIC_LE 0x377f0682u
#define MAGIC_BE 0x377f0683u

static uint32_t be32(const unsigned char *p) {
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t le32(const unsigned char *p) {
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* n is a multiple of 8. */
static void add_sum(const struct wal_scan *w, uint32_t sum[2], const unsigned char *p, size_t n) {
	for (size_t i = 0; i + 8 <= n; i += 8) {
		sum[0] += (w->swap ? be32(p + i) : le32(p + i)) + sum[1];
		sum[1] += (w->swap ? be32(p + i + 4) : le32(p + i + 4)) + sum[0];
	}
}

bool wal_begin(struct wal_scan *w, const unsigned char h[WAL_HEADER]) {
	uint32_t magic = be32(h), page = be32(h + 8);
	*w = (struct wal_scan){ .swap = magic == MAGIC_BE, .page = page, .salt = { be32(h + 16), be32(h + 20) }, .offset = WAL_HEADER };
	if (magic != MAGIC_LE && magic != MAGIC_BE) return false;
	if (page < 512 || page > 65536 || (page & (page - 1))) return false;
	add_sum(w, w->sum, h, 24);
	w->started = w->sum[0] == be32(h + 24) && w->sum[1] == be32(h + 28);
	return w->started;
}

void wal_frame(struct wal_scan *w, const unsigned char *f) {
	bool ours = be32(f + 8) == w->salt[0] && be32(f + 12) == w->salt[1];
	uint32_t sum[2] = { w->sum[0], w->sum[1] };
	w->offset += WAL_FRAME_HEADER + w->page;
	if (!w->bad && ours) {
		add_sum(w, sum, f, 8);
		add_sum(w, sum, f + WAL_FRAME_HEADER, w->page);
		if (sum[0] == be32(f + 16) && sum[1] == be32(f + 20)) {
			w->sum[0] = sum[0];
			w->sum[1] = sum[1];
			w->frames++;
			if (be32(f + 4)) w->committed = w->frames;
			return;
		}
	}
	if (!w->bad) w->bad_at = w->offset - WAL_FRAME_HEADER - w->page;
	w->bad = true;
	/* Frames of an earlier round of the log have other salts and are no loss. */
	if (ours) w->behind = (w->offset - w->bad_at) / (WAL_FRAME_HEADER + w->page);
}

struct wal_report wal_end(const struct wal_scan *w) {
	/* The bad frame alone, with nothing of this log behind it, is where a process was killed between the writes of a frame's header
	 * and its page: the commit it belongs to was never acknowledged. */
	bool damaged = w->bad && w->behind > 1;
	return (struct wal_report){ damaged, w->committed, damaged ? w->behind : 0, damaged ? w->bad_at : 0 };
}

static int scan_file(FILE *f, struct wal_report *ret) {
	unsigned char h[WAL_HEADER];
	struct wal_scan w;
	size_t n = fread(h, 1, sizeof(h), f);
	*ret = (struct wal_report){ 0 };
	if (n == 0) return ferror(f) ? -EIO : 0;
	if (n < sizeof(h)) return 0; /* was being begun */
	if (!wal_begin(&w, h)) {
		/* SQLite takes such a log for empty. Without frames behind the header nothing can have been in it. */
		if (fseek(f, 0, SEEK_END)) return -errno;
		long size = ftell(f);
		*ret = (struct wal_report){ .damaged = size > (long)WAL_HEADER, .lost = (uint64_t)size / 512 };
		return 0;
	}
	_cleanup_free_ char *frame = malloc(WAL_FRAME_HEADER + w.page);
	if (!frame) return -ENOMEM;
	while (fread(frame, 1, WAL_FRAME_HEADER + w.page, f) == WAL_FRAME_HEADER + w.page) wal_frame(&w, (unsigned char *)frame);
	if (ferror(f)) return -EIO;
	*ret = wal_end(&w);
	return 0;
}

int wal_check(const char *path, struct wal_report *ret) {
	*ret = (struct wal_report){ 0 };
	FILE *f = fopen(path, "re");
	if (!f) return errno == ENOENT ? 0 : -errno;
	int r = scan_file(f, ret);
	fclose(f);
	return r;
}
