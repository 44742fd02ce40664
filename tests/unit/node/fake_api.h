/* SPDX-License-Identifier: Apache-2.0 */
/* Just enough of an API server, inside the process, for the node agent: list, watch, create, merge patch of status, delete. */
#pragma once

#include "base/arena.h"
#include "loop/loop.h"

#include <k8c/k8c.h>

struct fake_api;

struct fake_api *fake_api_new(struct loop *l);
void fake_api_free(struct fake_api *f);
extern const struct k8c_transport fake_api_transport; /* ctx: the struct fake_api */

/* Adds or replaces an object ("pods", "configmaps", ...); `json` without kind and apiVersion is fine. */
void fake_api_put(struct fake_api *f, const char *resource, const char *json);
/* Removes it at once. */
void fake_api_remove(struct fake_api *f, const char *resource, const char *ns, const char *name);
/* The stored text, or NULL; valid until the next change. */
const char *fake_api_get(struct fake_api *f, const char *resource, const char *ns, const char *name);
/* True when an event with this reason has been recorded. */
bool fake_api_event(struct fake_api *f, const char *reason);
unsigned fake_api_tokens_given(struct fake_api *f);
/* All recorded events as text, for failing tests. */
const char *fake_api_events(struct fake_api *f);
