/* SPDX-License-Identifier: Apache-2.0 */
/* An intrusive doubly linked list with a head. A node that is in no list points to itself. */
#pragma once

#include "base/compiler.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *l) { l->prev = l->next = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }
static inline void list_add_tail(struct list *head, struct list *n) {
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}
static inline void list_del(struct list *n) {
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}
#define list_entry(ptr, type, member) CONTAINER_OF(ptr, type, member)
/* `pos` may be removed (only it) inside the loop. */
#define list_foreach(head, pos) \
	for (struct list *pos = (head)->next, *pos##_next = pos->next; pos != (head); pos = pos##_next, pos##_next = pos->next)
