/* SPDX-License-Identifier: Apache-2.0 */
/* The form of an image's name: [DOMAIN/]PATH[:TAG][@DIGEST] (github.com/distribution/reference's grammar). Pure. */
#pragma once

#include "base/slice.h"

#define IMAGE_TAG_MAX 128u

bool image_name_valid(struct slice name);
