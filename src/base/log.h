/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program log, to stderr. Libraries (base to client) never log; api, control, node and the programs may. One line per
 * call, text (`I1124 13:00:00.123456 api: message key=value`) or JSON. Never pass a token, a key or Secret data.
 * Thread-safe.
 */
#pragma once

#include "base/compiler.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
enum log_format { LOG_TEXT, LOG_JSON };

/* Call once at start, before threads. */
void log_setup(enum log_format format, enum log_level max_level);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *room, const char *fmt, ...) k8c_printf(3, 4);

#define log_error(room, ...) log_write(LOG_ERROR, room, __VA_ARGS__)
#define log_warn(room, ...) log_write(LOG_WARN, room, __VA_ARGS__)
#define log_info(room, ...) log_write(LOG_INFO, room, __VA_ARGS__)
#define log_debug(room, ...) do { if (log_enabled(LOG_DEBUG)) log_write(LOG_DEBUG, room, __VA_ARGS__); } while (0)
#define log_trace(room, ...) do { if (log_enabled(LOG_TRACE)) log_write(LOG_TRACE, room, __VA_ARGS__); } while (0)
