/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of k8ctl: what every command gets. Memory of a run lives in one arena and goes with the process; running out of it
 * ends the program with a message, so that helpers here never return NULL.
 */
#pragma once

#include "base/env.h"
#include "client/attach.h"
#include "codec/json.h"
#include "ctl/fault.h"
#include "ctl/flags.h"
#include "ctl/sink.h"

#define CTL_ARENA_MAX ((size_t)4 * 1024 * 1024 * 1024)
/* A manifest, a file for a config map, an answer: what is read as a whole. */
#define CTL_FILE_MAX ((size_t)256 * 1024 * 1024)

struct mapper;
struct openapi_cache;
struct command;

/* A growing list of strings in the arena. */
struct strings {
	const char **v;
	size_t n, cap;
};

struct ctl {
	struct arena *a;
	const struct env *env;
	struct sink out, err;
	int in;                       /* standard input's descriptor */
	bool in_taken;                /* something has read it to its end */
	const char *program;          /* "kubectl" or "k8ctl": what messages call this program */
	const char *path;             /* "kubectl create role": the command being run */
	const struct command *command;
	struct flags flags;
	struct faults faults;
	bool cfg_broken;              /* and that has been said */
	struct k8c_config *cfg;       /* session.h makes these when they are first needed */
	struct k8c_client *client;
	struct mapper *mapper;
	struct openapi_cache *openapi; /* documents asked for so far; openapi.h */
	bool mapper_broken;           /* asked for, failed, said */
	struct strings warnings;      /* told already: each text once in a run */
	int exit_code;                /* when no fault says otherwise */
};

/* ---- memory and text ---- */

/* Passes p on; NULL ends the program: "error: out of memory". */
void *ctl_must(void *p);
char *ctl_printf(struct ctl *c, const char *fmt, ...) k8c_printf(2, 3);
char *ctl_text(struct ctl *c, struct slice s);
/* A buffer's contents moved into the arena (NUL-terminated); the buffer is empty afterwards. */
struct slice ctl_take(struct ctl *c, struct buf *b);
/* `n` zeroed elements. */
void *ctl_array(struct ctl *c, size_t n, size_t size);
/* ASCII lower case copy. */
char *ctl_lower(struct ctl *c, struct slice s);
/* Go's %q. */
const char *ctl_quote(struct ctl *c, struct slice s);

void strings_add(struct ctl *c, struct strings *s, const char *text);
bool strings_has(const struct strings *s, const char *text);
/* Sorted by bytes. */
void strings_sort(struct strings *s);
/* Joined with `sep`. */
char *strings_join(struct ctl *c, const struct strings *s, const char *sep);

/* ---- output ---- */

void ctl_out(struct ctl *c, const char *fmt, ...) k8c_printf(2, 3);
void ctl_err(struct ctl *c, const char *fmt, ...) k8c_printf(2, 3);

/* ---- faults ---- */

/* Notes "error: ..." (the prefix is added when it is printed) and returns 1. */
int ctl_fail(struct ctl *c, const char *fmt, ...) k8c_printf(2, 3);
/* The same for a sentence that stands without "error: ". */
int ctl_fail_text(struct ctl *c, const char *text);
/* ctl_fail with the hint that kubectl's usage errors carry. */
int ctl_usage(struct ctl *c, const char *fmt, ...) k8c_printf(2, 3);
/* Notes what a request came back with; `what` (or NULL) is put in front of the message: `error when creating "x.yaml"`. */
int ctl_fail_api(struct ctl *c, const struct k8c_error *e, const char *what);
