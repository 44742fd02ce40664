/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong in a run, and how kubectl tells it: one fault with its prefix ("error: ", "Error from server (NotFound): ",
 * `The Pod "x" is invalid: `), several as a list without "error: ".
 * Source of the wording: kubectl's behaviour (k8s.io/kubectl/pkg/cmd/util, checkErr).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <k8c/k8c.h>

enum fault_kind {
	FAULT_PLAIN,
	FAULT_STATUS,      /* a Status from the server */
	FAULT_CONNECTION,  /* no answer */
	FAULT_TEXT,        /* complete as it is */
	FAULT_SILENT,      /* only an exit code */
};

struct fault {
	enum fault_kind kind;
	int exit_code;
	int err;               /* k8c_error.err */
	const char *reason, *message;
	const char *object_kind, *object_name;
	const char *host;      /* FAULT_CONNECTION */
	const struct k8c_cause *causes;
	size_t n_causes;
	bool invalid;          /* told as an invalid object, field by field */
};

/* Faults beyond this many are counted but not kept. */
#define FAULTS_MAX 10000u

struct faults {
	struct fault *v;
	size_t n, cap;
};

/* Strings are kept as they are. False when out of memory. */
bool faults_add(struct arena *a, struct faults *f, const struct fault *fault);
/* Appends everything as kubectl prints it. */
void faults_print(struct arena *a, const struct faults *f, struct buf *b);
/* 0 without faults, else the first one's. */
int faults_exit_code(const struct faults *f);
