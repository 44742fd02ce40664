/* SPDX-License-Identifier: Apache-2.0 */
/* Objects from files: YAML documents and JSON, lists taken apart. */
#pragma once

#include "ctl/ctl.h"

#define MANIFEST_DOCUMENTS_MAX 100000u

struct manifest_sink {
	/* 0, or 1 to stop. */
	int (*object)(void *ctx, yyjson_mut_doc *doc, const char *source);
	void *ctx;
};
/* The documents of a text. 0, or 1 with a fault noted. */
int manifest_text(struct ctl *c, struct slice text, const char *source, const struct manifest_sink *sink);
/* What -f names: a file, a folder (with its folders when `recursive`), "-", a URL. */
int manifest_path(struct ctl *c, const char *path, bool recursive, const struct manifest_sink *sink);
