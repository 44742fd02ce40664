/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules and cells that are no data: schema files name them ("%call x", "on create call x", ": call x"), tools/schemac
 * puts their addresses into the tables. Result codes and thread rule as table.h says of the function pointers.
 */
#pragma once

#include "schema/table.h"

/* Default rules; `obj` is a value of the type that names the rule. */
#define SCHEMA_FILL(name) int schema_fill_##name(yyjson_mut_doc *doc, yyjson_mut_val *obj)
SCHEMA_FILL(node_pod_cidrs);
SCHEMA_FILL(pod_init_annotations);
SCHEMA_FILL(pod_resources);
SCHEMA_FILL(pod_spec_service_account);
SCHEMA_FILL(pod_status_ips);
SCHEMA_FILL(resource_list_milli);
SCHEMA_FILL(secret_string_data);

/* Preparation; `old` is NULL on create. */
#define SCHEMA_PREP(name) int schema_prep_##name(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old)
SCHEMA_PREP(apiservice_status);
SCHEMA_PREP(crd_stored_versions);
SCHEMA_PREP(csr_approval);
SCHEMA_PREP(csr_status);
SCHEMA_PREP(daemonset_template_generation);
SCHEMA_PREP(endpoints_subsets);
SCHEMA_PREP(job_selector);
SCHEMA_PREP(node_config_source);
SCHEMA_PREP(pod_apparmor);
SCHEMA_PREP(pod_create);
SCHEMA_PREP(pod_resize);
SCHEMA_PREP(pod_status_update);
SCHEMA_PREP(pv_phase_time);
SCHEMA_PREP(pvc_data_source);
SCHEMA_PREP(service_ips);
SCHEMA_PREP(service_type);

/* Table cells: append one JSON value. */
#define SCHEMA_CELL(name) int schema_cell_##name(const yyjson_mut_val *obj, int64_t now_sec, struct buf *b)
SCHEMA_CELL(apiservice_available);
SCHEMA_CELL(apiservice_service);
SCHEMA_CELL(certificate_signing_request_condition);
SCHEMA_CELL(certificate_signing_request_requested_duration);
SCHEMA_CELL(cluster_role_binding_groups);
SCHEMA_CELL(cluster_role_binding_service_accounts);
SCHEMA_CELL(cluster_role_binding_users);
SCHEMA_CELL(component_status_error);
SCHEMA_CELL(component_status_message);
SCHEMA_CELL(component_status_status);
SCHEMA_CELL(controller_revision_controller);
SCHEMA_CELL(cron_job_suspend);
SCHEMA_CELL(csidriver_token_requests);
SCHEMA_CELL(deployment_selector);
SCHEMA_CELL(endpoint_slice_endpoints);
SCHEMA_CELL(endpoint_slice_ports);
SCHEMA_CELL(endpoints_addresses);
SCHEMA_CELL(event_count);
SCHEMA_CELL(event_first_seen);
SCHEMA_CELL(event_last_seen);
SCHEMA_CELL(event_message);
SCHEMA_CELL(event_object);
SCHEMA_CELL(event_source);
SCHEMA_CELL(event_subobject);
SCHEMA_CELL(flow_schema_missing_pl);
SCHEMA_CELL(hpa_targets);
SCHEMA_CELL(ingress_address);
SCHEMA_CELL(ingress_class_parameters);
SCHEMA_CELL(ingress_hosts);
SCHEMA_CELL(ingress_ports);
SCHEMA_CELL(ipaddress_parent_ref);
SCHEMA_CELL(job_completions);
SCHEMA_CELL(job_duration);
SCHEMA_CELL(job_status);
SCHEMA_CELL(node_external_ip);
SCHEMA_CELL(node_internal_ip);
SCHEMA_CELL(node_roles);
SCHEMA_CELL(node_status);
SCHEMA_CELL(persistent_volume_access_modes);
SCHEMA_CELL(persistent_volume_capacity);
SCHEMA_CELL(persistent_volume_claim);
SCHEMA_CELL(persistent_volume_claim_access_modes);
SCHEMA_CELL(persistent_volume_claim_capacity);
SCHEMA_CELL(persistent_volume_claim_status);
SCHEMA_CELL(persistent_volume_claim_storage_class);
SCHEMA_CELL(persistent_volume_status);
SCHEMA_CELL(persistent_volume_storage_class);
SCHEMA_CELL(pod_readiness_gates);
SCHEMA_CELL(pod_ready);
SCHEMA_CELL(pod_restarts);
SCHEMA_CELL(pod_status);
SCHEMA_CELL(resource_claim_state);
SCHEMA_CELL(resource_quota_limit);
SCHEMA_CELL(resource_quota_request);
SCHEMA_CELL(role_binding_groups);
SCHEMA_CELL(role_binding_service_accounts);
SCHEMA_CELL(role_binding_users);
SCHEMA_CELL(service_external_ip);
SCHEMA_CELL(service_ports);
SCHEMA_CELL(storage_class_name);
SCHEMA_CELL(validating_admission_policy_binding_param_ref);
SCHEMA_CELL(validating_admission_policy_param_kind);
