/* SPDX-License-Identifier: Apache-2.0 */
/* Having the image: name, pull policy, credentials, back-off; the events and reasons users know (pkg/kubelet/images). */
#include "node/pod/container.h"

#include "codec/duration.h"
#include "node/image/auth.h"

#include <errno.h>
#include <stdio.h>

#define MESSAGE_MAX 2048u

/* Reports once per change of reason. */
static int wait_for(struct container *c, const char *reason, const char *message) {
	bool news = !c->wait_reason || strcmp(c->wait_reason, reason) != 0;
	if (news) pod_event(c->pod, c, "Warning", "Failed", "Error: %s", reason);
	container_wait(c, reason, message);
	return 1;
}

static int invalid_name(struct container *c, const char *image, const char *why) {
	char message[MESSAGE_MAX];
	snprintf(message, sizeof(message), "Failed to apply default image tag \"%s\": couldn't parse image name \"%s\": %s",
		 image, image, why);
	if (!c->wait_reason || strcmp(c->wait_reason, "InvalidImageName") != 0)
		pod_event(c->pod, c, "Warning", "InspectFailed", "%s", message);
	return wait_for(c, "InvalidImageName", message);
}

static int never_pulled(struct container *c, const char *image) {
	char message[MESSAGE_MAX];
	snprintf(message, sizeof(message), "Container image \"%s\" is not present with pull policy of Never", image);
	if (!c->wait_reason || strcmp(c->wait_reason, "ErrImageNeverPull") != 0)
		pod_event(c->pod, c, "Warning", "ErrImageNeverPull", "%s", message);
	return wait_for(c, "ErrImageNeverPull", message);
}

static bool in_backoff(struct container *c, const char *image) {
	uint64_t left = backoff_left(&c->pull, c->pull_failed_ms, agent_now_ms(c->pod->agent));
	char message[MESSAGE_MAX];
	if (!c->pull_failed || left == 0) return false;
	/* The failure itself is shown first, the waiting from the next look on. */
	if (c->wait_reason && strcmp(c->wait_reason, "ErrImagePull") == 0 && left > c->pull.delay_ms - 1000u) {
		pod_wake_in(c->pod, 1000);
		return true;
	}
	snprintf(message, sizeof(message), "Back-off pulling image \"%s\": ErrImagePull: %s", image, c->pull_error ? c->pull_error : "");
	if (!c->wait_reason || strcmp(c->wait_reason, "ImagePullBackOff") != 0)
		pod_event(c->pod, c, "Normal", "BackOff", "Back-off pulling image \"%s\"", image);
	wait_for(c, "ImagePullBackOff", message);
	pod_wake_in(c->pod, left);
	return true;
}

static void pull_succeeded(struct container *c, const struct image_pull_result *r) {
	char took[DURATION_TEXT], waited[DURATION_TEXT];
	const yyjson_mut_val *spec = container_spec_of(c);
	duration_format((int64_t)r->took_ms * 1000000, took);
	duration_format((int64_t)r->waited_ms * 1000000, waited);
	pod_event(c->pod, c, "Normal", "Pulled",
		  "Successfully pulled image \"%.*s\" in %s (%s including waiting). Image size: %llu bytes.",
		  SLICE_FMT(json_path_str(spec, "image")), took, waited, (unsigned long long)r->image->size);
	c->image_fresh = true;
	c->pull_failed = false;
	backoff_reset(&c->pull);
	container_wait(c, NULL, NULL);
}

static void pull_failed(struct container *c, const char *why) {
	const yyjson_mut_val *spec = container_spec_of(c);
	uint64_t now = agent_now_ms(c->pod->agent);
	pod_event(c->pod, c, "Warning", "Failed", "Failed to pull image \"%.*s\": %s", SLICE_FMT(json_path_str(spec, "image")), why);
	c->pull_failed = true;
	c->pull_failed_ms = now;
	c->preload_asked = false;
	(void)string_set(&c->pull_error, slice_str(why));
	backoff_fail(&c->pull, now, now);
	container_wait(c, NULL, NULL);
	wait_for(c, "ErrImagePull", why);
}

