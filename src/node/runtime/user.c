/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/user.h"

#include "node/limits.h"
#include "node/runtime/rootfs.h"

#include <errno.h>

struct lookup {
	struct arena *a;
	struct slice passwd, group;
	struct container_user *out;
};

/* One field of a colon-separated line. */
static struct slice field(struct slice line, unsigned index) {
	struct slice f = SLICE_NULL;
	for (unsigned i = 0; i <= index; i++) {
		if (!line.p) return SLICE_NULL;
		f = slice_cut(&line, ':');
	}
	return f;
}

static bool id_parse(struct slice s, uint32_t *ret) {
	uint64_t v;
	if (slice_empty(s) || slice_uint(s, UINT32_MAX - 1, &v) < 0) return false;
	*ret = (uint32_t)v;
	return true;
}

/* Finds the line whose field 0 is `name` or, when name is empty, whose numeric field 2 is `id`. */
static bool find_line(struct slice file, struct slice name, uint32_t id, struct slice *ret) {
	while (file.p) {
		struct slice line = slice_cut(&file, '\n');
		uint32_t got;
		bool hit = slice_empty(name) ? id_parse(field(line, 2), &got) && got == id : slice_eq(field(line, 0), name);
		if (hit && line.n) {
			*ret = line;
			return true;
		}
	}
	return false;
}

static bool group_add(struct container_user *u, uint32_t gid) {
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid) return true;
	if (u->n_groups == PASSWD_GROUPS_MAX) return false;
	u->groups[u->n_groups++] = gid;
	return true;
}

/* The primary group stands among the additional ones, so that a program that drops it does not lose negative permissions
 * (CVE-2022-36109). */
static void group_put_first(struct container_user *u, uint32_t gid) {
	size_t n = 0;
	uint32_t before[PASSWD_GROUPS_MAX];
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] != gid) before[n++] = u->groups[i];
	if (n == PASSWD_GROUPS_MAX) n--;
	u->groups[0] = gid;
	memcpy(u->groups + 1, before, n * sizeof(*before));
	u->n_groups = n + 1;
}

static bool list_has(struct slice members, struct slice name) {
	while (members.p)
		if (slice_eq(slice_cut(&members, ','), name)) return true;
	return false;
}

static void groups_of_name(struct lookup *k, struct slice name) {
	struct slice file = k->group;
	uint32_t gid;
	while (file.p && !slice_empty(name)) {
		struct slice line = slice_cut(&file, '\n');
		if (list_has(field(line, 3), name) && id_parse(field(line, 2), &gid)) group_add(k->out, gid);
	}
}

static int take_passwd_line(struct lookup *k, struct slice line) {
	struct slice home = field(line, 5);
	if (!id_parse(field(line, 2), &k->out->uid) || !id_parse(field(line, 3), &k->out->gid)) return -EINVAL;
	k->out->home = arena_slice_str(k->a, home);
	groups_of_name(k, field(line, 0));
	return k->out->home ? 0 : -ENOMEM;
}

static int resolve_image_user(struct lookup *k, struct slice user, const char **ret_why) {
	struct slice rest = user, name = slice_cut(&rest, ':'), line;
	bool numeric = id_parse(name, &k->out->uid);
	if (find_line(k->passwd, numeric ? SLICE_NULL : name, k->out->uid, &line)) {
		int r = take_passwd_line(k, line);
		if (r < 0) return r;
	} else if (!numeric) {
		*ret_why = arena_printf(k->a, "unable to find user %.*s: no matching entries in passwd file", SLICE_FMT(name));
		return -ENOENT;
	}
	if (!rest.p || id_parse(rest, &k->out->gid)) return 0;
	if (find_line(k->group, rest, 0, &line) && id_parse(field(line, 2), &k->out->gid)) return 0;
	*ret_why = arena_printf(k->a, "unable to find group %.*s: no matching entries in group file", SLICE_FMT(rest));
	return -ENOENT;
}

