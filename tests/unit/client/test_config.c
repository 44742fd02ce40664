/* SPDX-License-Identifier: Apache-2.0 */
#include "client/config.h"
#include "client/credentials.h"
#include "client/kubeconfig.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char dir[] = "/tmp/k8c-config-XXXXXX";
static char path_buf[8][200];
static int next_path;

static const char *in_dir(const char *name) {
	char *p = path_buf[next_path++ % 8];
	snprintf(p, sizeof(path_buf[0]), "%s/%s", dir, name);
	return p;
}

static const char *write_file(const char *name, const char *text) {
	const char *p = in_dir(name);
	int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return p;
}

static void setup(void) {
	ck_assert_ptr_nonnull(mkdtemp(dir));
	unsetenv("KUBECONFIG");
	unsetenv("KUBERNETES_SERVICE_HOST");
	setenv("HOME", dir, 1);
}
static void teardown(void) {
	char cmd[64];
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

#define FILE_A                                                                                                                             \
	"apiVersion: v1\nkind: Config\ncurrent-context: one\n"                                                                             \
	"contexts:\n- name: one\n  context: {cluster: c, user: u, namespace: work}\n- name: two\n  context: {cluster: nowhere, user: u}\n" \
	"clusters:\n- name: c\n  cluster: {server: 'https://a:1', certificate-authority: ca.pem, tls-server-name: x}\n"                    \
	"users:\n- name: u\n  user: {token: secret, as: boss, as-groups: [g1, g2], client-key-data: aGk=}\n"
#define FILE_B                                                                                                                                          \
	"current-context: other\ncontexts:\n- name: other\n  context: {cluster: d, user: v}\n"                                                          \
	"clusters:\n- name: c\n  cluster: {server: 'https://ignored'}\n- name: d\n  cluster: {server: 'https://b:2', insecure-skip-tls-verify: true}\n" \
	"users:\n- name: v\n  user: {username: u, password: p}\n"

static struct k8c_config *load(struct k8c_config_options o, int want, const char *want_msg) {
	struct k8c_config *c = NULL;
	char *msg = NULL;
	o.size = sizeof(o);
	int r = k8c_config_load(&o, &c, &msg);
	ck_assert_msg(r == want, "%d: %s", r, msg ? msg : "");
	if (want_msg) ck_assert_msg(msg && strstr(msg, want_msg), "%s", msg ? msg : "no message");
	free(msg);
	return c;
}

START_TEST(a_kubeconfig) {
	struct k8c_config *c = load((struct k8c_config_options){ .kubeconfig = write_file("a", FILE_A) }, 0, NULL);
	ck_assert_str_eq(k8c_config_server(c), "https://a:1");
	ck_assert_str_eq(k8c_config_namespace(c), "work");
	ck_assert_str_eq(k8c_config_context(c), "one");
	ck_assert_str_eq(k8c_config_user(c), "u");
	ck_assert_str_eq(c->ca_file, in_dir("ca.pem"));
	ck_assert_str_eq(c->tls_server_name, "x");
	ck_assert_str_eq(c->impersonate_user, "boss");
	ck_assert_str_eq(c->impersonate_groups[1], "g2");
	ck_assert(slice_eqs(c->key_data, "hi"));
	k8c_config_unref(c);
}
END_TEST

START_TEST(the_first_file_wins) {
	char list[500];
	snprintf(list, sizeof(list), "%s:%s:%s", in_dir("missing"), write_file("a", FILE_A), write_file("b", FILE_B));
	setenv("KUBECONFIG", list, 1);
	struct k8c_config *c = load((struct k8c_config_options){ 0 }, 0, NULL);
	ck_assert_str_eq(k8c_config_server(c), "https://a:1");
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .context = "other" }, 0, NULL);
	ck_assert_str_eq(k8c_config_server(c), "https://b:2");
	ck_assert(c->insecure && !strcmp(c->password, "p"));
	k8c_config_unref(c);
}
END_TEST

START_TEST(what_the_caller_says_wins) {
	struct k8c_config *c = load(
		(struct k8c_config_options){
			.kubeconfig = write_file("a", FILE_A), .server = "c:3", .ns = "n", .token = "mine", .insecure = true },
		0, NULL);
	ck_assert_str_eq(k8c_config_server(c), "http://c:3");
	ck_assert_str_eq(k8c_config_namespace(c), "n");
	ck_assert_str_eq(c->token, "mine");
	ck_assert(c->insecure && !c->ca_file);
	k8c_config_unref(c);
}
END_TEST

