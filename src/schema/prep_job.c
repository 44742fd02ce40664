/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"

#include <errno.h>

static bool set_absent(yyjson_mut_doc *doc, yyjson_mut_val *map, const char *key, struct slice value) {
	return json_get(map, key) || json_set_str(doc, map, key, value);
}

/* Unless it brings its own, a job gets a selector for its uid and its pods the labels for it. */
SCHEMA_PREP(job_selector) {
	struct slice uid = json_path_str(obj, "metadata.uid"), name = json_path_str(obj, "metadata.name");
	if (json_path_bool(obj, "spec.manualSelector", false) || !uid.n) return 0;
	yyjson_mut_val *labels = json_ensure_obj(doc, obj, "spec.template.metadata.labels"),
		       *match = json_ensure_obj(doc, obj, "spec.selector.matchLabels");
	if (!labels || !match) return -ENOMEM;
	/* Labels that came from the template by default stay what the template's are. */
	bool follows = json_equal(labels, json_path(obj, "metadata.labels"));
	bool ok = set_absent(doc, labels, "batch.kubernetes.io/controller-uid", uid) &&
		  set_absent(doc, labels, "batch.kubernetes.io/job-name", name) &&
		  set_absent(doc, labels, "controller-uid", uid) && set_absent(doc, labels, "job-name", name) &&
		  set_absent(doc, match, "batch.kubernetes.io/controller-uid", uid);
	if (ok && follows) ok = json_set(doc, json_get(obj, "metadata"), "labels", json_copy(doc, labels));
	return ok ? 0 : -ENOMEM;
}
