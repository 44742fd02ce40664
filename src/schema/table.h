/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of the schema tables. tools/schemac compiles schema/ (text, one file per API group) into constant instances of these
 * structures; schema/crd.c builds the same structures at run time. Only src/schema/ includes this header.
 *
 * Everything is a struct schema_type: objects, lists, maps, scalars and the types with an encoding of their own. Unnamed types
 * ([]v1.Container, map[string]string) are types, too, so a walker needs one switch over `kind` and nothing else.
 * Thread rule: immutable once published.
 */
#pragma once

#include "schema/schema.h"

/* Nesting of typed values below one root; deeper input is refused by decoding, so later walkers may recurse. */
#define SCHEMA_DEPTH_MAX 200
/* Members of one object type, inlined ones included. */
#define SCHEMA_FIELDS_MAX 255

enum schema_kind {
	SCHEMA_OBJECT,  /* fields */
	SCHEMA_LIST,    /* item */
	SCHEMA_MAP,     /* string keys, item */
	SCHEMA_STRING,
	SCHEMA_BOOL,
	SCHEMA_INT32,
	SCHEMA_INT64,
	SCHEMA_DOUBLE,
	SCHEMA_BYTES,   /* base64 string in JSON */
	SCHEMA_SPECIAL, /* special */
};

enum schema_special {
	SPECIAL_NONE,
	SPECIAL_ANY,                     /* any JSON: FieldsV1, RawExtension, JSON, interface{}; protobuf: raw bytes in field 1 */
	SPECIAL_QUANTITY,                /* canonical string */
	SPECIAL_TIME,                    /* RFC 3339, UTC, seconds */
	SPECIAL_MICRO_TIME,              /* the same with six digits behind the point */
	SPECIAL_INT_OR_STRING,
	SPECIAL_SCHEMA_OR_ARRAY,         /* JSONSchemaPropsOrArray */
	SPECIAL_SCHEMA_OR_BOOL,          /* JSONSchemaPropsOrBool */
	SPECIAL_SCHEMA_OR_STRING_ARRAY,  /* JSONSchemaPropsOrStringArray */
};

enum schema_list_type { LIST_UNSET, LIST_ATOMIC, LIST_SET, LIST_MAP };

/* Flags of a type. */
enum {
	TYPE_ATOMIC = 1 << 0,           /* x-kubernetes-map-type: atomic (objects and maps) */
	TYPE_PRESERVE_UNKNOWN = 1 << 1, /* CRDs: x-kubernetes-preserve-unknown-fields */
	TYPE_EMBEDDED = 1 << 2,         /* CRDs: x-kubernetes-embedded-resource */
	TYPE_HAS_DEFAULTS = 1 << 3,     /* this type or one below it has default rules */
	TYPE_NULLABLE = 1 << 4,         /* CRDs: nullable */
	TYPE_CUSTOM = 1 << 6,           /* of a CRD: values of another shape pass decoding, validation refuses them */
	TYPE_MESSAGE_LIST = 1 << 5,     /* a named list that is a message of its own in protobuf (items = 1) */
};

/* Flags of a field. */
enum {
	FIELD_POINTER = 1 << 0,    /* Go pointer: zero is a value, {} is not absence */
	FIELD_OMITEMPTY = 1 << 1,  /* left out of JSON when empty */
	FIELD_OMITZERO = 1 << 2,   /* left out also when a struct's zero (creationTimestamp) */
	FIELD_REQUIRED = 1 << 3,   /* OpenAPI: required */
	FIELD_MERGE = 1 << 4,      /* strategic merge: lists merge (merge_key, or as a set), maps merge */
	FIELD_REPLACE = 1 << 5,    /* strategic merge: replace */
	FIELD_RETAIN_KEYS = 1 << 6,/* strategic merge: retainKeys */
	FIELD_ATOMIC = 1 << 7,     /* x-kubernetes-map-type: atomic said of the field */
	FIELD_TYPE_META = 1 << 8,  /* kind, apiVersion: no protobuf of their own */
	FIELD_NULLABLE = 1 << 9,   /* CRDs: null is kept */
	FIELD_LIST_ATOMIC = 1 << 10, /* x-kubernetes-list-type: atomic said of a member that is no list (Status.details) */
	FIELD_GRANULAR = 1 << 12,    /* x-kubernetes-map-type: granular said of the field, whatever its type says */
};