START_TEST(faults_are_told) {
	load((struct k8c_config_options){ .kubeconfig = in_dir("nope") }, -ENOENT, "nope");
	load((struct k8c_config_options){ .kubeconfig = write_file("bad", "a: [") }, -EBADMSG,
	     "yaml: line 1: did not find expected node content");
	load((struct k8c_config_options){ .kubeconfig = write_file("list", "- 1\n") }, -EBADMSG, "holds no kubeconfig");
	load((struct k8c_config_options){ .kubeconfig = write_file("a", FILE_A), .context = "zzz" }, -ENOENT,
	     "context \"zzz\" does not exist");
	load((struct k8c_config_options){ .kubeconfig = write_file("a", FILE_A), .context = "two" }, -ENOENT,
	     "cluster \"nowhere\" does not exist");
	load((struct k8c_config_options){ .kubeconfig = write_file("a", FILE_A), .user = "zzz" }, -ENOENT,
	     "auth info \"zzz\" does not exist");
	load(
		(struct k8c_config_options){
			.kubeconfig = write_file(
				"d",
				"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: s, certificate-authority-data: '*'}}]") },
		-EBADMSG, "certificate-authority-data: illegal base64 data at input byte 0");
	load((struct k8c_config_options){ 0 }, -ENOENT, "invalid configuration: no configuration has been provided");
}
END_TEST

START_TEST(in_a_pod) {
	struct k8c_config *c;
	char *msg;
	ck_assert_int_eq(k8c_config_in_cluster(dir, &c, &msg), -ENOENT);
	free(msg);
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	write_file("token", "tok\n");
	write_file("ca.crt", "pem");
	write_file("namespace", "here\n");
	ck_assert_int_eq(k8c_config_in_cluster(dir, &c, NULL), 0);
	ck_assert_str_eq(k8c_config_server(c), "https://[fd00::1]:443");
	ck_assert(k8c_config_is_in_cluster(c));
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .service_account_dir = dir }, 0, NULL);
	ck_assert(k8c_config_is_in_cluster(c));
	k8c_config_unref(c);
	load((struct k8c_config_options){ .service_account_dir = dir, .no_in_cluster = true }, -ENOENT, NULL);
}
END_TEST

static const char *header_of(struct k8c_config *cfg, char out[256], int want) {
	struct credentials *c;
	struct buf b = BUF_INIT(200);
	const char *msg = "";
	ck_assert_int_eq(credentials_new(cfg, &env_system, &c), 0);
	int r = credentials_authorization(c, &b, &msg);
	ck_assert_msg(r == want, "%d %s", r, msg);
	if (r == 0) snprintf(out, 256, "%.*s", (int)b.n, b.p ? b.p : "");
	else snprintf(out, 256, "%s", msg);
	buf_done(&b);
	credentials_free(c);
	return out;
}

START_TEST(headers) {
	char out[256];
	struct k8c_config *c = load((struct k8c_config_options){ .kubeconfig = write_file("b", FILE_B) }, 0, NULL);
	ck_assert_str_eq(header_of(c, out, 0), "Basic dTpw");
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .no_kubeconfig = true, .server = "https://x", .token_file = in_dir("nothing") }, 0, NULL);
	ck_assert_ptr_nonnull(strstr(header_of(c, out, -ENOENT), "failed to read token file"));
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .no_kubeconfig = true, .server = "https://x" }, 0, NULL);
	ck_assert_str_eq(header_of(c, out, 0), "");
	k8c_config_unref(c);
}
END_TEST

#define EXEC_FILE(command)                                                                                                                   \
	"current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://s'}}]\n" \
	"users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: " command                                     \
	", args: [one], env: [{name: WHO, value: me}], provideClusterInfo: true, installHint: 'get it'}}}]\n"

START_TEST(exec_plugins) {
	char out[256];
	write_file(
		"plugin",
		"#!/bin/sh\ncase \"$KUBERNETES_EXEC_INFO\" in *https://s*) ;; *) exit 9;; esac\n"
		"echo '{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$WHO-$1'\",\"expirationTimestamp\":\"2100-01-01T00:00:00Z\"}}'\n");
	write_file("failing", "#!/bin/sh\nexit 3\n");
	write_file("mute", "#!/bin/sh\necho '{}'\n");
	struct k8c_config *c = load((struct k8c_config_options){ .kubeconfig = write_file("e", EXEC_FILE("./plugin")) }, 0, NULL);
	ck_assert_str_eq(header_of(c, out, 0), "Bearer me-one");
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .kubeconfig = write_file("e", EXEC_FILE("./failing")) }, 0, NULL);
	ck_assert_ptr_nonnull(strstr(header_of(c, out, -ECHILD), "failed with exit code 3"));
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .kubeconfig = write_file("e", EXEC_FILE("./mute")) }, 0, NULL);
	ck_assert_ptr_nonnull(strstr(header_of(c, out, -EBADMSG), "didn't return a token"));
	k8c_config_unref(c);
	c = load((struct k8c_config_options){ .kubeconfig = write_file("e", EXEC_FILE("k8c-no-such-plugin")) }, 0, NULL);
	ck_assert_ptr_nonnull(strstr(header_of(c, out, -ENOENT), "executable k8c-no-such-plugin not found\n\nget it"));
	k8c_config_unref(c);
}
END_TEST

