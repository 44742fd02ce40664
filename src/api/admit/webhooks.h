/* SPDX-License-Identifier: Apache-2.0 */
/* What MutatingAdmissionWebhook and ValidatingAdmissionWebhook share. */
#pragma once

#include "api/admit/plugins.h"
#include "api/webhook/call.h"

/* What a webhook said, as admission sees it: its warnings are passed on; NULL: go on (allowed, or it failed and may). Else the status. */
const struct status *webhooks_judge(struct admit *ad, const struct webhook *w, const struct webhook_outcome *o);
/* 400 for a dry run that the webhook does not take part in; else NULL. */
const struct status *webhooks_check_dry_run(struct admit *ad, const struct webhook *w);
