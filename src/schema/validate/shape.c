/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects in complaints appear as Go marshals the server's internal types: those carry no JSON tags, so every field is there,
 * under its Go name, empty or not. Types of apimachinery are the same inside and outside: they appear as they are.
 */
#include "schema/validate/scope.h"
#include "schema/table.h"

#include <ctype.h>

#define API_PREFIX "io.k8s.api."
#define DEPTH_MAX 40

/* Go names that are more than the JSON name with a capital. */
static const struct { const char *json, *go; } names[] = {
	{ "apiGroup", "APIGroup" }, { "apiGroups", "APIGroups" }, { "apiVersion", "APIVersion" }, { "apiVersions", "APIVersions" },
		{ "uid", "UID" },
	{ "ip", "IP" }, { "ips", "IPs" }, { "id", "ID" }, { "url", "URL" }, { "cidr", "CIDR" }, { "os", "OS" }, { "tty", "TTY" },
		{ "seLinuxOptions", "SELinuxOptions" },
	{ "seLinuxChangePolicy", "SELinuxChangePolicy" }, { "fsGroup", "FSGroup" }, { "fsGroupChangePolicy",
		"FSGroupChangePolicy" }, { "tcpSocket", "TCPSocket" },
	{ "httpGet", "HTTPGet" }, { "httpHeaders", "HTTPHeaders" }, { "grpc", "GRPC" }, { "nfs", "NFS" }, { "rbd", "RBD" },
		{ "iscsi", "ISCSI" }, { "fc", "FC" }, { "csi", "CSI" },
	{ "fsType", "FSType" }, { "targetWWNs", "TargetWWNs" }, { "wwids", "WWIDs" }, { "gcePersistentDisk", "GCEPersistentDisk" },
	{ "awsElasticBlockStore", "AWSElasticBlockStore" }, { "pdName", "PDName" }, { "volumeID", "VolumeID" }, { "scaleIO", "ScaleIO" },
	{ "storageos", "StorageOS" }, { "cephfs", "CephFS" }, { "diskURI", "DataDiskURI" }, { "gmsaCredentialSpec",
		"GMSACredentialSpec" },
	{ "gmsaCredentialSpecName", "GMSACredentialSpecName" }, { "dnsPolicy", "DNSPolicy" }, { "dnsConfig", "DNSConfig" },
		{ "http", "HTTP" },
	{ "tls", "TLS" }, { "nonResourceURLs", "NonResourceURLs" }, { "caBundle", "CABundle" }, { "clusterIP", "ClusterIP" },
		{ "podIP", "PodIP" },
	{ "selfLink", "SelfLink" }, { "ttlSecondsAfterFinished", "TTLSecondsAfterFinished" },
};

static void put_name(const struct schema_field *f, struct buf *b) {
	buf_putc(b, '"');
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (!strcmp(names[i].json, f->name)) {
			buf_puts(b, names[i].go);
			buf_puts(b, "\":");
			return;
		}
	buf_putc(b, (char)toupper((unsigned char)f->name[0]));
	buf_puts(b, f->name + 1);
	buf_puts(b, "\":");
}

static void put(const struct schema_type *t, const yyjson_mut_val *v, unsigned depth, struct buf *b);

static void put_absent(const struct schema_type *t, unsigned depth, struct buf *b) {
	static const char *const zeros[] = {
		[SCHEMA_LIST] = "null", [SCHEMA_MAP] = "null", [SCHEMA_STRING] = "\"\"", [SCHEMA_BOOL] = "false", [SCHEMA_INT32] = "0",
		[SCHEMA_INT64] = "0", [SCHEMA_DOUBLE] = "0", [SCHEMA_BYTES] = "null",
	};
	if (t->kind == SCHEMA_OBJECT) put(t, NULL, depth, b);
	else if (t->kind != SCHEMA_SPECIAL) buf_puts(b, zeros[t->kind]);
	else if (t->special == SPECIAL_QUANTITY) buf_puts(b, "\"0\"");
	else if (t->special == SPECIAL_INT_OR_STRING) buf_puts(b, "0");
	else buf_puts(b, "null");
}

static void put_object(const struct schema_type *t, const yyjson_mut_val *v, unsigned depth, struct buf *b) {
	size_t n = 0;
	buf_putc(b, '{');
	for (size_t i = 0; i < t->n_fields; i++) {
		const struct schema_field *f = &t->fields[i];
		if (f->flags & FIELD_TYPE_META) continue;
		const yyjson_mut_val *m = json_get(v, f->name);
		if (n++) buf_putc(b, ',');
		put_name(f, b);
		if (m) put(f->type, m, depth, b);
		else if (f->flags & FIELD_POINTER) buf_puts(b, "null");
		else put_absent(f->type, depth, b);
	}
	buf_putc(b, '}');
}

static void put_list(const struct schema_type *t, const yyjson_mut_val *v, unsigned depth, struct buf *b) {
	struct rule_value list = rv_node(v), k, item;
	struct rv_cursor c = { 0 };
	bool map = t->kind == SCHEMA_MAP;
	buf_putc(b, map ? '{' : '[');
	while (rv_next(&list, &c, &k, &item)) {
		if (c.i > 1) buf_putc(b, ',');
		if (map) {
			json_write_string(b, rv_slice(&k));
			buf_putc(b, ':');
		}
		put(t->item, c.at, depth, b);
	}
	buf_putc(b, map ? '}' : ']');
}

static void put(const struct schema_type *t, const yyjson_mut_val *v, unsigned depth, struct buf *b) {
	bool internal = t->key && !strncmp(t->key, API_PREFIX, strlen(API_PREFIX));
	if (depth > DEPTH_MAX || (!internal && t->kind == SCHEMA_OBJECT)) {
		if (v) (void)schema_encode_json(t, v, b);
		else buf_puts(b, "{}");
	} else if (t->kind == SCHEMA_OBJECT) {
		put_object(t, v, depth + 1, b);
	} else if (t->kind == SCHEMA_LIST || t->kind == SCHEMA_MAP) {
		put_list(t, v, depth + 1, b);
	} else {
		json_write(b, v);
	}
}

void rule_shape(struct slice key, const struct rule_value *v, struct buf *b) {
	const struct schema_type *t = schema_type_by_key(key);
	const yyjson_mut_val *node = v->kind == RV_NODE ? v->node : NULL;
	if (t) put(t, node, 0, b);
	else if (node) json_write(b, node);
	else buf_puts(b, "null");
}
