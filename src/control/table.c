/* SPDX-License-Identifier: Apache-2.0 */
/* Every controller there is. */
#include "control/controller.h"

extern const struct controller_def controller_service_account, controller_root_ca, controller_namespace, controller_cluster_role_aggregation,
	controller_token_secret, controller_endpoints, controller_endpoint_slice, controller_node_lifecycle, controller_scheduler,
	controller_garbage_collector, controller_disruption, controller_claim_protection, controller_volume_protection,
	controller_quota;

const struct controller_def *const controller_defs[] = {
	&controller_service_account,
	&controller_root_ca,
	&controller_namespace,
	&controller_cluster_role_aggregation,
	&controller_token_secret,
	&controller_endpoints,
	&controller_endpoint_slice,
	&controller_node_lifecycle,
	&controller_scheduler,
	&controller_garbage_collector,
	&controller_disruption,
	&controller_claim_protection,
	&controller_volume_protection,
	&controller_quota,
	NULL,
};
