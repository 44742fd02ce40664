/* SPDX-License-Identifier: Apache-2.0 */
/* The program of pause.c as bytes, so that k8c is one file. */
#pragma once

#include <stddef.h>

extern const unsigned char pause_program[];
extern const size_t pause_program_size;
