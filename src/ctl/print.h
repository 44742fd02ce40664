/* SPDX-License-Identifier: Apache-2.0 */
/* What -o means: json, yaml, name, jsonpath, custom-columns, go-template and their file forms. */
#pragma once

#include "ctl/mapper.h"

struct printer;

/* The flags -o, --template, --show-managed-fields, --allow-missing-template-keys. */
extern const struct flag print_flags[];

enum { PRINTER_COLUMNS = 1, PRINTER_WIDE = 2 }; /* formats that only some commands have */

/* What `output` ("", "wide" where allowed, "json", "jsonpath={.x}", ...) asks for. *ret is NULL for "" and "wide": no printer for
 * objects. 0, or 1 with a fault noted. */
int printer_new(struct ctl *c, unsigned formats, struct printer **ret);
/* -o yaml, json, ... were given: objects are printed, not sentences. */
bool printer_wants_objects(struct ctl *c);
/* Prints one object or List. 0, or 1 with a fault noted. */
int printer_print(struct ctl *c, struct printer *p, yyjson_mut_val *obj);
/* What is held back for alignment; to be called once at the end. */
void printer_finish(struct ctl *c, struct printer *p);

/* "pod/x created", or the object when -o says so (then `p` is not NULL). `operation` "" prints the name alone. Adds what --dry-run says to a
 * sentence. 0 or 1. */
int print_done(struct ctl *c, struct printer *p, yyjson_mut_val *obj, const char *operation);
/* "pod/x", "deployment.apps/x". */
const char *object_slash_name(struct ctl *c, const yyjson_mut_val *obj);
