/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs on stored resources, one file each. Each answers r. r->res is set; r->sub for subresources kept in the object. */
#pragma once

#include "api/request.h"

void get_handle(struct request *r);
void list_handle(struct request *r);
void watch_handle(struct request *r);
void create_handle(struct request *r);
void update_handle(struct request *r);
void patch_handle(struct request *r);
void delete_handle(struct request *r);
void deletecollection_handle(struct request *r);
