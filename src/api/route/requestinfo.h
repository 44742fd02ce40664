/* SPDX-License-Identifier: Apache-2.0 */
/* What a URL and a method mean: apiserver's RequestInfo (spec section 5.1). Thread rule: pure. */
#pragma once

#include "codec/query.h"

struct request_info {
	bool is_resource;
	struct slice path;      /* unescaped, without the query */
	struct slice verb;      /* "get", "list", ..., or the lower-case method of a non-resource request */
	struct slice group, version, ns, resource, subresource, name;
	const struct slice *parts; /* what stands behind the version (and behind namespaces/<ns>) */
	size_t n_parts;
	bool legacy_watch, legacy_proxy; /* /api/v1/watch/..., /api/v1/proxy/... */
};

/* 0, -EBADMSG (the path has a bad escape), -ENOMEM. Slices live in the arena. */
int request_info_parse(struct arena *a, struct slice method, struct slice raw_path, const struct query *q, struct request_info *ret);
/* Exactly one term `metadata.name=<valid path segment>` in a field selector: the value, else SLICE_NULL. */
struct slice request_info_selector_name(struct arena *a, struct slice field_selector);
/* Is `name` a valid path segment: not ".", "..", no '/' or '%'. */
bool path_segment_valid(struct slice name);
