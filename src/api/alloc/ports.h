/* SPDX-License-Identifier: Apache-2.0 */
/* Node ports: one internal object holds a bit per port (as upstream's RangeAllocation does); it is changed together with the
 * Service in one transaction. */
#pragma once

#include "api/write.h"

struct ports {
	struct request *r;
	unsigned min, max;
	uint8_t *bits;              /* arena */
	uint64_t rv;                /* of the object; 0: it is not there yet */
	bool changed;
};
/* The state in a snapshot. 0 or -ENOMEM. */
int ports_load(struct request *r, const struct store_snapshot *snap, struct ports *ret);
bool ports_in_range(const struct ports *p, int64_t port);
bool ports_taken(const struct ports *p, int64_t port);
void ports_set(struct ports *p, int64_t port, bool taken);
/* A free port, taken at once. 0: none left. */
unsigned ports_pick(struct ports *p);
/* The op that writes the new state. NULL or a status. */
const struct status *ports_op(struct ports *p, struct store_op *ret);
