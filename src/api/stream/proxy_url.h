/* SPDX-License-Identifier: Apache-2.0 */
/* URLs in what a proxied server answers, made to lead through the proxy (k8s.io/apimachinery/pkg/util/proxy Transport.rewriteURL). Pure. */
#pragma once

#include "base/arena.h"

struct proxy_urls {
	struct slice prefix;   /* escaped path of the proxy, without a slash at its end */
	struct slice backend;  /* host:port that was asked */
	struct slice asked;    /* the Host of the client's request */
};

/* What a URL found in the answer has to be: itself when it is relative or leads elsewhere. 0 (*ret may be the URL given) or -ENOMEM. */
int proxy_url_rewrite(struct arena *a, const struct proxy_urls *u, struct slice url, struct slice *ret);
