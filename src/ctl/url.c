/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/url.h"

#include <errno.h>

/* One GET of the path on the server; *ret_to is where a redirect leads, or NULL. */
static int get(struct ctl *c, const char *server, const char *path, const char *url, struct slice *ret, const char **ret_to) {
	_cleanup_free_ char *msg = NULL;
	struct k8c_config_options o = { .size = sizeof(o), .server = server, .no_kubeconfig = true, .no_in_cluster = true };
	struct k8c_client_options co = { .size = sizeof(co), .user_agent = "k8ctl/" K8C_VERSION, .max_body = CTL_FILE_MAX };
	struct k8c_request req = { .size = sizeof(req), .path = path, .accept = "*/*" };
	struct k8c_config *cfg = NULL;
	struct k8c_client *client = NULL;
	struct k8c_reply *reply = NULL;
	int r = k8c_config_load(&o, &cfg, &msg);
	if (r == 0) r = k8c_client_new(cfg, &co, &client, &msg);
	if (r == 0) r = k8c_request_wait(client, &req, &reply);
	*ret_to = NULL;
	if (r == 0 && reply->response.status / 100 == 3)
		*ret_to = ctl_text(c, slice_of(k8c_response_header(&reply->response, "location")));
	else if (r == 0 && reply->response.status == 0)
		r = ctl_fail(c, "unable to read URL \"%s\", %s", url, reply->error.message);
	else if (r == 0 && reply->error.err)
		r = ctl_fail(c, "unable to read URL \"%s\", server reported %d, status code=%d", url, reply->response.status, reply->response.status);
	else if (r == 0)
		*ret = slice_make(ctl_text(c, slice_of(reply->response.body)), reply->response.body.n);
	else
		r = ctl_fail(c, "unable to read URL \"%s\", %s", url, msg ? msg : strerror(-r));
	k8c_reply_free(reply);
	k8c_client_free(client);
	k8c_config_unref(cfg);
	return r;
}

int url_read(struct ctl *c, const char *url, struct slice *ret) {
	const char *to = url;
	for (unsigned i = 0; i < URL_REDIRECTS_MAX; i++) {
		const char *host = strstr(to, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
		if (!host) return ctl_fail(c, "unable to read URL \"%s\", bad redirect", url);
		const char *server = slash ? ctl_text(c, slice_make(to, (size_t)(slash - to))) : to;
		if (get(c, server, slash ? slash : "/", url, ret, &to)) return 1;
		if (!to) return 0;
		if (to[0] == '/') to = ctl_printf(c, "%s%s", server, to);
	}
	return ctl_fail(c, "unable to read URL \"%s\", stopped after %u redirects", url, URL_REDIRECTS_MAX);
}
