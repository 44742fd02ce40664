/* SPDX-License-Identifier: Apache-2.0 */
/* The order of admission (pkg/kubeapiserver/options/plugins.go). */
#include "api/admit/plugins.h"

const struct admit_plugin *const admit_plugins[] = {
	&admit_namespace_lifecycle,
	&admit_service_account,
	&admit_node_restriction,
	&admit_taint_nodes_by_condition,
	&admit_priority,
	&admit_default_toleration_seconds,
	NULL,
};
