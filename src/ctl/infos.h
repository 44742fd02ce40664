/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which objects a command is about: files (-f), TYPE NAME..., TYPE/NAME..., TYPE with a selector.
 * Source of the rules and their wording: kubectl's resource builder (k8s.io/cli-runtime/pkg/resource).
 */
#pragma once

#include "ctl/mapper.h"

#define INFOS_MAX 1000000u

/* One object, or a list of a type (name NULL) that is to be asked for. */
struct info {
	const struct resource *r;
	const char *ns;           /* "" for cluster-scoped ones and all namespaces */
	const char *name;
	yyjson_mut_doc *doc;      /* NULL: not read */
	const char *source;       /* the file it came from; NULL: arguments */
};

struct infos {
	struct info *v;
	size_t n, cap;
	bool single;              /* exactly one object was named */
};

enum pick_flags {
	PICK_TYPES = 1,           /* a type alone means all of its objects */
	PICK_ALL_NAMESPACES = 2,
	PICK_ALL = 4,             /* --all: a type alone is meant */
	PICK_LOCAL = 8,           /* objects of files are used as they are, no server */
	PICK_FETCH = 16,          /* objects of arguments, and lists, are read; objects of files are read anew with PICK_LATEST */
	PICK_LATEST = 32,
	PICK_NEED_NAMES = 64,     /* types alone, selectors and --all are errors */
};

struct pick {
	const char *const *args;
	size_t n;
	unsigned flags;
	const char *selector, *field_selector; /* NULL or "": none */
	const char *subresource;
	int64_t chunk;
};

/* -f, -R */
extern const struct flag file_flags[];
/* -l, --field-selector, --all, -A */
extern const struct flag select_flags[];

void infos_add(struct ctl *c, struct infos *l, const struct info *i);
/* Reads -f when the command has it and the arguments. Objects that cannot be had are faults; the others are in *ret.
 * 0, or 1 when nothing can be said about anything (bad arguments, unknown type). */
int infos_pick(struct ctl *c, const struct pick *p, struct infos *ret);
/* What the arguments name, nothing read. */
int infos_args(struct ctl *c, const struct pick *p, struct infos *ret);
/* The objects of -f. */
int infos_files(struct ctl *c, unsigned flags, struct infos *ret);
/* Fetches one object. 0; 1: refused (fault noted); 2: not found (fault noted only when `must`). */
int info_fetch(struct ctl *c, struct info *i, bool must, const char *sub);
/* Every object of a type, page by page. 0 or 1 with a fault. */
int info_list(struct ctl *c, const struct info *type, const struct pick *p, struct infos *ret);
/* Notes why an object or (name NULL) a list could not be had: a namespace that does not exist is named instead of the object, a list
 * tells its selectors. 1. */
int info_refused(struct ctl *c, const struct info *i, const struct pick *p, const struct k8c_error *e);
/* Error texts: `error when creating "x.yaml"`; NULL for objects without a file. */
const char *info_what(struct ctl *c, const struct info *i, const char *verb);
