/* SPDX-License-Identifier: Apache-2.0 */
/* Throw-away certificates for tests: self-signed, for localhost and 127.0.0.1. */
#pragma once

#include "base/slice.h"

struct test_cert {
	char cert[4096], key[4096];
	struct slice cert_pem, key_pem;
};

/* Aborts the test when OpenSSL fails. */
void test_cert_make(struct test_cert *c, const char *common_name);
