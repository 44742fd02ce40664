/* SPDX-License-Identifier: Apache-2.0 */
/* Field paths as chains towards the root; text is made only when something is complained about. */
#pragma once

#include "base/buf.h"

enum rule_link_kind { LINK_NAME, LINK_INDEX, LINK_KEY };

struct rule_link {
	const struct rule_link *up; /* NULL: at the root */
	uint8_t kind;
	struct slice name;          /* LINK_NAME, LINK_KEY */
	int64_t index;              /* LINK_INDEX */
};

/* Deepest path that is written out; what lies above is left out. */
#define RULE_LINKS_MAX 512

/* Appends "a.b[0][key]"; nothing for NULL. Source: field.Path. */
void rule_path_text(const struct rule_link *p, struct buf *b);
