/* SPDX-License-Identifier: Apache-2.0 */
/* tar archives as streams (POSIX.1-2001 ustar and pax, GNU long names). Pure. */
#pragma once

#include "base/buf.h"

#define TAR_BLOCK 512u
#define TAR_NAME_MAX 4096u
#define TAR_EXTENDED_MAX ((size_t)1024 * 1024) /* a pax header */

enum tar_type { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK, TAR_OTHER };

struct tar_entry {
	enum tar_type type;
	const char *name, *link; /* as they stand in the archive: not to be trusted */
	uint64_t size;
	unsigned mode;
};
struct tar_handler {
	/* Negative ends reading with it. Data follows for entries that have a size. */
	int (*on_entry)(void *ctx, const struct tar_entry *e);
	int (*on_data)(void *ctx, struct slice bytes);
	int (*on_entry_end)(void *ctx);
};

struct tar_reader {
	const struct tar_handler *h;
	void *ctx;
	char block[TAR_BLOCK];
	size_t have;           /* bytes of the block at hand */
	uint64_t left, pad;    /* of the entry being read */
	bool over, in_entry;
	char special;          /* 'x', 'g', 'L', 'K': the entry at hand says something about the next */
	struct buf text;       /* its contents */
	char name[TAR_NAME_MAX + 1], link[TAR_NAME_MAX + 1];
	bool has_name, has_link, has_size;
	uint64_t size;
};
void tar_reader_init(struct tar_reader *r, const struct tar_handler *h, void *ctx);
void tar_reader_done(struct tar_reader *r);
/* 0; -EBADMSG: that is no tar archive; -ENAMETOOLONG; -E2BIG: a pax header is too large; -ENOMEM; what a callback returned. */
int tar_feed(struct tar_reader *r, struct slice bytes);
/* True when the archive has come to an end: its last block, or nothing begun. */
bool tar_complete(const struct tar_reader *r);

/* Appends an entry's header, with a pax header before it where ustar has no room. 0 or b->err. */
int tar_put_header(struct buf *b, const struct tar_entry *e);
/* How many zero bytes follow the contents of a file of that size. */
static inline size_t tar_padding(uint64_t size) { return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK); }
/* The end of an archive. */
int tar_put_end(struct buf *b);
