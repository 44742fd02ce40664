/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/validate/function.h"
