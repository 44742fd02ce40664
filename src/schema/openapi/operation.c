/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/operation.h"

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."
#define JSON "application/json"
#define YAML "application/yaml"
#define PROTO "application/vnd.kubernetes.protobuf"

static const char *const produced[] = { JSON, YAML, PROTO, NULL };
static const char *const streamed[] = { JSON, YAML, PROTO, JSON ";stream=watch", PROTO ";stream=watch", NULL };
static const char *const produced_custom[] = { JSON, YAML, NULL };
static const char *const logged[] = { "text/plain", JSON, YAML, PROTO, NULL };
static const char *const any[] = { "*/*", NULL };
static const char *const patches[] = { "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml", NULL };
static const char *const patches_custom[] = { "application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml", NULL };
static const struct { unsigned bit; const char *code, *text; } codes[] = { { CODE_200, "200", "OK" }, { CODE_201, "201", "Created" }, { CODE_202, "202", "Accepted" } };

static const char *const *answer_types(const struct openapi_operation *o, const struct openapi_subject *s) {
	if (o->answer == ANSWER_TEXT) return any;
	if (o->answer == ANSWER_LOG) return logged;
	if (s->custom) return produced_custom;
	return o->answer == ANSWER_LIST || o->answer == ANSWER_EVENT ? streamed : produced;
}

static const char *const *body_types(const struct openapi_operation *o, const struct openapi_subject *s) {
	if (o->body != BODY_PATCH) return s->custom ? produced_custom : any;
	return s->custom ? patches_custom : patches;
}

static const char *answer_definition(const struct openapi_operation *o, const struct openapi_subject *s) {
	switch (o->answer) {
	case ANSWER_OBJECT: return s->object;
	case ANSWER_LIST: return s->list;
	case ANSWER_DELETED: return s->deleted_returned ? s->object : META "Status";
	case ANSWER_STATUS: return META "Status";
	case ANSWER_EVENT: return META "WatchEvent";
	case ANSWER_TEXT:
	case ANSWER_LOG: return NULL;
	}
	return NULL;
}

static const char *body_definition(const struct openapi_operation *o, const struct openapi_subject *s) {
	return o->body == BODY_PATCH ? META "Patch" : o->body == BODY_DELETE ? META "DeleteOptions" : s->object;
}

static void put_schema(const struct openapi_writer *w, const char *definition) {
	if (definition) openapi_put_ref(w, definition);
	else buf_puts(w->b, "{\"type\":\"string\"}");
}

/* `"NAME":["TYPE",...]` of version 2. */
static void put_types(const struct openapi_writer *w, const char *name, const char *const *types) {
	openapi_sep(w);
	buf_printf(w->b, "\"%s\":[", name);
	for (; *types; types++) {
		openapi_sep(w);
		buf_printf(w->b, "\"%s\"", *types);
	}
	buf_putc(w->b, ']');
}

/* `"content":{"TYPE":{"schema":...},...}` of version 3. */
static void put_content(const struct openapi_writer *w, const char *const *types, const char *definition) {
	openapi_sep(w);
	buf_puts(w->b, "\"content\":{");
	for (; *types; types++) {
		openapi_sep(w);
		buf_printf(w->b, "\"%s\":{\"schema\":", *types);
		put_schema(w, definition);
		buf_putc(w->b, '}');
	}
	buf_putc(w->b, '}');
}

static void put_id(const struct openapi_writer *w, const struct openapi_operation *o, const struct openapi_subject *s) {
	openapi_sep(w);
	buf_printf(w->b, "\"operationId\":\"%s%s%s%s%s%s\",\"tags\":[\"%s\"]", o->prefix, s->words, o->infix, s->namespaced ? "Namespaced" : "", s->noun, o->suffix, s->tag);
}

static void put_parameters(const struct openapi_writer *w, const struct openapi_operation *o, const struct openapi_subject *s) {
	bool body = w->v2 && o->body != BODY_NONE;
	if (!o->params && !body) return;
	buf_puts(w->b, ",\"parameters\":[");
	if (body) openapi_body_parameter(w, body_definition(o, s), o->body != BODY_DELETE);
	openapi_parameters(w, o->params);
	buf_putc(w->b, ']');
}

static void put_request_body(const struct openapi_writer *w, const struct openapi_operation *o, const struct openapi_subject *s) {
	if (w->v2 || o->body == BODY_NONE) return;
	buf_puts(w->b, ",\"requestBody\":{");
	put_content(w, body_types(o, s), body_definition(o, s));
	buf_puts(w->b, o->body == BODY_DELETE ? "}" : ",\"required\":true}");
}

static void put_response(const struct openapi_writer *w, const char *code, const char *text, const char *const *types, const char *definition) {
	openapi_sep(w);
	buf_printf(w->b, "\"%s\":{\"description\":\"%s\"", code, text);
	if (w->v2) {
		buf_puts(w->b, ",\"schema\":");
		put_schema(w, definition);
	} else {
		put_content(w, types, definition);
	}
	buf_putc(w->b, '}');
}

#define UNAUTHORIZED ",\"401\":{\"description\":\"Unauthorized\"}}"

static void put_responses(const struct openapi_writer *w, const struct openapi_operation *o, const struct openapi_subject *s) {
	buf_puts(w->b, ",\"responses\":{");
	for (size_t i = 0; i < ELEMENTSOF(codes); i++)
		if (o->codes & codes[i].bit) put_response(w, codes[i].code, codes[i].text, answer_types(o, s), answer_definition(o, s));
	buf_puts(w->b, UNAUTHORIZED);
}

void openapi_operation(const struct openapi_writer *w, const struct openapi_operation *o, const struct openapi_subject *s) {
	openapi_sep(w);
	buf_printf(w->b, "\"%s\":{", o->method);
	put_id(w, o, s);
	if (w->v2) {
		buf_puts(w->b, ",\"schemes\":[\"https\"]");
		put_types(w, "consumes", body_types(o, s));
		put_types(w, "produces", answer_types(o, s));
	}
	put_parameters(w, o, s);
	put_request_body(w, o, s);
	put_responses(w, o, s);
	buf_printf(w->b, ",\"x-kubernetes-action\":\"%s\",\"x-kubernetes-group-version-kind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}}", o->action, s->group, s->version, s->kind);
}

void openapi_plain_operation(const struct openapi_writer *w, const char *id, const char *tag, const char *const *types, const char *definition) {
	openapi_sep(w);
	buf_printf(w->b, "\"get\":{\"operationId\":\"%s\",\"tags\":[\"%s\"]", id, tag);
	if (w->v2) {
		buf_puts(w->b, ",\"schemes\":[\"https\"]");
		put_types(w, "produces", types);
	}
	buf_puts(w->b, ",\"responses\":{");
	put_response(w, "200", "OK", types, definition);
	buf_puts(w->b, UNAUTHORIZED "}");
}
