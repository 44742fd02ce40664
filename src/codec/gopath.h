/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as Go's packages path and net/url treat them. Thread rule: pure. */
#pragma once

#include "base/arena.h"

/* path.Clean: "." and ".." are resolved, double and trailing slashes go; a rooted path does not climb above its root; "" is ".".
 * 0 or -ENOMEM. */
int gopath_clean(struct arena *a, struct slice path, struct slice *ret);
/* path.Join of both, with a slash at the end when `tail` has one (k8s.io/apimachinery/pkg/util/net.JoinPreservingTrailingSlash): "" only
 * when both are empty. 0 or -ENOMEM. */
int gopath_join(struct arena *a, struct slice head, struct slice tail, struct slice *ret);
/* url.URL.EscapedPath of an unescaped path. 0 or -ENOMEM. */
int gopath_escape(struct arena *a, struct slice path, struct slice *ret);
