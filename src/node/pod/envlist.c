/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/envlist.h"

#include "node/limits.h"

#include <errno.h>
#include <stdio.h>

#define ENV_GROW 32u

static struct env_entry *find(const struct env_list *l, struct slice name) {
	for (size_t i = 0; i < l->n; i++)
		if (slice_eq(l->entries[i].name, name)) return &l->entries[i];
	return NULL;
}

int env_list_set(struct env_list *l, struct slice name, struct slice value) {
	struct env_entry *e = find(l, name);
	l->bytes += name.n + value.n + 2;
	if (l->bytes > ENV_BYTES_MAX || (!e && l->n == ENV_VARS_MAX)) return -E2BIG;
	if (!e && l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : ENV_GROW;
		struct env_entry *more = arena_realloc(l->arena, l->entries, l->cap * sizeof(*more), cap * sizeof(*more));
		if (!more) return -ENOMEM;
		l->entries = more;
		l->cap = cap;
	}
	struct slice copy = arena_slice_dup(l->arena, value);
	if (!copy.p) return -ENOMEM;
	if (!e) {
		e = &l->entries[l->n];
		e->name = arena_slice_dup(l->arena, name);
		if (!e->name.p) return -ENOMEM;
		l->n++;
	}
	e->value = copy;
	return 0;
}

bool env_list_get(const struct env_list *l, struct slice name, struct slice *ret) {
	const struct env_entry *e = find(l, name);
	if (e) *ret = e->value;
	return e != NULL;
}

bool env_list_lookup(void *list, struct slice name, struct slice *ret) { return env_list_get(list, name, ret); }

int env_list_strings(const struct env_list *l, struct slice **ret) {
	struct slice *out = arena_array(l->arena, l->n + 1, sizeof(*out));
	if (!out) return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		const char *s = arena_printf(l->arena, "%.*s=%.*s", SLICE_FMT(l->entries[i].name), SLICE_FMT(l->entries[i].value));
		if (!s) return -ENOMEM;
		out[i] = slice_str(s);
	}
	*ret = out;
	return 0;
}

/* "my-svc" -> "MY_SVC". */
static const char *variable_name(struct arena *a, struct slice name) {
	char *s = arena_slice_str(a, name);
	for (char *p = s; p && *p; p++) {
		if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 'a' + 'A');
		else if (*p == '-') *p = '_';
	}
	return s;
}

static int set_text(struct env_list *l, const char *name, const char *value) {
	return name && value ? env_list_set(l, slice_str(name), slice_str(value)) : -ENOMEM;
}

struct service_port {
	const char *prefix, *ip, *host; /* host: bracketed when it is IPv6 */
	const char *upper, *lower;      /* the protocol */
	long long port;
};

static int add_port(struct env_list *l, const struct service_port *p, bool first) {
	struct arena *a = l->arena;
	const char *url = arena_printf(a, "%s://%s:%lld", p->lower, p->host, p->port), *number = arena_printf(a, "%lld", p->port);
	const char *stem = arena_printf(a, "%s_PORT_%lld_%s", p->prefix, p->port, p->upper);
	if (!stem) return -ENOMEM;
	int r = first ? set_text(l, arena_printf(a, "%s_PORT", p->prefix), url) : 0;
	if (r == 0) r = set_text(l, stem, url);
	if (r == 0) r = set_text(l, arena_printf(a, "%s_PROTO", stem), p->lower);
	if (r == 0) r = set_text(l, arena_printf(a, "%s_PORT", stem), number);
	if (r == 0) r = set_text(l, arena_printf(a, "%s_ADDR", stem), p->ip);
	return r;
}

static const char *lower_case(struct arena *a, struct slice s) {
	char *out = arena_slice_str(a, s);
	for (char *p = out; p && *p; p++)
		if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
	return out;
}

static int add_named_port(struct env_list *l, const char *prefix, const yyjson_mut_val *port) {
	struct slice name = json_path_str(port, "name");
	if (slice_empty(name)) return 0;
	const char *upper = variable_name(l->arena, name);
	if (!upper) return -ENOMEM;
	return set_text(l, arena_printf(l->arena, "%s_SERVICE_PORT_%s", prefix, upper),
			arena_printf(l->arena, "%lld", (long long)json_path_int(port, "port", 0)));
}

int env_list_add_service(struct env_list *l, const yyjson_mut_val *service) {
	struct arena *a = l->arena;
	struct slice ip = json_path_str(service, "spec.clusterIP");
	yyjson_mut_val *ports = json_path(service, "spec.ports"), *p;
	size_t i, max;
	if (slice_empty(ip) || slice_eqs(ip, "None") || yyjson_mut_arr_size(ports) == 0) return 0;
	const char *prefix = variable_name(a, json_path_str(service, "metadata.name")), *address = arena_slice_str(a, ip);
	if (!prefix || !address) return -ENOMEM;
	const char *host = strchr(address, ':') ? arena_printf(a, "[%s]", address) : address;
	long long first = json_path_int(yyjson_mut_arr_get_first(ports), "port", 0);
	int r = host ? set_text(l, arena_printf(a, "%s_SERVICE_HOST", prefix), address) : -ENOMEM;
	if (r == 0) r = set_text(l, arena_printf(a, "%s_SERVICE_PORT", prefix), arena_printf(a, "%lld", first));
	yyjson_mut_arr_foreach(ports, i, max, p)
		if (r == 0) r = add_named_port(l, prefix, p);
	yyjson_mut_arr_foreach(ports, i, max, p) {
		struct slice proto = json_path_str(p, "protocol");
		if (slice_empty(proto)) proto = SLICE_LIT("TCP");
		struct service_port sp = {
			prefix, address, host, arena_slice_str(a, proto), lower_case(a, proto), json_path_int(p, "port", 0)
		};
		if (r == 0) r = sp.upper && sp.lower ? add_port(l, &sp, i == 0) : -ENOMEM;
	}
	return r;
}
