/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a webhook over HTTPS. What it said is remembered with the request: a write that is tried again after a lost race asks the
 * same question only once. On the request's loop.
 */
#pragma once

#include "api/webhook/answer.h"
#include "api/webhook/question.h"

/* Answers remembered by one request. */
#define WEBHOOK_OUTCOMES_MAX 64u

struct webhook_outcome {
	struct webhook_outcome *next;
	unsigned char digest[32];          /* of the question without its uid, and of whom it was put to */
	const char *failure;               /* why there is no answer: the end of `failed calling webhook "NAME": ...`; else NULL */
	bool answered;                     /* the failure is one of what was said, and may quote it */
	struct webhook_answer answer;
};

struct webhook_ask {
	struct admit *ad;
	const struct webhook *w;
	const struct schema_resource *as;
	bool mutating;
	void (*done)(struct webhook_ask *q);   /* after a wait; not when the request is gone by then */
	const struct webhook_outcome *outcome; /* set at the end */
	/* webhook/call.c's own. */
	unsigned char digest[32];
	struct slice uid;
	const char *url;                       /* as errors show it */
	unsigned timeout_ms;
};

/* `q` in the request's arena, with ad, w, as, mutating and done set. 0: q->outcome is there; 1: q->done will be called; -ENOMEM. */
int webhook_ask(struct webhook_ask *q);
/* 500 of a webhook that could not be called. */
const struct status *webhook_failure(struct admit *ad, const struct webhook *w, const struct webhook_outcome *o);
