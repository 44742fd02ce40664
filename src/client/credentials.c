/* SPDX-License-Identifier: Apache-2.0 */
#include "client/credentials.h"
#include "client/credentials_exec.h"
#include "codec/base64.h"
#include "codec/json.h"

#include <errno.h>
#include <stdio.h>

#define JWT_PAYLOAD_MAX ((size_t)1024 * 1024)

struct credentials {
	struct k8c_config *cfg;
	const struct env *env;
	char *token;           /* from the file */
	int64_t reread_at;     /* seconds, wall clock */
	struct exec_credential exec;
	bool exec_valid;
	struct arena *tls;     /* what the three point into */
	struct slice ca, cert, key;
	bool tls_loaded;
	int64_t tls_reread_at; /* seconds, wall clock */
	char msg[512];
};

int credentials_new(struct k8c_config *cfg, const struct env *env, struct credentials **ret) {
	struct credentials *c = calloc(1, sizeof(*c));
	if (!c) return -ENOMEM;
	c->cfg = k8c_config_ref(cfg);
	c->env = env;
	*ret = c;
	return 0;
}

void credentials_free(struct credentials *c) {
	if (!c) return;
	exec_credential_done(&c->exec);
	arena_free(c->tls);
	k8c_config_unref(c->cfg);
	free(c->token);
	free(c);
}

int64_t credentials_jwt_expiry(struct slice token) {
	_cleanup_arena_ struct arena *a = arena_new(JWT_PAYLOAD_MAX * 8);
	_cleanup_buf_ struct buf b = BUF_INIT(JWT_PAYLOAD_MAX);
	yyjson_mut_doc *doc;
	(void)slice_cut(&token, '.');
	struct slice payload = slice_cut(&token, '.');
	if (!a || !token.p || !payload.n || base64_decode(&b, BASE64_RAW_URL, payload, NULL) < 0) return 0;
	if (json_parse(a, buf_slice(&b), &doc, NULL) < 0) return 0;
	int64_t exp = json_path_int(doc->root, "exp", 0);
	return exp > 0 ? exp : 0;
}

/* ---- token file ---- */

static void plan_reread(struct credentials *c, struct slice token) {
	int64_t now = env_now_sec(c->env), exp = credentials_jwt_expiry(token), wait = CREDENTIALS_REREAD_SECONDS;
	if (exp && (exp - now) / 2 < wait) wait = exp > now ? (exp - now) / 2 : 1;
	c->reread_at = now + (wait > 0 ? wait : 1);
}

static int read_token(struct credentials *c) {
	_cleanup_arena_ struct arena *a = arena_new(CONFIG_FILE_MAX * 4);
	struct slice text;
	int r = a ? config_read_file(a, c->cfg->token_file, &text) : -ENOMEM;
	if (r == 0) {
		while (text.n && strchr("\r\n\t ", text.p[text.n - 1])) text.n--;
		char *t = text.n ? strndup(text.p, text.n) : NULL;
		if (t) {
			free(c->token);
			c->token = t;
			plan_reread(c, text);
			return 0;
		}
		r = text.n ? -ENOMEM : -ENODATA;
	}
	/* An old token is better than none: it may still be good. */
	if (c->token) {
		c->reread_at = env_now_sec(c->env) + 1;
		return 0;
	}
	snprintf(c->msg, sizeof(c->msg), "failed to read token file \"%s\": %s", c->cfg->token_file,
		 r == -ENODATA ? "it is empty" : strerror(-r));
	return r;
}

/* ---- exec plugin ---- */

static int run_exec(struct credentials *c) {
	if (c->exec_valid && (!c->exec.expires || env_now_sec(c->env) < c->exec.expires)) return 0;
	exec_credential_done(&c->exec);
	c->exec_valid = false;
	int r = exec_credential_get(c->cfg, &c->exec, c->msg, sizeof(c->msg));
	c->exec_valid = r == 0;
	return r;
}

/* ---- the header ---- */

static int basic(struct credentials *c, struct buf *b) {
	_cleanup_buf_ struct buf pair = BUF_INIT(1 << 20);
	buf_printf(&pair, "%s:%s", c->cfg->username, c->cfg->password ? c->cfg->password : "");
	buf_puts(b, "Basic ");
	return pair.err ? pair.err : base64_encode(b, BASE64_STD, buf_slice(&pair));
}