struct schema_field {
	const char *name;               /* JSON name */
	const struct schema_type *type;
	uint16_t flags;
	uint8_t name_len;
	const char *merge_key;          /* strategic merge patch's key, or NULL */
	const char *dflt;               /* OpenAPI default, JSON text, or NULL; CRDs: what defaulting fills in */
	const char *const *enums;       /* allowed strings (of the value, or of a list's items), NULL-terminated, or NULL */
	const char *description;        /* our own short words, or NULL */
};

/* One protobuf field. Inlined Go structs are nested messages: with `inlined` set the members lie in the same object. */
struct schema_proto {
	uint32_t tag;
	int16_t field;                     /* index in fields, -1 for an inlined message */
	const struct schema_type *inlined;
};

/* x-kubernetes-unions of a type. */
struct schema_union {
	const char *discriminator;         /* NULL: none */
	const char *const *members;        /* NULL-terminated */
};

struct schema_default_rule;

struct schema_type {
	const char *name;                  /* Go's bare name: "PodSpec", "RestartPolicy"; "" for unnamed types */
	const char *go;                    /* as Go prints the type: "v1.PodSpec", "[]v1.Container", "map[string]string", "int32" */
	const char *key;                   /* "io.k8s.api.core.v1.PodSpec"; NULL for unnamed types */
	uint8_t kind;                      /* enum schema_kind */
	uint8_t special;                   /* enum schema_special */
	uint8_t list_type;                 /* enum schema_list_type, of lists */
	uint8_t flags;                     /* TYPE_* */
	uint16_t n_fields, n_protos, n_defaults;
	const struct schema_field *fields; /* JSON order, inlined structs flattened */
	const uint8_t *by_name;            /* indexes into fields, sorted by name (bytewise) */
	const struct schema_type *item;    /* of lists and maps; the JSONSchemaProps of the SPECIAL_SCHEMA_* */
	const char *const *list_keys;      /* of LIST_MAP lists, NULL-terminated */
	const struct schema_proto *protos; /* ascending tags */
	const struct schema_default_rule *defaults; /* run in order, before those of the fields' types */
	const struct schema_union *unions; /* terminated by an entry without members, or NULL */
	const char *description;           /* or NULL */
};

/* The field of that JSON name (case-sensitive), or NULL; *ret_index (may be NULL) is its place in t->fields. */
const struct schema_field *schema_field_find(const struct schema_type *t, struct slice name, size_t *ret_index);
/* A named type by its key ("io.k8s.api.core.v1.PodSpec"), or NULL. */
const struct schema_type *schema_type_by_key(struct slice key);
/* Every named built-in type, in order of their keys. */
size_t schema_type_count(void);
const struct schema_type *schema_type_at(size_t i);

/* Which kinds a type is registered as. DeleteOptions and the like are in every group: group "*". */
struct schema_kind_entry {
	const char *group, *version, *kind;
	const struct schema_type *type;
};
size_t schema_kind_count(void);
const struct schema_kind_entry *schema_kind_at(size_t i);

/* API groups in discovery order. */
struct schema_group {
	const char *name;
	const char *const *versions; /* preferred one first, NULL-terminated */
};
size_t schema_group_count(void);
const struct schema_group *schema_group_at(size_t i);

/* ---- conditions and paths of default and preparation rules ---- */

/* Paths: "a.b", "a[].b" (every element), `a["key.with.dots"]`. */
enum schema_cond_op {
	COND_SET,       /* present */
	COND_ABSENT,
	COND_UNSET,     /* absent or the zero value */
	COND_NONEMPTY,
	COND_EQ,        /* value: JSON */
	COND_IN,        /* value: JSON list */
	COND_NONE_SET,  /* no member of the list of names in value is present */
	COND_TAG_EQ,    /* the image reference's tag */
	COND_ANY,       /* one of the next `n` conditions */
	COND_ALL,       /* all of the next `n` conditions */
};
struct schema_cond {
	uint8_t op;
	uint8_t n;          /* COND_ANY, COND_ALL: how many conditions follow that belong to it */
	const char *path;
	const char *value;
};

