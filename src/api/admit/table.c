/* SPDX-License-Identifier: Apache-2.0 */
/* The order of admission (pkg/kubeapiserver/options/plugins.go). */
#include "api/admit/plugins.h"

const struct admit_plugin *const admit_plugins[] = {
	&admit_namespace_lifecycle,
	&admit_limit_ranger,
	&admit_service_account,
	&admit_node_restriction,
	&admit_taint_nodes_by_condition,
	&admit_pod_security,
	&admit_priority,
	&admit_default_toleration_seconds,
	&admit_default_storage_class,
	&admit_storage_in_use,
	&admit_claim_resize,
	&admit_runtime_class,
	&admit_certificate_approval,
	&admit_certificate_signing,
	&admit_certificate_subject,
	&admit_default_ingress_class,
	&admit_mutating_webhook,
	&admit_validating_webhook,
	&admit_resource_quota,
	NULL,
};