static int bearer(struct buf *b, const char *token) {
	buf_puts(b, "Bearer ");
	return buf_puts(b, token);
}

int credentials_authorization(struct credentials *c, struct buf *b, const char **ret_msg) {
	int r = 0;
	if (c->cfg->token_file) {
		if (!c->token || env_now_sec(c->env) >= c->reread_at) r = read_token(c);
		if (r == 0) return bearer(b, c->token);
	} else if (c->cfg->token) {
		return bearer(b, c->cfg->token);
	} else if (c->cfg->username) {
		return basic(c, b);
	} else if (c->cfg->exec) {
		r = run_exec(c);
		if (r == 0 && c->exec.token) return bearer(b, c->exec.token);
	}
	if (r < 0 && ret_msg) *ret_msg = c->msg;
	return r;
}

bool credentials_refused(struct credentials *c) {
	c->reread_at = 0;
	c->exec_valid = false;
	c->tls_reread_at = 0;
	return c->cfg->token_file || (!c->cfg->token && !c->cfg->username && c->cfg->exec) || (c->tls_loaded && credentials_tls_changed(c));
}

/* ---- TLS files ---- */

struct pem { struct slice ca, cert, key; };

static int load_one(struct credentials *c, struct arena *a, struct slice data, const char *file, const char *what,
		    struct slice *ret) {
	*ret = data;
	if (data.n || !file) return 0;
	int r = config_read_file(a, file, ret);
	if (r < 0) snprintf(c->msg, sizeof(c->msg), "unable to read %s %s: %s", what, file, strerror(-r));
	return r;
}

static int load(struct credentials *c, struct arena *a, struct pem *p) {
	int r = load_one(c, a, c->cfg->ca_data, c->cfg->ca_file, "certificate-authority", &p->ca);
	if (r == 0) r = load_one(c, a, c->cfg->cert_data, c->cfg->cert_file, "client-cert", &p->cert);
	if (r == 0) r = load_one(c, a, c->cfg->key_data, c->cfg->key_file, "client-key", &p->key);
	if (r == 0 && c->cfg->exec && !p->cert.n) {
		r = run_exec(c);
		if (r == 0 && c->exec.cert) {
			p->cert = slice_str(c->exec.cert);
			p->key = slice_str(c->exec.key ? c->exec.key : "");
		}
	}
	return r;
}

int credentials_tls(struct credentials *c, struct slice *ca, struct slice *cert, struct slice *key, const char **ret_msg) {
	struct arena *a = arena_new(CONFIG_FILE_MAX * 8);
	struct pem p;
	int r = a ? load(c, a, &p) : -ENOMEM;
	if (r < 0) {
		arena_free(a);
		if (ret_msg) *ret_msg = c->msg;
		return r;
	}
	arena_free(c->tls);
	c->tls = a;
	c->ca = arena_slice_dup(a, p.ca);
	c->cert = arena_slice_dup(a, p.cert);
	c->key = arena_slice_dup(a, p.key);
	if (!c->ca.p || !c->cert.p || !c->key.p) return -ENOMEM;
	c->tls_loaded = true;
	c->tls_reread_at = env_now_sec(c->env) + CREDENTIALS_REREAD_SECONDS;
	*ca = c->ca;
	*cert = c->cert;
	*key = c->key;
	return 0;
}

bool credentials_tls_changed(struct credentials *c) {
	_cleanup_arena_ struct arena *a = arena_new(CONFIG_FILE_MAX * 8);
	struct pem p;
	if (!c->tls_loaded) return true;
	if (!a || load(c, a, &p) < 0) return false;
	return !slice_eq(p.ca, c->ca) || !slice_eq(p.cert, c->cert) || !slice_eq(p.key, c->key);
}

bool credentials_tls_stale(struct credentials *c) {
	int64_t now = env_now_sec(c->env);
	if (c->tls_loaded && now < c->tls_reread_at) return false;
	c->tls_reread_at = now + CREDENTIALS_REREAD_SECONDS;
	return credentials_tls_changed(c);
}
