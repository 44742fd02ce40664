/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libk8c: a client library for the Kubernetes API.
 *
 * Rules for everything below:
 * - No threads, no prints, no exits. A client and all that is made from it belong to one thread. A configuration may be shared
 *   between threads (it is counted and does not change).
 * - The program either polls k8c_client_fd() and calls k8c_client_run_once() when it is readable or k8c_client_timeout() has
 *   passed, or uses the blocking calls (..._wait), which run the client until they are answered. Callbacks run only inside
 *   these, never inside a ..._start call. Blocking calls must not be made from callbacks.
 * - Functions return 0, or a positive outcome named here, or a negative errno. Outputs (ret_*) are set only on success. A
 *   ..._start that fails runs no callback.
 * - Options structures start with their size (`.size = sizeof(...)`), so that programs built against an older header go on
 *   working; zero in every other field is the default. Pointers in options are needed only during the call (they are copied)
 *   unless the field says otherwise.
 * - Strings are UTF-8. Bytes given to a callback are valid only during that callback.
 */
#pragma once

#include <k8c/common.h>
#include <k8c/error.h>
#include <k8c/config.h>
#include <k8c/transport.h>
#include <k8c/client.h>
#include <k8c/request.h>
#include <k8c/operation.h>
#include <k8c/list.h>
#include <k8c/watch.h>
#include <k8c/informer.h>
#include <k8c/update.h>
#include <k8c/wait.h>
#include <k8c/election.h>
#include <k8c/recorder.h>
#include <k8c/exec.h>
#include <k8c/forward.h>
#include <k8c/log.h>
