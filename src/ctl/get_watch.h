/* SPDX-License-Identifier: Apache-2.0 */
/* get --watch: what is there, then every change, as rows or objects. */
#pragma once

#include "ctl/command.h"

int get_watch(struct ctl *c, struct printer *printer, const struct pick *p, const struct infos *l);
