/* SPDX-License-Identifier: Apache-2.0 */
/* A whole API server without sockets and without a file: calls go through api_local_start, filters included. */
#pragma once

#include "access/pki.h"
#include "api/api.h"
#include "codec/json.h"

#include <check.h>

struct fixture {
	struct store *store;
	struct access *access;
	struct api *api;
	struct loop *loops[2], *access_loop;
	struct pki_pair ca, sa;
	struct arena *a;          /* of answers */
};

struct answer {
	int status, err;
	struct http_headers headers;
	struct slice body;
	yyjson_mut_val *json;     /* NULL when the body is no JSON */
};

/* Starts and waits until the bootstrap objects are there. */
void fixture_up(struct fixture *f);
void fixture_down(struct fixture *f);

/* As an administrator. `body` may be NULL; quotes in it may be written as '. Headers end with NULL: "name", "value", ... */
struct answer fixture_call(struct fixture *f, const char *method, const char *target, const char *body, const char *const *headers);
/* The same as another user ("system:anonymous" semantics are had with NULL: the chain authenticates). */
struct answer fixture_call_as(struct fixture *f, const char *user, const char *groups, const char *method, const char *target, const char *body,
			      const char *const *headers);
static inline struct answer fixture_get(struct fixture *f, const char *target) { return fixture_call(f, "GET", target, NULL, NULL); }
/* Path of a string in an answer: "" when absent. */
const char *answer_str(struct fixture *f, const struct answer *a, const char *path);
const char *answer_text(struct fixture *f, const struct answer *a);
const char *answer_header(struct fixture *f, const struct answer *a, const char *name);

/* A stream: reads until `events` lines have come (or the end), then cancels. Lines in *ret. */
size_t fixture_watch(struct fixture *f, const char *target, size_t events, void (*meanwhile)(struct fixture *f), struct slice *ret, size_t max);
