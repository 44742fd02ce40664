/* SPDX-License-Identifier: Apache-2.0 */
/* Objects changed by a function, and sent as a patch of what differs (set, rollout, taint, cordon). */
#pragma once

#include "ctl/command.h"

struct modify {
	/* Changes doc (a copy of i->doc). 0, or 1 with a fault noted: this object is left alone. */
	int (*change)(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx);
	void *ctx;
	const char *done;      /* "image updated" */
	const char *unchanged; /* said when nothing differs; NULL: nothing is said */
	const char *failed;    /* put in front of what the server says: "failed to patch image update to pod template"; NULL: nothing */
	bool plain;            /* `failed` is told without "Error from server" */
};
/* Changes, sends (unless a dry run or --local says otherwise) and prints every object. 0 or 1. */
int modify_all(struct ctl *c, struct printer *p, const struct infos *l, const struct modify *m);

/* The pod's spec inside an object that has or makes pods; NULL when the kind has none. */
yyjson_mut_val *modify_pod_spec(const yyjson_mut_val *obj);
/* Calls fn for every container (init containers last), 1 stops. */
int modify_containers(const yyjson_mut_val *spec, int (*fn)(yyjson_mut_val *container, void *ctx), void *ctx);
/* path.Match-like patterns with '*' and '?' as container selectors have them. */
bool modify_matches(const char *pattern, const char *name);
