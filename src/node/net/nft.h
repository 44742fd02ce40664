/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnftables, loaded when rules are first applied: it brings five libraries along, and a server without an agent has no rules.
 */
#pragma once

/* Applies the commands of `rules` as one transaction. 0; -EIO: refused, with the library's words in *ret_why when that is not
 * NULL (malloc'd, may be NULL); -ENOENT: the library cannot be loaded, said likewise; -ENOMEM. Any thread; the kernel may take
 * its time. */
int nft_run(const char *rules, char **ret_why);
