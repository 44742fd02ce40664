/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creates that are questions: nothing is stored, the answer is the object with its status filled in. What they have in common:
 * options, decoding, defaults, managed fields, admission.
 */
#pragma once

#include "api/admit.h"
#include "api/subresource.h"

struct review {
	struct request *r;
	const struct schema_type *type;
	const char *group, *version, *kind;   /* of the body */
	bool managed;                         /* metadata.managedFields as create writes them */
	struct write_options opt;
	yyjson_mut_doc *doc;
	yyjson_mut_val *obj;
	/* Fills in the status and answers, once admission has let it through. */
	void (*answer)(struct review *rv);
	struct admit ad;
};

/* Reads the body, runs admission, then answer(rv). Errors are answered. `kind` NULL: r's resource itself. */
void review_start(struct request *r, const struct schema_type *type, const char *group, const char *version, const char *kind, bool managed,
		  void (*answer)(struct review *rv));
/* Complaints of the schema's rules, or NULL. `kind` is what the 422 names (upstream's reviews of access have an empty one). */
const struct status *review_validate(struct review *rv, const char *kind);
/* 201 with the object. */
void review_done(struct review *rv);
/* {"username":..,"uid":..,"groups":[..],"extra":{..}}. NULL when out of memory. */
yyjson_mut_val *review_user_info(yyjson_mut_doc *doc, const struct access_user *u);
/* Strings of a JSON list, in the arena. False when out of memory. */
bool review_strings(struct arena *a, const yyjson_mut_val *list, const struct slice **ret, size_t *ret_n);

void review_token_request(struct request *r);
void review_token(struct request *r);
void review_self_subject(struct request *r);
void review_subject_access(struct request *r);
void review_self_subject_access(struct request *r);
void review_self_subject_rules(struct request *r);
