/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3) without libsystemd: one datagram to $NOTIFY_SOCKET. */
#pragma once

/* "READY=1", "STOPPING=1", ... 0, 0 also when there is no $NOTIFY_SOCKET, or -errno. */
int notify_send(const char *state);
