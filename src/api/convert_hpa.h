/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HorizontalPodAutoscaler between autoscaling/v2 (stored) and autoscaling/v1, where the CPU target has a member of its own and
 * everything else travels in annotations (pkg/apis/autoscaling/v1/conversion.go). In place; 0 or -ENOMEM. Pure.
 */
#pragma once

#include "codec/json.h"

int convert_hpa_to_v1(yyjson_mut_doc *doc, yyjson_mut_val *obj);
int convert_hpa_to_v2(yyjson_mut_doc *doc, yyjson_mut_val *obj);
