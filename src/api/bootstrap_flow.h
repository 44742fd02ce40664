/* SPDX-License-Identifier: Apache-2.0 */
/* FlowSchemas and PriorityLevelConfigurations of a new cluster (apiserver's flowcontrol/bootstrap/default.go). Static. */
#pragma once

struct bootstrap_flow_object { const char *resource, *name, *json; };
/* NULL past the end. Levels before the schemas that refer to them. */
const struct bootstrap_flow_object *bootstrap_flow_object(unsigned long i);
