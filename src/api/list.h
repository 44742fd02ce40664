/* SPDX-License-Identifier: Apache-2.0 */
/* LIST, in the two steps that DELETE of a collection needs apart: choose the objects, answer with them. On the request's loop. */
#pragma once

#include "api/listing.h"

struct list_job;
/* Reads the options, waits for the revision and chooses the page, then ready(j); or answers the error. r->ctx is the job. */
void list_start(struct request *r, void (*ready)(struct list_job *j));
struct listing *list_listing(struct list_job *j);
/* Answers r with the chosen page. */
void list_answer(struct list_job *j);
