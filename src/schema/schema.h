/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API as data. Tables (compiled from schema/ at build time, or built at run time from a CustomResourceDefinition)
 * describe types and resources; everything that depends on a type's shape walks them: decode, default, prepare, validate,
 * encode, protobuf, patch, apply, Table, OpenAPI, discovery. A built-in kind is a schema file, not code.
 *
 * Trees are yyjson mutable values in an arena's document (codec/json.h). A "typed tree" is one that schema_decode_* has
 * normalised: known members only, nulls dropped, special values (Quantity, Time, IntOrString) canonical.
 * Thread rule: tables are immutable and shared; run-time ones are refcounted (schema_set).
 */
#pragma once

#include "codec/json.h"

struct schema_type;     /* see schema/table.h for the insides; other rooms use the functions below */

enum schema_verb {
	VERB_CREATE = 1 << 0, VERB_DELETE = 1 << 1, VERB_DELETECOLLECTION = 1 << 2, VERB_GET = 1 << 3,
	VERB_LIST = 1 << 4, VERB_PATCH = 1 << 5, VERB_UPDATE = 1 << 6, VERB_WATCH = 1 << 7,
};

struct schema_column {
	const char *name, *type, *format, *description;
	int priority;
	const char *json_path; /* CRDs only; NULL: the cell is computed by the kind's cell program */
};

/* What may be done to the object of a resource at a subresource, and what it answers. */
struct schema_subresource {
	const char *name;            /* "status", "scale", "token", "log", ... */
	const char *kind;            /* kind of the body: "Pod", "Scale", "TokenRequest", ... */
	const char *group, *version; /* of that kind */
	unsigned verbs;
	const struct schema_type *type; /* body type, NULL for streams */
	const struct schema_strategy *strategy;
};

struct schema_resource {
	const char *group, *version, *resource, *kind, *singular, *list_kind;
	bool namespaced;
	bool is_custom;               /* comes from a CRD */
	unsigned verbs;               /* enum schema_verb; 0 with create-only reviews: VERB_CREATE */
	const char *const *short_names; /* NULL-terminated, may be NULL */
	const char *const *categories;
	const char *storage_hash;     /* "xPOwRZ+Yhw8=" */
	const char *storage_version;  /* version of the stored form */
	/* Where objects lie in the store: the group and resource of the storage form ("" "events" for events.k8s.io too). */
	const char *storage_group, *storage_resource;
	const struct schema_type *type;
	const struct schema_subresource *subresources;
	size_t n_subresources;
	const struct schema_column *columns;
	size_t n_columns;
	const char *const *field_labels; /* supported field selector keys, NULL-terminated */
	const struct schema_strategy *strategy;
	uint16_t id;                  /* dense index of built-in resources; UINT16_MAX for custom ones */
};

/* Rules of a resource's life (from resources.json); see schema/strategy.h. */
struct schema_strategy {
	bool create_on_update, unconditional_update, graceful_delete, delete_returns_object;
	bool generation_on_create;
	const char *default_propagation; /* "Background", "Orphan", ... */
	const struct schema_prep *prep;  /* table of create/update effects, walked by schema_prepare_* */
	size_t n_prep;
	const char *const *ssa_reset_fields;
};

/* Built-in tables. */
size_t schema_builtin_count(void);
const struct schema_resource *schema_builtin(size_t i);
/* NULL when there is none. An empty version: the group's preferred one. */
const struct schema_resource *schema_find(struct slice group, struct slice version, struct slice resource);
const struct schema_resource *schema_find_kind(struct slice group, struct slice version, struct slice kind);
/* The type registered for a kind, lists and options (DeleteOptions, PodExecOptions, TokenRequest, ...) included. */
const struct schema_type *schema_type_of_kind(struct slice group, struct slice version, struct slice kind);
/* As Go prints the type ("v1.Secret"); static. */
const char *schema_type_go(const struct schema_type *t);
const struct schema_subresource *schema_subresource_find(const struct schema_resource *r, struct slice name);

/* ---- decode ---- */

enum schema_field_mode { FIELDS_IGNORE, FIELDS_WARN, FIELDS_STRICT };

/* What decoding noticed, in document order: unknown fields before duplicates, texts as Kubernetes words them
 * (`unknown field "spec.foo"`, `duplicate field "data.a"`). Strings live in the arena. */
struct schema_issues {
	const char **unknown;
	size_t n_unknown;
	const char **duplicate;
	size_t n_duplicate;
};

/* Turns a parsed tree into a typed tree, in place. Unknown members are pruned and noted in *issues (may be NULL).
 * 0; -EBADMSG: *ret_msg is Go's text, e.g. "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of
 * type string"; -ENOMEM. */
