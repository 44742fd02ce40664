/* SPDX-License-Identifier: Apache-2.0 */
/* Environment, command and args of a container (pkg/kubelet/kubelet_pods.go makeEnvironmentVariables). */
#include "node/pod/container.h"

#include "codec/base64.h"
#include "node/pod/envlist.h"
#include "node/pod/expansion.h"
#include "node/pod/field.h"
#include "node/pod/network_files.h"

#include <errno.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct building {
	struct container *c;
	struct arena *arena;
	const yyjson_mut_val *spec;   /* the container */
	struct env_list list;
	struct objects_source objects;
	struct field_facts facts;
	const char **why;
};

static int from_image(struct building *k, const struct image_config *image) {
	int r = env_list_set(&k->list, SLICE_LIT("PATH"), SLICE_LIT(DEFAULT_PATH));
	for (size_t i = 0; i < image->n_env && r == 0; i++) {
		struct slice rest = image->env[i], name = slice_cut(&rest, '=');
		if (!slice_empty(name)) r = env_list_set(&k->list, name, rest);
	}
	return r;
}

static int hostname(struct building *k) {
	const struct node_agent *g = k->c->pod->agent;
	const char *name = pod_hostname(k->arena, k->c->pod->object, g->machine.hostname, g->o.cluster_domain);
	return name ? env_list_set(&k->list, SLICE_LIT("HOSTNAME"), slice_str(name)) : -ENOMEM;
}

static bool is_master_service(const struct k8c_object *o) {
	return slice_eqs(slice_of(k8c_object_namespace(o)), "default") && slice_eqs(slice_of(k8c_object_name(o)), "kubernetes");
}

/* The API's service always; the namespace's own on top unless links are off. */
static int services(struct building *k) {
	const struct pod *p = k->c->pod;
	bool links = json_path_bool(p->object, "spec.enableServiceLinks", true);
	struct k8c_object *o;
	int r = 0;
	for (int pass = 0; pass < 2; pass++)
		for (size_t it = 0; r == 0 && (o = k8c_informer_next(p->agent->service_informer, &it));) {
			bool own = links && slice_eqs(slice_of(k8c_object_namespace(o)), p->ns);
			if (pass == 0 ? !is_master_service(o) : !own) continue;
			const yyjson_mut_val *v = (const yyjson_mut_val *)k8c_object_value(o);
			r = v ? env_list_add_service(&k->list, v) : -ENOMEM;
		}
	return r;
}