static void on_pulled(void *ctx, const struct image_pull_result *r) {
	struct container *c = ctx;
	container_set_state(c, CTR_WAITING);
	if (r->err == -ECANCELED) container_wait(c, NULL, NULL);
	else if (r->err < 0) pull_failed(c, r->why);
	else pull_succeeded(c, r);
	pod_kick(c->pod);
	pod_unref(c->pod);
}

/* Credentials of imagePullSecrets. -EAGAIN while one is not known yet; missing ones are told and left out. */
static int credentials(struct container *c, struct arena *a, struct slice *ret) {
	struct objects_source objects = pod_objects_source(c->pod);
	struct pull_auth auth;
	size_t i, max;
	yyjson_mut_val *v;
	int r = pull_auth_init(&auth, a);
	yyjson_mut_arr_foreach(json_path(c->pod->object, "spec.imagePullSecrets"), i, max, v) {
		struct slice name = json_path_str(v, "name");
		const yyjson_mut_val *secret = NULL;
		const char *why = NULL;
		if (r < 0) return r;
		int got = objects.get(objects.ctx, OBJECT_SECRET, slice_str(c->pod->ns), name, &secret, &why);
		if (got == -EAGAIN || got == -ENOMEM) return got;
		if (got == 0 && pull_auth_add(&auth, secret) == 0) continue;
		pod_event(c->pod, NULL, "Warning", "FailedToRetrieveImagePullSecret",
			  "Unable to retrieve some image pull secrets (%.*s); attempting to pull the image may not succeed.", SLICE_FMT(name));
	}
	return r < 0 ? r : pull_auth_text(&auth, ret);
}

static int pull(struct container *c, struct arena *a, const struct image_reference *ref, const char *image) {
	struct slice auth = SLICE_NULL;
	if (in_backoff(c, image)) return 1;
	int r = credentials(c, a, &auth);
	if (r == -EAGAIN) return 1;
	if (r == 0) r = image_store_pull(c->pod->agent->images, ref, auth, on_pulled, c);
	if (r < 0) {
		pull_failed(c, strerror(-r));
		return 1;
	}
	pod_ref(c->pod);
	container_set_state(c, CTR_PULLING);
	pod_event(c->pod, c, "Normal", "Pulling", "Pulling image \"%s\"", image);
	return 1;
}

static void on_preloaded(void *ctx) {
	struct container *c = ctx;
	c->preload_asked = true;
	if (c->state == CTR_PULLING) container_set_state(c, CTR_WAITING);
	pod_kick(c->pod);
	pod_unref(c->pod);
}

/* Archives of the preload folder come before any network. */
static int preload(struct container *c) {
	container_set_state(c, CTR_PULLING);
	pod_ref(c->pod);
	image_store_preload(c->pod->agent->images, on_preloaded, c);
	return 1;
}

int container_image(struct container *c, struct arena *a, const struct image **ret) {
	const yyjson_mut_val *spec = container_spec_of(c);
	const char *image = arena_slice_str(a, json_path_str(spec, "image")), *why;
	struct slice policy = json_path_str(spec, "imagePullPolicy");
	struct image_reference ref;
	if (!image) return 1;
	int r = image_reference_parse(a, slice_str(image), &ref, &why);
	if (r == -EINVAL) return invalid_name(c, image, why);
	if (r < 0) return 1;
	const struct image *found = image_store_find(c->pod->agent->images, &ref);
	bool always = slice_eqs(policy, "Always");
	if (found && (!always || c->image_fresh)) {
		if (!c->image_fresh && !c->image_told)
			pod_event(c->pod, c, "Normal", "Pulled", "Container image \"%s\" already present on machine", image);
		c->image_told = true;
		*ret = found;
		return 0;
	}
	if (!found && !c->preload_asked) return preload(c);
	if (slice_eqs(policy, "Never")) {
		pod_wake_in(c->pod, BACKOFF_INITIAL_MS);
		c->preload_asked = false;
		return never_pulled(c, image);
	}
	return pull(c, a, &ref, image);
}