static const yyjson_mut_val *setting(const struct user_request *q, const char *name) {
	yyjson_mut_val *v = json_get(q->container, name);
	if (!v || yyjson_mut_is_null(v)) v = json_get(q->pod, name);
	return v && !yyjson_mut_is_null(v) ? v : NULL;
}

static int check_non_root(struct arena *a, const struct user_request *q, bool by_name, uint32_t uid, bool from_spec,
			  const char **ret_why) {
	const yyjson_mut_val *v = setting(q, "runAsNonRoot");
	if (!v || !yyjson_mut_is_true((yyjson_mut_val *)v)) return 0;
	struct slice rest = q->image_user, name = slice_cut(&rest, ':');
	if (!from_spec && by_name)
		*ret_why = arena_printf(
			a,
			"container has runAsNonRoot and image has non-numeric user (%.*s), cannot verify user is non-root (pod: \"%s\", container: %s)",
			SLICE_FMT(name), q->pod_text, q->container_name);
	else if (uid == 0)
		*ret_why = arena_printf(
			a,
			from_spec ? "container's runAsUser breaks non-root policy (pod: \"%s\", container: %s)"
				  : "container has runAsNonRoot and image will run as root (pod: \"%s\", container: %s)",
			q->pod_text, q->container_name);
	else
		return 0;
	return -EPERM;
}

static void groups_of_pod(struct container_user *u, const struct user_request *q) {
	size_t i, max;
	yyjson_mut_val *v, *fs = json_get(q->pod, "fsGroup");
	if (fs && yyjson_mut_is_int(fs)) group_add(u, (uint32_t)yyjson_mut_get_sint(fs));
	yyjson_mut_arr_foreach(json_get(q->pod, "supplementalGroups"), i, max, v)
		group_add(u, (uint32_t)yyjson_mut_get_sint(v));
}

/* A user given by number in the spec: its primary group comes from runAsGroup, else from passwd, else 0. */
static int resolve_spec_user(struct lookup *k, const yyjson_mut_val *user) {
	struct slice line;
	k->out->uid = (uint32_t)yyjson_mut_get_sint((yyjson_mut_val *)user);
	if (find_line(k->passwd, SLICE_NULL, k->out->uid, &line)) return take_passwd_line(k, line);
	return 0;
}

int container_user_resolve(struct arena *a, const struct user_request *q, struct container_user *ret, const char **ret_why) {
	struct container_user u = { .home = "/", .groups = arena_array(a, PASSWD_GROUPS_MAX, sizeof(uint32_t)) };
	struct lookup k = { .a = a, .out = &u };
	if (!u.groups) return -ENOMEM;
	*ret_why = "image has a malformed USER";
	if (rootfs_read(a, q->rootfs, "/etc/passwd", PASSWD_BYTES_MAX, &k.passwd) < 0) k.passwd = SLICE_NULL;
	if (rootfs_read(a, q->rootfs, "/etc/group", PASSWD_BYTES_MAX, &k.group) < 0) k.group = SLICE_NULL;
	const yyjson_mut_val *user = setting(q, "runAsUser"), *group = setting(q, "runAsGroup");
	struct slice rest = q->image_user, name = slice_cut(&rest, ':');
	uint32_t number;
	bool by_name = !slice_empty(name) && !id_parse(name, &number);
	int r = 0;
	/* Before names are looked up: a name in an image cannot prove that it is not root. */
	if (!user && by_name) r = check_non_root(a, q, true, 1, false, ret_why);
	if (r == 0)
		r = user ? resolve_spec_user(&k, user)
			 : resolve_image_user(&k, slice_empty(name) ? SLICE_LIT("0") : q->image_user, ret_why);
	if (r == 0) r = check_non_root(a, q, by_name, u.uid, user != NULL, ret_why);
	if (r < 0) return r;
	if (group) u.gid = (uint32_t)yyjson_mut_get_sint((yyjson_mut_val *)group);
	group_put_first(&u, u.gid);
	groups_of_pod(&u, q);
	*ret = u;
	return 0;
}
