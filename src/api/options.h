/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Get-, List-, Create-, Update-, Patch- and DeleteOptions: read from the query (and DELETE's body), validated as
 * apimachinery's meta/v1/validation and meta/internalversion/validation do. Thread rule: pure.
 */
#pragma once

#include "api/negotiate.h"
#include "codec/query.h"
#include "api/status.h"

enum rv_match { RV_MATCH_UNSET, RV_MATCH_EXACT, RV_MATCH_NOT_OLDER };

struct list_options {
	struct slice label_selector, field_selector, continue_token;
	struct slice rv_text;          /* as sent; empty: unset */
	uint64_t rv;
	enum rv_match match;
	int64_t limit;                 /* 0: none */
	bool watch, bookmarks, has_send_initial, send_initial;
	int64_t timeout_seconds;       /* -1: unset */
};
/* 400 for what cannot be read, 422 for what does not fit together. *ret is set only on success (NULL). */
const struct status *options_list(struct arena *a, const struct query *q, bool watch, struct list_options *ret);
/* The number of a resourceVersion; "" is 0. A bad one is a 400 for lists, a 500 for gets and watches. */
const struct status *options_rv(struct arena *a, struct slice text, bool list, uint64_t *ret);

struct write_options {
	bool dry_run;
	enum schema_field_mode validation;   /* FIELDS_WARN unless asked otherwise */
	struct slice field_manager;          /* as given; may be empty */
	bool force;                          /* patches only */
	bool has_force;
};
/* `kind`: "CreateOptions", "UpdateOptions", "PatchOptions"; `apply`: an apply patch. */
const struct status *options_write(struct arena *a, const struct query *q, const char *kind, bool apply, struct write_options *ret);

enum propagation { PROPAGATE_DEFAULT, PROPAGATE_ORPHAN, PROPAGATE_BACKGROUND, PROPAGATE_FOREGROUND };
struct delete_options {
	bool dry_run;
	int64_t grace;                       /* -1: unset */
	struct slice uid, rv;                /* preconditions; p NULL: unset */
	enum propagation propagation;
	bool has_orphan, orphan;             /* the deprecated orphanDependents */
};
/* From the query, or from a body's tree (a typed meta/v1 DeleteOptions, NULL: none). A body that was sent wins. */
const struct status *options_delete(struct arena *a, const struct query *q, const yyjson_mut_val *body, struct delete_options *ret);

/* Manager name of a write: the option, or the User-Agent up to its first '/' with unprintable runes dropped (fieldmanager). */
struct slice options_manager(struct arena *a, struct slice field_manager, struct slice user_agent);
