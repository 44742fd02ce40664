/* SPDX-License-Identifier: Apache-2.0 */
/* What cluster DNS knows: the service proxy's informers as a struct dns_zone. From the loop's thread. */
#pragma once

#include "node/dns/answer.h"
#include "node/net/service_proxy.h"

/* A zone that reads `p`, which must outlive it. `domain` must, too. */
struct dns_zone zone_of(struct service_proxy *p, struct slice domain);
