/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of containers, one after the other or several followed at once, lines never torn. */
#pragma once

#include "ctl/pod.h"

#define LOGS_LINE_MAX ((size_t)64 * 1024 * 1024)

struct log_source {
	const char *ns, *pod, *container;
	const char *prefix;   /* "" or "[pod/x/c] " */
};
/* Prints them; `o` says what (its ns, pod and container are filled in). `together` follows all at once, otherwise one begins when the
 * other has ended. With `ignore` a failure is printed in its place and is no fault. 0 or 1. */
int logs_print(struct ctl *c, const struct log_source *v, size_t n, const struct k8c_log_options *o, bool together, bool ignore);
