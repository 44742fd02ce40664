/* SPDX-License-Identifier: Apache-2.0 */
/* Names of API versions (apimachinery's util/version CompareKubeAwareVersionStrings). */
#pragma once

/* Order of versions as kubectl prefers them (v10 before v2 before v1beta1 before words): negative when `a` comes first. Pure. */
int crd_version_compare(const char *a, const char *b);