static int decoded(struct building *k, enum object_kind kind, struct slice text, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(ENV_BYTES_MAX);
	size_t at;
	*ret = text;
	if (kind == OBJECT_CONFIGMAP) return 0;
	if (base64_decode(&b, BASE64_STD, text, &at) < 0) return -EBADMSG;
	*ret = arena_slice_dup(k->arena, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}

/* 1: optional and missing. */
static int get_object(struct building *k, enum object_kind kind, const yyjson_mut_val *ref, const yyjson_mut_val **ret) {
	struct slice name = json_path_str(ref, "name");
	int r = k->objects.get(k->objects.ctx, kind, slice_str(k->c->pod->ns), name, ret, k->why);
	if (r == -ENOENT && json_path_bool(ref, "optional", false)) return 1;
	if (r == -ENOENT) *k->why = arena_printf(k->arena, "%s \"%.*s\" not found", object_kind_name(kind), SLICE_FMT(name));
	return r;
}

static int from_object(struct building *k, enum object_kind kind, const yyjson_mut_val *ref, struct slice prefix) {
	const yyjson_mut_val *object;
	size_t i, max;
	yyjson_mut_val *key, *v;
	int r = get_object(k, kind, ref, &object);
	if (r != 0) return r < 0 ? r : 0;
	yyjson_mut_obj_foreach(json_get(object, "data"), i, max, key, v) {
		const char *name = arena_printf(k->arena, "%.*s%.*s", SLICE_FMT(prefix), SLICE_FMT(json_str(key)));
		struct slice value;
		if (!name) return -ENOMEM;
		r = decoded(k, kind, json_str(v), &value);
		if (r == 0) r = env_list_set(&k->list, slice_str(name), value);
		if (r < 0) return r;
	}
	return 0;
}

static int env_from(struct building *k) {
	size_t i, max;
	yyjson_mut_val *v, *ref;
	int r = 0;
	yyjson_mut_arr_foreach(json_get(k->spec, "envFrom"), i, max, v) {
		struct slice prefix = json_path_str(v, "prefix");
		if (r == 0 && (ref = json_get(v, "configMapRef"))) r = from_object(k, OBJECT_CONFIGMAP, ref, prefix);
		if (r == 0 && (ref = json_get(v, "secretRef"))) r = from_object(k, OBJECT_SECRET, ref, prefix);
	}
	return r;
}

static int key_value(struct building *k, enum object_kind kind, const yyjson_mut_val *ref, struct slice *ret) {
	const yyjson_mut_val *object;
	struct slice key = json_path_str(ref, "key");
	int r = get_object(k, kind, ref, &object);
	if (r != 0) return r;
	yyjson_mut_val *v = json_getn(json_get(object, "data"), key);
	if (v) return decoded(k, kind, json_str(v), ret);
	if (json_path_bool(ref, "optional", false)) return 1;
	*k->why = arena_printf(k->arena, "couldn't find key %.*s in %s %s/%.*s", SLICE_FMT(key),
			       kind == OBJECT_SECRET ? "Secret" : "ConfigMap", k->c->pod->ns,
			       SLICE_FMT(json_path_str(ref, "name")));
	return -EINVAL;
}

static int expanded(struct building *k, struct slice text, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(EXPAND_MAX);
	int r = expand_references(&b, text, env_list_lookup, &k->list);
	if (r < 0) return r;
	*ret = arena_slice_dup(k->arena, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}

/* 0 with the value; 1: no variable. */
static int one_value(struct building *k, const yyjson_mut_val *env, struct slice *ret) {
	yyjson_mut_val *from = json_get(env, "valueFrom"), *ref;
	if (!from) return expanded(k, json_path_str(env, "value"), ret);
	if ((ref = json_get(from, "configMapKeyRef"))) return key_value(k, OBJECT_CONFIGMAP, ref, ret);
	if ((ref = json_get(from, "secretKeyRef"))) return key_value(k, OBJECT_SECRET, ref, ret);
	if ((ref = json_get(from, "fieldRef"))) return field_value(k->arena, &k->facts, json_path_str(ref, "fieldPath"), ret, k->why);
	if ((ref = json_get(from, "resourceFieldRef"))) {
		struct slice name = json_path_str(ref, "containerName");
		const yyjson_mut_val *container = slice_empty(name) ? k->spec : pod_container(k->c->pod->object, name);
		return resource_field_value(k->arena, &k->facts, container, ref, ret, k->why);
	}
	*k->why = "environment variable has a source this node does not know";
	return -EINVAL;
}

static int env_own(struct building *k) {
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_get(k->spec, "env"), i, max, v) {
		struct slice value = SLICE_NULL;
		int r = one_value(k, v, &value);
		if (r == 0) r = env_list_set(&k->list, json_path_str(v, "name"), value);
		if (r < 0) return r;
	}
	return 0;
}

static int append_expanded(struct building *k, yyjson_mut_val *list, struct slice *out, size_t *n) {
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(list, i, max, v) {
		int r = expanded(k, json_str(v), &out[*n]);
		if (r < 0) return r;
		(*n)++;
	}
	return 0;
}

/* command replaces ENTRYPOINT and, with it, CMD; args replaces CMD. */
static int command(struct building *k, const struct image_config *image, struct container_config *ret) {
	yyjson_mut_val *cmd = json_get(k->spec, "command"), *args = json_get(k->spec, "args");
	size_t n_cmd = yyjson_mut_arr_size(cmd), n_args = yyjson_mut_arr_size(args), n = 0;
	struct slice *out = arena_array(k->arena, n_cmd + n_args + image->n_entrypoint + image->n_cmd + 1, sizeof(*out));
	if (!out) return -ENOMEM;
	for (size_t i = 0; !n_cmd && i < image->n_entrypoint; i++) out[n++] = image->entrypoint[i];
	int r = append_expanded(k, cmd, out, &n);
	if (r == 0) r = append_expanded(k, args, out, &n);
	for (size_t i = 0; !n_cmd && !n_args && i < image->n_cmd; i++) out[n++] = image->cmd[i];
	if (r < 0) return r;
	ret->args = out;
	ret->n_args = n;
	if (n) return 0;
	*k->why = "no command specified";
	return -EINVAL;
}

int container_environment(struct container *c, struct arena *a, const struct image *image, struct container_config *ret,
			  const char **ret_why) {
	struct building k = { .c = c,
			      .arena = a,
			      .spec = container_spec_of(c),
			      .list = { .arena = a },
			      .objects = pod_objects_source(c->pod),
			      .facts = pod_field_facts(c->pod),
			      .why = ret_why };
	if (!k.spec) return -ENOENT;
	int r = from_image(&k, &image->config);
	if (r == 0) r = hostname(&k);
	if (r == 0) r = services(&k);
	if (r == 0) r = env_from(&k);
	if (r == 0) r = env_own(&k);
	if (r == 0 && json_path_bool(k.spec, "tty", false) && !env_list_get(&k.list, SLICE_LIT("TERM"), &(struct slice){ 0 }))
		r = env_list_set(&k.list, SLICE_LIT("TERM"), SLICE_LIT("xterm"));
	if (r == 0) r = command(&k, &image->config, ret);
	if (r == 0) r = env_list_strings(&k.list, &ret->env);
	ret->n_env = k.list.n;
	struct slice dir = json_path_str(k.spec, "workingDir");
	if (slice_empty(dir)) dir = image->config.working_dir;
	ret->cwd = slice_empty(dir) ? "/" : arena_slice_str(a, dir);
	return r == 0 && !ret->cwd ? -ENOMEM : r;
}
