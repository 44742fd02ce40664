/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to and from JSON trees as sigs.k8s.io/yaml does it: YAML 1.1 scalars (yes/no/on/off are booleans, 0o17, 0x1f,
 * 1_000, .inf), merge keys, aliases with a limit on what they may expand to, timestamps as text, keys as strings.
 */
#pragma once

#include "codec/json.h"

/* Nodes that one document may hold after aliases are expanded, how deep it may nest, and the sum of the depths of all its nodes
 * (libyaml looks at every open bracket for every token). */
#define YAML_NODES_MAX 4000000u
#define YAML_DEPTH_MAX 10000u
#define YAML_WORK_MAX 300000000ull

enum { YAML_STRICT = 1 }; /* duplicate keys are an error, else the last one wins */

struct yaml_error {
	const char *msg; /* as yaml.v2/v3 says it: "yaml: line 2: found a tab character that violates indentation" */
};

/* Parses the first document of `text` (an empty one is null) into *ret (root set).
 * 0; -EBADMSG: *err is set, msg in the arena; -ENOMEM. */
int yaml_parse(struct arena *a, struct slice text, unsigned flags, yyjson_mut_doc **ret, struct yaml_error *err);
/* Duplicate keys of the document in order, worded as yaml.UnmarshalStrict's error ("yaml: unmarshal errors:\n  line 7: key
 * \"a\" already set in map"), or *ret NULL. 0; -EBADMSG when it does not parse; -ENOMEM. */
int yaml_duplicates(struct arena *a, struct slice text, const char **ret);

/* Cuts the next document off a stream at lines of "---" (apimachinery's YAMLReader): false at the end. *doc is without the
 * separator and may be blank. Start with *rest the whole stream. */
bool yaml_next_document(struct slice *rest, struct slice *doc);
/* True when the first byte that is not white space opens a JSON object (yaml.GuessJSONStream). */
bool yaml_is_json(struct slice text);

/* Appends the tree as YAML the way sigs.k8s.io/yaml.Marshal prints it: keys sorted, two spaces, sequences not indented
 * under their key, strings quoted only when they would read back as something else, "|" blocks for text with newlines; a
 * newline at the end. 0 or b->err. */
int yaml_write(struct buf *b, const yyjson_mut_val *v);
/* The same with keys in the tree's order. */
int yaml_write_ordered(struct buf *b, const yyjson_mut_val *v);