/* DEFAULT_MISSING: not there at all, null counts as there. */
enum schema_default_when { DEFAULT_UNSET, DEFAULT_ABSENT, DEFAULT_EMPTY, DEFAULT_ALWAYS, DEFAULT_MISSING };
enum schema_default_action {
	DEFAULT_VALUE,      /* value: JSON */
	DEFAULT_COPY,       /* value: path */
	DEFAULT_MERGE_KEYS, /* value: path; keys missing in the target are copied from there */
	DEFAULT_DELETE,
	DEFAULT_LOWERCASE,  /* value: path */
	DEFAULT_SUFFIXED,   /* value: path, arg: text to append */
	DEFAULT_FIRST_WHERE,/* value: "list[member==true].member": a list with that one value */
	DEFAULT_CALL,       /* call: a rule that is no data */
};
struct schema_default_rule {
	uint8_t when, action, n_conds;
	bool create_parents;
	const char *path;
	const struct schema_cond *conds;
	const char *value, *arg;
	/* 0 or -ENOMEM. `obj` is a value of the type that owns the rule. */
	int (*call)(yyjson_mut_doc *doc, yyjson_mut_val *obj);
};

/* ---- strategies ---- */

enum schema_prep_when { PREP_CREATE = 1, PREP_UPDATE = 2 };
enum schema_prep_effect {
	PREP_KEEP,            /* the old object's value (or absence) */
	PREP_SET,             /* value: JSON */
	PREP_REMOVE,
	PREP_APPEND,          /* value: JSON list; elements that are missing are appended */
	PREP_KEEP_ALL_BUT,    /* everything from old but the comma-separated paths in value */
	PREP_GENERATION,      /* metadata.generation = value */
	PREP_BUMP,            /* metadata.generation = old + 1 when path differs; once per update */
	PREP_CALL,            /* call: an effect that is no data */
};
struct schema_prep {
	uint8_t when, effect;
	const char *path, *value;
	/* 0 or -ENOMEM. `old` is NULL on create. */
	int (*call)(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old);
};

/* ---- Table cells ---- */

struct schema_cell;
enum schema_cell_op {
	CELL_STRING,   /* the string at path, else arg (or "") */
	CELL_TEXT,     /* any scalar as text, else arg */
	CELL_INT,      /* the number at path, else arg's number (or 0) */
	CELL_BOOL,     /* the boolean at path, else arg */
	CELL_AGE,      /* age of the time at path, else arg */
	CELL_TIME,     /* the time itself */
	CELL_COUNT,    /* elements and members at the comma-separated paths */
	CELL_JOIN,     /* the strings at path ("a[].b") joined with ",", else arg */
	CELL_PAIR,     /* the two scalars at the comma-separated paths as "x/y"; arg when the first one's parent is absent */
	CELL_RATIO,    /* the two numbers at the comma-separated paths as "x/y", absent ones 0 */
	CELL_LABELS,   /* a string map as "k=v,k=v" or "<none>" */
	CELL_SELECTOR, /* a LabelSelector as text */
	CELL_CALL,     /* call: a cell that is no data */
};
struct schema_cell {
	uint8_t op;
	const char *path, *arg;
	/* Appends the cell's JSON. 0 or b->err. */
	int (*call)(const yyjson_mut_val *obj, int64_t now_sec, struct buf *b);
};

/* ---- field labels ---- */

enum schema_label_op { LABEL_STRING, LABEL_BOOL, LABEL_INT, LABEL_FIRST, LABEL_EMPTY };
struct schema_label {
	const char *key;
	uint8_t op;
	const char *path;  /* comma-separated alternatives, the first non-empty one counts */
};

/* What of a resource only this room needs; schema_resource_more(r)->... */
struct schema_resource_more {
	const struct schema_cell *cells;
	size_t n_cells;
	const struct schema_label *labels;  /* parallel to r->field_labels */
	const char *pod_spec_at;            /* path of the embedded PodSpec, or NULL */
	const char *field_label_error;      /* with <label> for the key */
};
/* NULL for custom resources. */
const struct schema_resource_more *schema_resource_more(const struct schema_resource *r);
