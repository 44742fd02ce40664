/* SPDX-License-Identifier: Apache-2.0 */
/* The text SPDY/3 header blocks are compressed against; both ends must have the same (Adler-32 0xe3c6a7c2). */
#pragma once

#define SPDY3_DICTIONARY_SIZE 1423

void spdy3_dictionary(unsigned char out[SPDY3_DICTIONARY_SIZE]);
