/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a health check's answer. */
#include "node/grpc_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint64_t status;
	(void)grpc_check_status(slice_make(data, size), &status);
	return 0;
}