START_TEST(a_plugin_that_closes_its_output_and_stays_is_ended) {
	char out[256];
	write_file("lingering", "#!/bin/sh\nexec >&-\nexec sleep 1000\n");
	write_file("silent", "#!/bin/sh\nexec sleep 1000\n");
	for (int i = 0; i < 2; i++) {
		const char *file = write_file("e", i ? EXEC_FILE("./silent") : EXEC_FILE("./lingering"));
		struct k8c_config *c = load((struct k8c_config_options){ .kubeconfig = file, .exec_timeout_ms = 200 }, 0, NULL);
		ck_assert_ptr_nonnull(strstr(header_of(c, out, -ETIMEDOUT), "did not finish in time"));
		k8c_config_unref(c);
	}
}
END_TEST

static int64_t fake_now;
static int64_t told_now(void *ctx) { return fake_now; }
static const struct env fake_env = { .now = told_now };

START_TEST(roots_are_read_again_every_minute_and_after_a_refusal) {
	struct slice ca, cert, key;
	struct credentials *cr;
	const char *file = write_file("ca3.pem", "one");
	struct k8c_config *c = load((struct k8c_config_options){ .no_kubeconfig = true, .server = "https://x", .ca_file = file }, 0, NULL);
	fake_now = 1000 * NSEC_PER_SEC;
	ck_assert_int_eq(credentials_new(c, &fake_env, &cr), 0);
	ck_assert_int_eq(credentials_tls(cr, &ca, &cert, &key, NULL), 0);
	ck_assert(!credentials_refused(cr));
	ck_assert_int_eq(credentials_tls(cr, &ca, &cert, &key, NULL), 0);
	write_file("ca3.pem", "two");
	fake_now += 59 * NSEC_PER_SEC;
	ck_assert(!credentials_tls_stale(cr));
	fake_now += 1 * NSEC_PER_SEC;
	ck_assert(credentials_tls_stale(cr));
	ck_assert_int_eq(credentials_tls(cr, &ca, &cert, &key, NULL), 0);
	ck_assert(!credentials_tls_stale(cr));
	write_file("ca3.pem", "three");
	ck_assert(!credentials_tls_stale(cr));
	ck_assert(credentials_refused(cr));
	ck_assert(credentials_tls_stale(cr));
	credentials_free(cr);
	k8c_config_unref(c);
}
END_TEST

START_TEST(changed_files_are_noticed) {
	struct slice ca, cert, key;
	struct credentials *cr;
	const char *file = write_file("ca2.pem", "one");
	struct k8c_config *c = load((struct k8c_config_options){ .no_kubeconfig = true, .server = "https://x", .ca_file = file },
				    0, NULL);
	ck_assert_int_eq(credentials_new(c, &env_system, &cr), 0);
	ck_assert_int_eq(credentials_tls(cr, &ca, &cert, &key, NULL), 0);
	ck_assert(slice_eqs(ca, "one") && cert.n == 0);
	ck_assert(!credentials_tls_changed(cr));
	write_file("ca2.pem", "two");
	ck_assert(credentials_tls_changed(cr));
	credentials_free(cr);
	k8c_config_unref(c);
}
END_TEST

int main(void) {
	Suite *s = suite_create("client/config");
	TCase *t = tcase_create("config");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_kubeconfig);
	tcase_add_test(t, the_first_file_wins);
	tcase_add_test(t, what_the_caller_says_wins);
	tcase_add_test(t, faults_are_told);
	tcase_add_test(t, in_a_pod);
	tcase_add_test(t, headers);
	tcase_add_test(t, exec_plugins);
	tcase_add_test(t, changed_files_are_noticed);
	tcase_add_test(t, a_plugin_that_closes_its_output_and_stays_is_ended);
	tcase_add_test(t, roots_are_read_again_every_minute_and_after_a_refusal);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
