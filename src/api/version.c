/* SPDX-License-Identifier: Apache-2.0 */
#include "api/version.h"

#if defined(__x86_64__)
#define PLATFORM "linux/amd64"
#elif defined(__aarch64__)
#define PLATFORM "linux/arm64"
#else
#define PLATFORM "linux/unknown"
#endif

static const char text[] =
	"{\n"
	"  \"major\": \"1\",\n"
	"  \"minor\": \"34\",\n"
	"  \"emulationMajor\": \"1\",\n"
	"  \"emulationMinor\": \"34\",\n"
	"  \"minCompatibilityMajor\": \"1\",\n"
	"  \"minCompatibilityMinor\": \"33\",\n"
	"  \"gitVersion\": \"" KUBERNETES_VERSION "\",\n"
	"  \"gitCommit\": \"\",\n"
	"  \"gitTreeState\": \"clean\",\n"
	"  \"buildDate\": \"1970-01-01T00:00:00Z\",\n"
	"  \"goVersion\": \"none (C, gnu17)\",\n"
	"  \"compiler\": \"k8c\",\n"
	"  \"platform\": \"" PLATFORM "\"\n"
	"}";

void version_handle(struct request *r) {
	static const char type[] = "application/json";
	if (negotiate_names(request_get_header(r, "accept"), type)) request_bytes(r, 200, type, slice_make(text, sizeof(text) - 1));
	else request_status(r, status_not_acceptable_type(r->a, type));
}
