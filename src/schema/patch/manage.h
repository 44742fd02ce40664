/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns which fields (KEP-555; the field managers of apimachinery's managedfields and structured-merge-diff's Updater): plain
 * writes take what they change, server-side apply merges what a manager applies, gives up what it applies no longer, and
 * refuses to take what others own. Trees are typed trees of the written version. Thread rule: pure.
 */
#pragma once

#include "schema/schema.h"

struct manage {
	struct arena *a;
	yyjson_mut_doc *doc;                /* where new values go */
	const struct schema_type *type;
	struct slice version;               /* "apps/v1" */
	struct slice subresource;           /* or empty */
	const char *const *reset;           /* paths the write cannot change (strategy's ssa_reset_fields), or NULL */
	struct slice manager;
	int64_t now_sec;
	bool force;
	/* The object in another version that an entry names: 0, -ENOENT (there is no such version any more), -ENOMEM.
	 * NULL: there is one version only. The result lives in m->doc. */
	int (*convert)(const struct manage *m, struct slice version, const yyjson_mut_val *obj, yyjson_mut_val **ret,
		       const struct schema_type **ret_type);
	const void *ctx;
};

/* One field that others own. */
struct manage_conflict { const char *manager, *field; };
struct manage_conflicts { struct manage_conflict *v; size_t n; };

/* Sets obj's managedFields after a create (live NULL), update or patch. 0 or -ENOMEM. */
int manage_update(const struct manage *m, const yyjson_mut_val *live, yyjson_mut_val *obj);

/* Applies `patch`, the client's tree as it was parsed (nulls and zeros count), to `live` (NULL: nothing there yet). 0: *ret is
 * the new object, decoded but not defaulted, with its managedFields. -EBUSY: *ret_conflicts; -EBADMSG: the patch does not fit,
 * *ret_msg says how; -EPROTO: another error, *ret_msg; -ENOMEM. */
int manage_apply(const struct manage *m, const yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret,
		 struct manage_conflicts *ret_conflicts, const char **ret_msg);

/* When nothing but times of managedFields differs between live and obj, obj gets live's. 0 or -ENOMEM. */
int manage_settle(const struct manage *m, const yyjson_mut_val *live, yyjson_mut_val *obj);
