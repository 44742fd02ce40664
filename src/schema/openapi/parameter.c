/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/parameter.h"

/* `inline_always`: old kubectls look for the name in the operation itself before they send it. */
static const struct parameter {
	const char *name, *type, *description;
	bool path, inline_always;
} parameters[] = {
	[PARAM_ALLOW_WATCH_BOOKMARKS] = { "allowWatchBookmarks", "boolean", "Send bookmark events during a watch.", false, false },
	[PARAM_CONTINUE] = { "continue", "string", "Where the page before this one ended, as its metadata.continue says.", false, false },
	[PARAM_DRY_RUN] = { "dryRun", "string", "All: do everything but store the result.", false, true },
	[PARAM_FIELD_MANAGER] = { "fieldManager", "string", "Who changes the object, as metadata.managedFields will name it.", false, false },
	[PARAM_FIELD_SELECTOR] = { "fieldSelector", "string", "Only objects whose fields match.", false, false },
	[PARAM_FIELD_VALIDATION] = { "fieldValidation", "string", "Ignore, Warn or Strict: what to do about unknown and duplicate fields.", false, true },
	[PARAM_FORCE] = { "force", "boolean", "Apply also what other managers own.", false, false },
	[PARAM_GRACE_PERIOD] = { "gracePeriodSeconds", "integer", "Seconds until the object is gone; zero: at once.", false, false },
	[PARAM_IGNORE_STORE_ERROR] = { "ignoreStoreReadErrorWithClusterBreakingPotential", "boolean", "Delete also what cannot be read from the store.", false, false },
	[PARAM_LABEL_SELECTOR] = { "labelSelector", "string", "Only objects whose labels match.", false, false },
	[PARAM_LIMIT] = { "limit", "integer", "Objects in one page at most.", false, false },
	[PARAM_NAME] = { "name", "string", "Name of the object.", true, false },
	[PARAM_NAMESPACE] = { "namespace", "string", "Namespace of the object.", true, false },
	[PARAM_ORPHAN] = { "orphanDependents", "boolean", "Leave what the object owns. Deprecated: propagationPolicy.", false, false },
	[PARAM_PATH] = { "path", "string", "Path of the request behind the proxy.", true, false },
	[PARAM_PRETTY] = { "pretty", "string", "true: indent the answer.", false, false },
	[PARAM_PROPAGATION] = { "propagationPolicy", "string", "Orphan, Background or Foreground: what becomes of what the object owns.", false, false },
	[PARAM_RESOURCE_VERSION] = { "resourceVersion", "string", "How new the answer has to be, or where a watch begins.", false, false },
	[PARAM_RESOURCE_VERSION_MATCH] = { "resourceVersionMatch", "string", "Exact or NotOlderThan: how resourceVersion counts in a list.", false, false },
	[PARAM_SEND_INITIAL_EVENTS] = { "sendInitialEvents", "boolean", "Begin a watch with an event for each object there is.", false, false },
	[PARAM_TIMEOUT_SECONDS] = { "timeoutSeconds", "integer", "Seconds after which the answer ends.", false, false },
	[PARAM_WATCH] = { "watch", "boolean", "Stream changes instead of listing.", false, false },
};

static void put(const struct openapi_writer *w, const char *name, const char *type, const char *description, bool path) {
	openapi_sep(w);
	buf_printf(w->b, "{\"name\":\"%s\",\"in\":\"%s\"", name, path ? "path" : "query");
	if (description) buf_printf(w->b, ",\"description\":\"%s\"", description);
	if (path) buf_puts(w->b, ",\"required\":true");
	buf_printf(w->b, w->v2 ? ",\"type\":\"%s\",\"uniqueItems\":true}" : ",\"schema\":{\"type\":\"%s\",\"uniqueItems\":true}}", type);
}

void openapi_parameters(const struct openapi_writer *w, unsigned set) {
	for (size_t i = 0; i < ELEMENTSOF(parameters); i++) {
		const struct parameter *p = &parameters[i];
		if (!(set & 1u << i)) continue;
		if (w->v2 && !p->inline_always) {
			openapi_sep(w);
			buf_printf(w->b, "{\"$ref\":\"#/parameters/%s\"}", p->name);
		} else {
			put(w, p->name, p->type, p->description, p->path);
		}
	}
}

void openapi_shared_parameters(const struct openapi_writer *w) {
	openapi_sep(w);
	buf_puts(w->b, "\"parameters\":{");
	for (size_t i = 0; i < ELEMENTSOF(parameters); i++) {
		const struct parameter *p = &parameters[i];
		if (p->inline_always) continue;
		openapi_sep(w);
		buf_printf(w->b, "\"%s\":{\"name\":\"%s\",\"in\":\"%s\",\"description\":\"%s\"%s,\"type\":\"%s\",\"uniqueItems\":true}", p->name, p->name, p->path ? "path" : "query",
			   p->description, p->path ? ",\"required\":true" : "", p->type);
	}
	buf_putc(w->b, '}');
}

static const char *option_type(const struct schema_type *t) {
	if (t->kind == SCHEMA_LIST) t = t->item;
	switch (t->kind) {
	case SCHEMA_STRING: return "string";
	case SCHEMA_BOOL: return "boolean";
	case SCHEMA_INT32:
	case SCHEMA_INT64: return "integer";
	case SCHEMA_SPECIAL: return t->special == SPECIAL_TIME ? "string" : NULL;
	default: return NULL;
	}
}

void openapi_option_parameters(const struct openapi_writer *w, const struct schema_type *options) {
	for (size_t i = 0; options && i < options->n_fields; i++) {
		const struct schema_field *f = &options->fields[i];
		const char *type = f->flags & FIELD_TYPE_META ? NULL : option_type(f->type);
		if (type) put(w, f->name, type, NULL, false);
	}
}

void openapi_body_parameter(const struct openapi_writer *w, const char *definition, bool required) {
	openapi_sep(w);
	buf_printf(w->b, "{\"in\":\"body\",\"name\":\"body\"%s,\"schema\":", required ? ",\"required\":true" : "");
	if (definition) openapi_put_ref(w, definition);
	else buf_puts(w->b, "{\"type\":\"object\"}");
	buf_putc(w->b, '}');
}
