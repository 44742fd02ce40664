/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig files as `config` reads and changes them: --kubeconfig, or those of $KUBECONFIG, or ~/.kube/config. An entry is changed in
 * the file that has it, a new one goes to the first file that exists.
 * Source: client-go's clientcmd (PathOptions, ModifyConfig).
 */
#pragma once

#include "ctl/ctl.h"

#define KUBECONF_FILES_MAX 64u

enum kubeconf_kind { KUBECONF_CLUSTER, KUBECONF_USER, KUBECONF_CONTEXT };

struct kubeconf_file {
	const char *path;
	yyjson_mut_doc *doc; /* an empty configuration when there is no file */
	bool changed;
};
struct kubeconf {
	struct kubeconf_file v[KUBECONF_FILES_MAX];
	size_t n;
	size_t dflt;         /* the file for what is new */
};

/* "clusters" and "cluster". */
const char *kubeconf_list_name(enum kubeconf_kind kind);
const char *kubeconf_member_name(enum kubeconf_kind kind);

/* 0, or 1 with a fault noted. A file that does not exist is empty. */
int kubeconf_load(struct ctl *c, struct kubeconf *ret);
static inline const char *kubeconf_path(const struct kubeconf *k) { return k->v[k->dflt].path; }
/* The entry's object; NULL when there is none. */
yyjson_mut_val *kubeconf_find(const struct kubeconf *k, enum kubeconf_kind kind, const char *name);
/* The entry's object to be changed, made when there is none; *ret_doc is where its values go. */
yyjson_mut_val *kubeconf_change(struct ctl *c, struct kubeconf *k, enum kubeconf_kind kind, const char *name, yyjson_mut_doc **ret_doc);
/* True when it was there. */
bool kubeconf_remove(struct kubeconf *k, enum kubeconf_kind kind, const char *name);
void kubeconf_rename(struct ctl *c, struct kubeconf *k, enum kubeconf_kind kind, const char *from, const char *to);
/* Sorted. */
struct strings kubeconf_names(struct ctl *c, const struct kubeconf *k, enum kubeconf_kind kind);
const char *kubeconf_current(const struct kubeconf *k);
/* "" unsets. */
void kubeconf_set_current(struct ctl *c, struct kubeconf *k, const char *name);
/* All files as one; `absolute`: with paths made so. */
yyjson_mut_doc *kubeconf_merged(struct ctl *c, const struct kubeconf *k, bool absolute);
/* Writes what was changed. 0, or 1 with a fault noted. */
int kubeconf_save(struct ctl *c, struct kubeconf *k);
