/* SPDX-License-Identifier: Apache-2.0 */
/* What registries and archives say: names, manifests, configurations, records. The first byte chooses. */
#include "node/image/image.h"
#include "node/image/reference.h"
#include "node/image/registries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void name(struct arena *a, struct slice text) {
	struct image_reference r, again;
	const char *why, *full;
	if (image_reference_parse(a, text, &r, &why) < 0) return;
	/* The full form names the same image. */
	if (!(full = image_reference_text(a, &r)) || image_reference_parse(a, slice_str(full), &again, &why) < 0) abort();
	if (strcmp(full, image_reference_text(a, &again)) != 0) abort();
}

static void record(struct arena *a, struct slice text) {
	struct image *i, *back;
	_cleanup_buf_ struct buf b = BUF_INIT(64u << 20);
	if (image_record_parse(text, &i) < 0) return;
	if (image_record_write(&b, i) < 0 || image_record_parse(buf_slice(&b), &back) < 0 || !slice_eq(i->id, back->id)) abort();
	image_free(back);
	image_free(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new((size_t)256 << 20);
	struct image_manifest m;
	struct image_config c;
	struct registries r;
	const char *why;
	if (size == 0) return 0;
	struct slice text = slice_make(data + 1, size - 1);
	switch (data[0]) {
	case 'n': name(a, text); break;
	case 'm': (void)image_manifest_parse(a, text, &m, &why); break;
	case 'c': (void)image_config_parse(a, text, &c); break;
	case 'r': record(a, text); break;
	case 'e': (void)registries_parse(a, text, &r, &why); break;
	}
	return 0;
}
