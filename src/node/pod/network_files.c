/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/network_files.h"

#include "node/limits.h"

#include <errno.h>

#define HOSTNAME_CHARS_MAX 63u
#define RESOLV_LIST_MAX 128u

struct resolv {
	struct slice nameservers[RESOLV_LIST_MAX], searches[RESOLV_LIST_MAX], options[RESOLV_LIST_MAX];
	size_t n_nameservers, n_searches, n_options;
};

static bool host_network(const yyjson_mut_val *pod) { return json_path_bool(pod, "spec.hostNetwork", false); }

const char *pod_domain(struct arena *a, const yyjson_mut_val *pod, const char *cluster_domain) {
	struct slice sub = json_path_str(pod, "spec.subdomain"), ns = json_path_str(pod, "metadata.namespace");
	if (slice_empty(sub)) return NULL;
	return arena_printf(a, "%.*s.%.*s.svc.%s", SLICE_FMT(sub), SLICE_FMT(ns), cluster_domain);
}

const char *pod_hostname(struct arena *a, const yyjson_mut_val *pod, const char *node_hostname, const char *cluster_domain) {
	struct slice name = json_path_str(pod, "spec.hostname");
	if (host_network(pod)) return arena_strdup(a, node_hostname);
	if (slice_empty(name)) name = json_path_str(pod, "metadata.name");
	name = slice_upto(name, HOSTNAME_CHARS_MAX);
	while (name.n && (name.p[name.n - 1] == '-' || name.p[name.n - 1] == '.')) name.n--;
	const char *domain = pod_domain(a, pod, cluster_domain);
	if (json_path_bool(pod, "spec.setHostnameAsFQDN", false) && domain) return arena_printf(a, "%.*s.%s", SLICE_FMT(name), domain);
	return arena_slice_str(a, name);
}

static void write_aliases(struct buf *b, const yyjson_mut_val *pod) {
	yyjson_mut_val *aliases = json_path(pod, "spec.hostAliases"), *alias, *h;
	size_t i, max, k, kmax;
	if (yyjson_mut_arr_size(aliases) == 0) return;
	buf_puts(b, "\n# Entries added by HostAliases.\n");
	yyjson_mut_arr_foreach(aliases, i, max, alias) {
		buf_printf(b, "%.*s", SLICE_FMT(json_path_str(alias, "ip")));
		yyjson_mut_arr_foreach(json_get(alias, "hostnames"), k, kmax, h) buf_printf(b, "\t%.*s", SLICE_FMT(json_str(h)));
		buf_putc(b, '\n');
	}
}

int pod_hosts_write(struct buf *b, struct arena *a, const yyjson_mut_val *pod, const char *pod_ip, const char *hostname,
		    const char *cluster_domain, struct slice host_file) {
	if (host_network(pod)) {
		buf_puts(b, "# Kubernetes-managed hosts file (host network).\n");
		buf_put_slice(b, host_file);
		write_aliases(b, pod);
		return buf_err(b);
	}
	buf_puts(b, "# Kubernetes-managed hosts file.\n"
		    "127.0.0.1\tlocalhost\n"
		    "::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "fe00::0\tip6-localnet\n"
		    "fe00::0\tip6-mcastprefix\n"
		    "fe00::1\tip6-allnodes\n"
		    "fe00::2\tip6-allrouters\n");
	const char *domain = pod_domain(a, pod, cluster_domain);
	struct slice whole = slice_str(hostname), rest = whole, first = slice_cut(&rest, '.');
	/* setHostnameAsFQDN: the hostname already carries the domain. */
	struct slice name = domain ? first : whole;
	if (domain) buf_printf(b, "%s\t%.*s.%s\t%.*s\n", pod_ip, SLICE_FMT(name), domain, SLICE_FMT(name));
	else buf_printf(b, "%s\t%.*s\n", pod_ip, SLICE_FMT(name));
	write_aliases(b, pod);
	return buf_err(b);
}

static void add_unique(struct slice *list, size_t *n, struct slice s) {
	if (slice_empty(s)) return;
	for (size_t i = 0; i < *n; i++)
		if (slice_eq(list[i], s)) return;
	if (*n < RESOLV_LIST_MAX) list[(*n)++] = s;
}

/* Options are overridden by the name in front of the colon. */
static void add_option(struct resolv *r, struct slice option) {
	struct slice rest = option, name = slice_cut(&rest, ':');
	for (size_t i = 0; i < r->n_options; i++) {
		struct slice have = r->options[i], have_name = slice_cut(&have, ':');
		if (!slice_eq(have_name, name)) continue;
		r->options[i] = option;
		return;
	}
	if (r->n_options < RESOLV_LIST_MAX) r->options[r->n_options++] = option;
}

static struct slice next_word(struct slice *line) {
	*line = slice_trim(*line);
	size_t i = 0;
	while (i < line->n && line->p[i] != ' ' && line->p[i] != '\t') i++;
	struct slice word = slice_upto(*line, i);
	*line = slice_from(*line, i);
	return word;
}

