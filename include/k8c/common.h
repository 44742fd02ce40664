/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that every other header uses: borrowed bytes, headers, the library's version.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define K8C_EXPORT __attribute__((visibility("default")))
#else
#define K8C_EXPORT
#endif

struct yyjson_mut_doc;
struct yyjson_mut_val;

/* Borrowed bytes, not NUL-terminated. */
struct k8c_bytes {
	const char *p;
	size_t n;
};

struct k8c_header {
	const char *name; /* lower case */
	struct k8c_bytes value;
};

/* The version of the library that runs, "0.1.0". Lives as long as the program. Any thread. */
K8C_EXPORT const char *k8c_version(void);

#ifdef __cplusplus
}
#endif
