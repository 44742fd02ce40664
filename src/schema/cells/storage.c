/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of volumes, claims and storage classes. */
#include "schema/cells/cells.h"

static int phase(const yyjson_mut_val *obj, struct buf *b) {
	return json_path(obj, "metadata.deletionTimestamp") ? cell_cstr(b, "Terminating") : cell_path(b, obj, "status.phase", "");
}

SCHEMA_CELL(persistent_volume_status) { return phase(obj, b); }
SCHEMA_CELL(persistent_volume_claim_status) { return phase(obj, b); }

/* The annotation came before the member. */
static int storage_class(const yyjson_mut_val *obj, struct buf *b) {
	struct slice s = json_str(json_get(json_path(obj, "metadata.annotations"), "volume.beta.kubernetes.io/storage-class"));
	return s.n ? cell_str(b, s) : cell_path(b, obj, "spec.storageClassName", "");
}

SCHEMA_CELL(persistent_volume_storage_class) { return storage_class(obj, b); }
SCHEMA_CELL(persistent_volume_claim_storage_class) { return storage_class(obj, b); }

static bool is_bound(const yyjson_mut_val *obj) { return json_path_str(obj, "spec.volumeName").n > 0; }

SCHEMA_CELL(persistent_volume_capacity) { return cell_path(b, obj, "spec.capacity.storage", "0"); }
SCHEMA_CELL(persistent_volume_claim_capacity) {
	return is_bound(obj) ? cell_path(b, obj, "status.capacity.storage", "0") : cell_cstr(b, "");
}

static int access_modes(const yyjson_mut_val *list, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	cell_access_modes(&text, list);
	return cell_text(b, &text, "");
}

SCHEMA_CELL(persistent_volume_access_modes) { return access_modes(json_path(obj, "spec.accessModes"), b); }
SCHEMA_CELL(persistent_volume_claim_access_modes) {
	return access_modes(is_bound(obj) ? json_path(obj, "status.accessModes") : NULL, b);
}

SCHEMA_CELL(persistent_volume_claim) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *ref = json_path(obj, "spec.claimRef");
	if (!ref) return cell_cstr(b, "");
	buf_put_slice(&text, json_path_str(ref, "namespace"));
	buf_putc(&text, '/');
	buf_put_slice(&text, json_path_str(ref, "name"));
	return cell_text(b, &text, "");
}

SCHEMA_CELL(storage_class_name) {
	static const char *const marks[] = { "storageclass.kubernetes.io/is-default-class",
					     "storageclass.beta.kubernetes.io/is-default-class" };
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	bool is_default = false;
	for (size_t i = 0; i < ELEMENTSOF(marks); i++)
		is_default |= slice_eqs(json_str(json_get(json_path(obj, "metadata.annotations"), marks[i])), "true");
	buf_put_slice(&text, json_path_str(obj, "metadata.name"));
	if (is_default) buf_puts(&text, " (default)");
	return cell_text(b, &text, "");
}

SCHEMA_CELL(csidriver_token_requests) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *list = json_path(obj, "spec.tokenRequests"), *x;
	size_t i, n;
	if (!list) return cell_cstr(b, "<unset>");
	yyjson_mut_arr_foreach(list, i, n, x) {
		if (i) buf_putc(&text, ',');
		buf_put_slice(&text, json_path_str(x, "audience"));
	}
	return cell_text(b, &text, "");
}

SCHEMA_CELL(resource_claim_state) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	bool deleted = json_path(obj, "metadata.deletionTimestamp") != NULL,
	     allocated = json_path(obj, "status.allocation") != NULL;
	if (deleted) cell_join(&text, ",", SLICE_LIT("deleted"));
	if (!allocated && !deleted) cell_join(&text, ",", SLICE_LIT("pending"));
	if (allocated) cell_join(&text, ",", SLICE_LIT("allocated"));
	if (allocated && yyjson_mut_arr_size(json_path(obj, "status.reservedFor"))) cell_join(&text, ",", SLICE_LIT("reserved"));
	return cell_text(b, &text, "");
}