int schema_decode_tree(const struct schema_type *t, struct arena *a, yyjson_mut_doc *doc, struct schema_issues *issues, const char **ret_msg);
/* Protobuf message (no envelope) to typed tree. 0, -EBADMSG (*ret_msg), -ENOMEM. */
int schema_decode_proto(const struct schema_type *t, struct arena *a, struct slice msg, yyjson_mut_doc **ret, const char **ret_msg);
/* The `k8s\0` envelope (runtime.Unknown): fields point into `bytes`. 0 or -EBADMSG (*ret_msg). */
struct schema_envelope { struct slice api_version, kind, raw, content_type, content_encoding; };
int schema_envelope_parse(struct slice bytes, struct schema_envelope *ret, struct arena *a, const char **ret_msg);

/* ---- encode ---- */

/* Canonical JSON of a typed tree: members in Kubernetes' order, always-present members present (`"status":{}`).
 * kind and apiVersion come first if the tree has them.
 * Works on any type; NULL type: members in tree order (unstructured). 0 or b->err. */
int schema_encode_json(const struct schema_type *t, const yyjson_mut_val *root, struct buf *b);
/* The same for the store: metadata.resourceVersion is written as `"resourceVersion":""` whatever the tree says, and *ret_rv_at
 * is the offset in `b` between those two quotes (struct store_op's rv_at). */
int schema_encode_stored(const struct schema_type *t, const yyjson_mut_val *root, struct buf *b, size_t *ret_rv_at);
/* Protobuf message, no envelope. */
int schema_encode_proto(const struct schema_type *t, const yyjson_mut_val *root, struct buf *b);
/* `k8s\0` + runtime.Unknown around the message. */
int schema_encode_proto_envelope(const struct schema_type *t, struct slice api_version, struct slice kind, const yyjson_mut_val *root, struct buf *b);

/* ---- default, prepare, validate ---- */

/* Fills defaults into a typed tree. 0 or -ENOMEM. */
int schema_default(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *root);
/* The strategy's PrepareForCreate / PrepareForUpdate: resets, kept-from-old parts, generation. `sub` is NULL for the main
 * resource. 0 or -ENOMEM. */
int schema_prepare_create(const struct schema_resource *r, yyjson_mut_doc *doc, yyjson_mut_val *obj);
int schema_prepare_update(const struct schema_resource *r, const struct schema_subresource *sub, yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old);

/* The moments a strategy writes down (transition times of certificate requests and volumes); to be called behind
 * schema_prepare_update. 0 or -ENOMEM. */
int schema_prepare_times(const struct schema_resource *r, const struct schema_subresource *sub, yyjson_mut_doc *doc, yyjson_mut_val *obj,
			 const yyjson_mut_val *old, int64_t now_sec);

/* One complaint: printed as `<field>: <text of type>: <value>: <detail>` (field.Error.ErrorBody). */
struct schema_error {
	const char *type;   /* cause reason: "FieldValueRequired", "FieldValueInvalid", ... */
	const char *field;  /* "spec.containers[0].name" */
	const char *body;   /* the cause message: "Required value", "Invalid value: \"x\": must be ..." */
};
struct schema_errors {
	struct schema_error *v;
	size_t n, cap;
};
/* Appends; strings are kept as they are (arena). 0 or -ENOMEM. */
int schema_errors_add(struct arena *a, struct schema_errors *e, const char *type, const char *field, const char *body);

enum schema_op { SCHEMA_CREATE, SCHEMA_UPDATE };
/* Validation of a typed, defaulted, prepared object; `old` for updates; `sub` NULL for the main resource. Complaints in
 * Kubernetes' order. `warnings` (may be NULL) collects Warning texts (deprecated fields and the like); NULL-safe.
 * 0 (also with complaints) or -ENOMEM. */
struct schema_warnings { const char **v; size_t n, cap; };
int schema_validate(const struct schema_resource *r, const struct schema_subresource *sub, enum schema_op op, struct arena *a,
		    const yyjson_mut_val *obj, const yyjson_mut_val *old, struct schema_errors *errs, struct schema_warnings *warnings);

/* ---- patch ---- */

/* Strategic merge patch (SIG API Machinery's strategic-merge-patch.md): merge keys, $patch, $retainKeys,
 * $setElementOrder, $deleteFromPrimitiveList. `target` is changed in place. 0; -EBADMSG: a 400 with *ret_msg;
 * -EPROTO: a plain error (500) with *ret_msg, as Kubernetes words them; -ENOMEM. */
int schema_strategic_merge(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *target, const yyjson_mut_val *patch, const char **ret_msg);

/* ---- tables ---- */

/* Appends one row's cells array (JSON, `["name","1/1",...]`) for an object. `now_sec` for ages. 0 or b->err. */
int schema_table_cells(const struct schema_resource *r, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b);
/* Appends the conditions array of the row when the kind sets one (finished pods), else nothing. */
int schema_table_conditions(const struct schema_resource *r, const yyjson_mut_val *obj, struct buf *b);

/* ---- field labels ---- */

/* Value of a supported field selector key for an object ("" when unset); strings live in the arena. -ENOENT: the key is not
 * one of r->field_labels. */
int schema_field_label(const struct schema_resource *r, const yyjson_mut_val *obj, struct slice key, struct arena *a, struct slice *ret);
