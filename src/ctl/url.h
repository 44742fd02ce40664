/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest from the web: no credentials go along, redirects are followed. */
#pragma once

#include "ctl/ctl.h"

#define URL_REDIRECTS_MAX 10u

/* 0, or 1 with a fault noted. */
int url_read(struct ctl *c, const char *url, struct slice *ret);