static void parse_host(struct resolv *r, struct slice file, bool with_options, bool with_nameservers) {
	while (file.p) {
		struct slice line = slice_cut(&file, '\n'), key = next_word(&line), word;
		/* The last search line counts. */
		bool search = slice_eqs(key, "search") || slice_eqs(key, "domain");
		if (search) r->n_searches = 0;
		while ((word = next_word(&line)).n) {
			if (search)
				add_unique(r->searches, &r->n_searches,
					   word.n > 1 && slice_ends(word, SLICE_LIT(".")) ? slice_upto(word, word.n - 1) : word);
			else if (slice_eqs(key, "nameserver") && with_nameservers) add_unique(r->nameservers, &r->n_nameservers, word);
			else if (slice_eqs(key, "options") && with_options) add_option(r, word);
		}
	}
}

static int cluster_first(struct resolv *r, struct arena *a, const yyjson_mut_val *pod, const struct resolv_facts *f) {
	struct slice ns = json_path_str(pod, "metadata.namespace");
	struct resolv host = { .n_searches = 0 };
	const char *searches[] = { arena_printf(a, "%.*s.svc.%s", SLICE_FMT(ns), f->cluster_domain),
				   arena_printf(a, "svc.%s", f->cluster_domain), f->cluster_domain };
	for (size_t i = 0; i < ELEMENTSOF(searches); i++) {
		if (!searches[i]) return -ENOMEM;
		add_unique(r->searches, &r->n_searches, slice_str(searches[i]));
	}
	parse_host(&host, f->host_file, false, false);
	for (size_t i = 0; i < host.n_searches; i++) add_unique(r->searches, &r->n_searches, host.searches[i]);
	add_unique(r->nameservers, &r->n_nameservers, slice_str(f->cluster_dns));
	add_option(r, SLICE_LIT("ndots:5"));
	return 0;
}

static int merge_config(struct resolv *r, struct arena *a, const yyjson_mut_val *config) {
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_get(config, "nameservers"), i, max, v) add_unique(r->nameservers, &r->n_nameservers, json_str(v));
	yyjson_mut_arr_foreach(json_get(config, "searches"), i, max, v) add_unique(r->searches, &r->n_searches, json_str(v));
	yyjson_mut_arr_foreach(json_get(config, "options"), i, max, v) {
		struct slice name = json_path_str(v, "name"), value = json_path_str(v, "value");
		const char *text = slice_empty(value) ? arena_slice_str(a, name)
						      : arena_printf(a, "%.*s:%.*s", SLICE_FMT(name), SLICE_FMT(value));
		if (!text) return -ENOMEM;
		add_option(r, slice_str(text));
	}
	return 0;
}

static void apply_limits(struct resolv *r, struct resolv_notes *notes) {
	size_t chars = 0, kept = 0;
	if (r->n_nameservers > RESOLV_NAMESERVERS_MAX) {
		r->n_nameservers = RESOLV_NAMESERVERS_MAX;
		notes->nameservers_dropped = true;
	}
	for (; kept < r->n_searches && kept < RESOLV_SEARCHES_MAX; kept++) {
		chars += r->searches[kept].n + (kept > 0);
		if (chars > RESOLV_SEARCH_CHARS_MAX) break;
	}
	notes->searches_dropped = kept < r->n_searches;
	r->n_searches = kept;
}

static void write_words(struct buf *b, const char *key, const struct slice *list, size_t n) {
	if (n == 0) return;
	buf_puts(b, key);
	for (size_t i = 0; i < n; i++) buf_printf(b, " %.*s", SLICE_FMT(list[i]));
	buf_putc(b, '\n');
}

int pod_resolv_write(struct buf *b, struct arena *a, const yyjson_mut_val *pod, const struct resolv_facts *f,
		     struct resolv_notes *ret) {
	struct slice policy = json_path_str(pod, "spec.dnsPolicy");
	struct resolv_notes notes = { 0 };
	struct resolv *r = arena_new_of(a, struct resolv);
	if (!r) return -ENOMEM;
	bool none = slice_eqs(policy, "None");
	bool cluster = slice_eqs(policy, "ClusterFirstWithHostNet") || (!none && !slice_eqs(policy, "Default") && !host_network(pod));
	notes.missing_cluster_dns = cluster && !f->cluster_dns;
	int err = 0;
	if (cluster && f->cluster_dns) err = cluster_first(r, a, pod, f);
	else if (!none) parse_host(r, f->host_file, true, true);
	if (err == 0) err = merge_config(r, a, json_path(pod, "spec.dnsConfig"));
	if (err < 0) return err;
	apply_limits(r, &notes);
	write_words(b, "search", r->searches, r->n_searches);
	for (size_t i = 0; i < r->n_nameservers; i++) write_words(b, "nameserver", &r->nameservers[i], 1);
	write_words(b, "options", r->options, r->n_options);
	*ret = notes;
	return buf_err(b);
}
