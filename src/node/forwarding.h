/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods' packets beside other people's packet filters. Docker (and many firewalls) let the machine forward nothing but what they know:
 * iptables' FORWARD chain drops by default, and with br_netfilter even packets between two pods on one bridge. Where that is so
 * the agent puts two rules in front that accept what comes from and goes to its bridge; elsewhere it touches nothing.
 */
#pragma once

#include "base/buf.h"
#include "loop/loop.h"

/* Looks at the machine's rules and adds what is missing; to be called again and again, since others replace their rules. Does its work
 * later, on the loop; nothing happens where iptables is not installed. */
void forwarding_ensure(struct loop *l, const char *bridge);
/* Takes the rules away, and those chains of the CNI portmap plugin that nobody uses any more. Runs the loop until it is done. 0 or
 * -errno (-ENOENT: no iptables here). */
int forwarding_remove(struct loop *l, const char *bridge);

/* Pure parts, for tests. `save`: what iptables-save prints. Appends input for iptables-restore --noflush; nothing when there is nothing to
 * do. 0 or b->err. */
int forwarding_missing(struct buf *b, struct slice save, const char *bridge);
int forwarding_leftovers(struct buf *b, struct slice save, const char *bridge);
