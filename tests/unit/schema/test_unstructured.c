/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/unstructured.h"
#include "suite.h"

#define POD(spec) "{\"spec\":" spec "}"
#define CONTAINER(members) POD("{\"containers\":[{\"name\":\"a\"," members "}]}")

static const struct { const char *kind, *text, *told; } cases[] = {
	{ "Pod", POD("{\"containers\":{\"name\":\"a\"}}"), "cannot restore slice from map" },
	{ "Pod", POD("{\"nodeSelector\":[1]}"), "cannot restore map from slice" },
	{ "Pod", POD("\"x\""), "cannot restore struct from: string" },
	{ "Pod", CONTAINER("\"image\":5"), "cannot convert int64 to string" },
	{ "Pod", CONTAINER("\"imagePullPolicy\":5"), "cannot convert int64 to v1.PullPolicy" },
	{ "Pod", CONTAINER("\"image\":1.5"), "unrecognized type: string" },
	{ "Pod", CONTAINER("\"image\":{}"), "unrecognized type: string" },
	{ "Pod", CONTAINER("\"stdin\":1"), "unrecognized type: bool" },
	{ "Pod", CONTAINER("\"ports\":[{\"containerPort\":\"80\"}]"), "unrecognized type: int32" },
	{ "Pod", CONTAINER("\"ports\":[{\"containerPort\":80.5}]"), "cannot convert float64 to int32" },
	{ "Pod", CONTAINER("\"ports\":[{\"containerPort\":80.0}]"), "" },
	{ "Pod", CONTAINER("\"image\":null"), "" },
	{ "Pod", CONTAINER("\"resources\":{\"limits\":{\"cpu\":true}}"), "" }, /* quantities have a decoder of their own */
	{ "Secret", "{\"data\":{\"a\":\"%%%%\"}}", "error decoding from json: illegal base64 data at input byte 0" },
	{ "Secret", "{\"data\":{\"a\":7}}", "cannot restore slice from int64" },
};

START_TEST(tells_what_a_strategic_patch_left) {
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		const char *msg = "";
		yyjson_mut_val *root = yyjson_mut_doc_get_root(parse(a, cases[i].text));
		int r = unstructured_mismatch(type_named("v1", cases[i].kind), a, root, &msg);
		ck_assert_msg(r == (cases[i].told[0] != 0) && !strcmp(msg, cases[i].told), "%s: %s", cases[i].text, msg);
	}
}
END_TEST

SUITE_MAIN("schema/unstructured", tells_what_a_strategic_patch_left)
