/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a webhook said: an AdmissionReview with a response, read with suspicion (apiserver's plugin/webhook/request
 * VerifyAdmissionResponse, plugin/webhook/errors ToStatusErr). Thread rule: pure.
 */
#pragma once

#include "api/status.h"
#include "base/limits.h"

/* Bytes of an answer: an object's replacement in base64 fits. */
#define WEBHOOK_ANSWER_MAX (4u * MIB)

struct webhook_answer {
	bool allowed;
	struct slice patch;               /* text of a JSON patch; empty: none. Only from mutating webhooks */
	const yyjson_mut_val *warnings;   /* list of strings, or NULL */
	const yyjson_mut_val *result;     /* a Status, or NULL */
};

struct webhook_asked {
	struct slice uid;                 /* of the question */
	bool v1beta1;                     /* its version, which is less strict */
	bool mutating;
};

/* NULL and *ret (strings in the arena), or what is wrong in Go's words: the end of `failed calling webhook "NAME": ...`. */
const char *webhook_answer_read(struct arena *a, struct slice body, const struct webhook_asked *asked, struct webhook_answer *ret);
/* The status for a webhook's refusal: its own, never below 400, with who refused in front of the message. */
const struct status *webhook_denial(struct arena *a, struct slice webhook, const yyjson_mut_val *result);
/* The end of the same sentence for an HTTP status that is no success (client-go's NewGenericServerResponse). */
const char *webhook_http_failure(struct arena *a, int code, struct slice body);
