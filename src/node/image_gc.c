/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image_gc.h"

#include "base/log.h"
#include "node/agent-internal.h"
#include "node/pod/container.h"

/* A container needs its image by what it was made from, or by the name it waits for. */
static bool container_needs(const struct container *c, const struct image *i) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct image_reference ref;
	const char *why;
	if (!a) return true;
	struct slice identity = slice_str(c->now.image_id);
	if (c->now.id[0]
	    && (slice_eq(identity, i->id) || image_has_digest(i, identity) || image_has_name(i, slice_str(c->now.image))))
		return true;
	if (image_reference_parse(a, json_path_str(container_spec_of(c), "image"), &ref, &why) < 0) return false;
	struct slice text = slice_str(image_reference_text(a, &ref));
	return image_has_name(i, text) || image_has_digest(i, text);
}

static bool in_use(void *ctx, const struct image *i) {
	struct node_agent *a = ctx;
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(a->pods, &it, &key, &v)) {
		const struct pod *p = v;
		for (size_t k = 0; k < p->n_containers && p->state != POD_ENDED; k++)
			if (container_needs(&p->containers[k], i)) return true;
	}
	return false;
}

void image_gc_look(struct node_agent *a) {
	int64_t total = 0, free_bytes = machine_disk_available(a->paths.base, &total);
	if (total <= 0 || free_bytes * 100 / total >= IMAGE_GC_FREE_PERCENT) return;
	size_t n = image_store_collect(a->images, in_use, a);
	if (n) log_info("node", "the disk is nearly full: %zu unused images removed", n);
}
