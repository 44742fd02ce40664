/* SPDX-License-Identifier: Apache-2.0 */
/* What a YAML scalar means: the implicit types of YAML 1.1 as yaml.v2 resolves them. */
#pragma once

#include "base/slice.h"

enum yaml_kind { YAML_STR, YAML_BOOL, YAML_NULL, YAML_INT, YAML_UINT, YAML_FLOAT, YAML_TIMESTAMP, YAML_MERGE, YAML_BINARY };

struct yaml_scalar {
	enum yaml_kind kind;
	bool b;
	int64_t i;  /* YAML_INT */
	uint64_t u; /* YAML_UINT: beyond int64 */
	double d;
};

/* An untagged plain scalar. Pure. */
struct yaml_scalar yaml_resolve(struct slice text);
/* "!!int" and the like, for messages. */
const char *yaml_kind_tag(enum yaml_kind k);
/* Sexagesimal numbers, which other parsers read as such ("1:20"). */
bool yaml_is_base60(struct slice text);
