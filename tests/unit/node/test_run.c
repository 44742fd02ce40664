/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent against a small API inside the process, running real containers (busybox) through conmon and the OCI runtime,
 * with network and volumes. Needs root and the tools scripts/setup installs; skipped with a sentence otherwise.
 */
#include "fake_api.h"

#include "client/attach.h"
#include "codec/json.h"
#include "node/agent.h"
#include "node/files.h"
#include "node/runtime/detect.h"

#include <check.h>
#include <stdio.h>
#include <sys/stat.h>

#define BRIDGE "k8ct7"
#define CIDR "10.217.77.0/24"
#define WAIT_MS 20000

static char data[256];
static struct loop *loop;
static struct fake_api *api;
static struct k8c_client *client;
static struct node_agent *agent;

static void shell(const char *fmt, ...) k8c_printf(1, 2);
static void shell(const char *fmt, ...) {
	char command[4096];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	ck_assert_msg(system(command) == 0, "failed: %s", command);
}

static void agent_begin(void) {
	char *why = NULL, images[300];
	snprintf(images, sizeof(images), "%s/images", data);
	struct node_agent_options o = { .node_name = "n1", .data_dir = data, .image_dir = images, .cluster_dns = "10.96.0.10", .pod_cidr = CIDR,
					.service_cidr = "10.96.0.0/16", .bridge = BRIDGE, .no_masquerade = true, .port = 10250 };
	int r = node_agent_new(loop, client, &o, &agent, &why);
	ck_assert_msg(r == 0, "agent: %s", why);
}

static void client_begin(void) {
	struct k8c_client_options co = { .size = sizeof(co), .transport = &fake_api_transport, .transport_ctx = api };
	ck_assert_int_eq(client_new_on_loop(loop, NULL, NULL, &co, &client, NULL), 0);
}

static void clean(void) {
	char command[600];
	if (access(data, F_OK) == 0) (void)node_agent_cleanup(data, BRIDGE);
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", data);
	if (system(command) != 0) fprintf(stderr, "%s could not be removed\n", data);
}

static void setup(void) {
	clean(); /* what a test before this one left when it failed */
	shell("mkdir -p %s/images %s/root/bin %s/root/etc && cp /bin/busybox %s/root/bin/ && cd %s/root/bin && for i in sh ls cat sleep env id hostname stat wget nc httpd true mkdir test; do ln -sf busybox $i; done; "
	      "echo 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh' > %s/root/etc/passwd", data, data, data, data, data, data);
	/* An image archive by hand: one layer, a configuration, a manifest. */
	shell("cd %s && tar -C root -cf layer.tar . && d=$(sha256sum layer.tar | cut -d' ' -f1) && "
	      "printf '{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"FROM_IMAGE=yes\"],\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%%s\"]}}' $d > config.json && "
	      "printf '[{\"Config\":\"config.json\",\"RepoTags\":[\"test/busybox:1\"],\"Layers\":[\"layer.tar\"]}]' > manifest.json && "
	      "tar -cf images/busybox.tar config.json manifest.json layer.tar", data);
	ck_assert_int_eq(loop_new(&loop), 0);
	api = fake_api_new(loop);
	fake_api_put(api, "services", "{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\"},\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"name\":\"https\",\"port\":443,\"protocol\":\"TCP\"}]}}");
	fake_api_put(api, "configmaps", "{\"metadata\":{\"name\":\"kube-root-ca.crt\",\"namespace\":\"default\"},\"data\":{\"ca.crt\":\"CERTIFICATE\"}}");
	client_begin();
	agent_begin();
}

static void agent_end(void) {
	node_agent_free(TAKE_PTR(agent));
}

static void teardown(void) {
	agent_end();
	k8c_client_free(client);
	loop_free(loop);
	fake_api_free(api);
	ck_assert_int_eq(node_agent_cleanup(data, BRIDGE), 0);
	char command[600];
	snprintf(command, sizeof(command), "grep -q %s /proc/mounts", data);
	ck_assert_msg(system(command) != 0, "a mount is left");
	ck_assert_msg(system("ip link show " BRIDGE " >/dev/null 2>&1") != 0, "the bridge is left");
	shell("rm -rf %s", data);
}

static void alarm_stop(void *l) { loop_break(l); }

/* Runs the loop until the condition holds. */
static bool wait_until(bool (*holds)(const void *), const void *arg) {
	struct loop_timer *t = loop_timer_start(loop, 50, 50, alarm_stop, loop);
	bool ok = false;
	for (int i = 0; i < WAIT_MS / 50 && !(ok = holds(arg)); i++) loop_run(loop, UV_RUN_DEFAULT);
	loop_timer_stop(t);
	return ok;
}

struct want {
	const char *pod, *path, *value;
};

/* A member of the pod's object, "a.0.b" with numbers for list elements. */
static struct slice pod_value(struct arena *a, const char *pod, const char *path) {
	const char *json = fake_api_get(api, "pods", "default", pod);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	if (!json || json_parse(a, slice_str(json), &doc, &err) < 0) return SLICE_NULL;
	yyjson_mut_val *v = yyjson_mut_doc_get_root(doc);
	struct slice rest = slice_str(path);
	while (v && rest.p) {
		struct slice e = slice_cut(&rest, '.');
		uint64_t index;
		v = slice_uint(e, 1000, &index) == 0 ? yyjson_mut_arr_get(v, index) : json_getn(v, e);
	}
	if (yyjson_mut_is_bool(v)) return yyjson_mut_get_bool(v) ? SLICE_LIT("true") : SLICE_LIT("false");
	if (yyjson_mut_is_int(v)) return slice_str(arena_printf(a, "%lld", (long long)yyjson_mut_get_sint(v)));
	return json_str(v);
}

static bool has_value(const void *arg) {
	const struct want *w = arg;
	_cleanup_arena_ struct arena *a = arena_new(0);
	return slice_eqs(pod_value(a, w->pod, w->path), w->value);
}

static void expect(const char *pod, const char *path, const char *value) {
	struct want w = { pod, path, value };
	if (wait_until(has_value, &w)) return;
	fprintf(stderr, "%s\nevents:\n%s\n", fake_api_get(api, "pods", "default", pod), fake_api_events(api));
	ck_abort_msg("%s: %s is not %s", pod, path, value);
}

static bool is_gone(const void *pod) { return !fake_api_get(api, "pods", "default", pod); }
static bool was_told(const void *reason) { return fake_api_event(api, reason); }
static bool agent_is_empty(const void *unused) { return node_agent_pod_count(agent) == 0; }

static void put_pod(const char *name, const char *spec) {
	char json[8192];
	snprintf(json, sizeof(json), "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\",\"uid\":\"uid-%s\",\"generation\":1},\"spec\":{\"nodeName\":\"n1\",\"serviceAccountName\":\"default\",%s}}", name,
		 name, spec);
	fake_api_put(api, "pods", json);
}

/* Marks it deleted as the API server does. */
static void delete_pod(const char *name, int grace) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(json_parse(a, slice_str(fake_api_get(api, "pods", "default", name)), &doc, &err), 0);
	yyjson_mut_val *meta = json_get(yyjson_mut_doc_get_root(doc), "metadata");
	json_set_str(doc, meta, "deletionTimestamp", SLICE_LIT("2026-01-01T00:00:00Z"));
	json_set_int(doc, meta, "deletionGracePeriodSeconds", grace);
	json_write(&b, yyjson_mut_doc_get_root(doc));
	buf_putc(&b, 0);
	fake_api_put(api, "pods", b.p);
}

static char *log_text(const char *pod, const char *container) {
	struct node_container_view v;
	const char *why;
	static char text[65536];
	ck_assert_msg(node_agent_find(agent, SLICE_LIT("default"), slice_str(pod), slice_str(container), false, &v, &why) == 0, "%s", why);
	FILE *f = fopen(v.log_path, "re");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	return text;
}

static void expect_log(const char *log, const char *part) {
	if (strstr(log, part)) return;
	/* Check cuts long messages. */
	fprintf(stderr, "%s\n", log);
	ck_abort_msg("no \"%s\" in the log above", part);
}

#define SA_VOLUME                                                                                                                            \
	"\"volumes\":[{\"name\":\"api\",\"projected\":{\"defaultMode\":420,\"sources\":[{\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token\"}}," \
	"{\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":\"ca.crt\",\"path\":\"ca.crt\"}]}},"                                  \
	"{\"downwardAPI\":{\"items\":[{\"path\":\"namespace\",\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.namespace\"}}]}}]}}]"
#define SA_MOUNT "\"volumeMounts\":[{\"name\":\"api\",\"readOnly\":true,\"mountPath\":\"/var/run/secrets/kubernetes.io/serviceaccount\"}]"

START_TEST(a_pod_runs_with_its_credentials_and_ends) {
	put_pod("plain", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\"," SA_MOUNT ","
		"\"env\":[{\"name\":\"MINE\",\"value\":\"$(KUBERNETES_SERVICE_HOST)-x\"}],"
		"\"command\":[\"sh\",\"-c\",\"env; cd /var/run/secrets/kubernetes.io/serviceaccount; ls -la; cat token namespace ca.crt; echo; cat /etc/resolv.conf /etc/hosts /etc/hostname; hostname; echo bye > /dev/termination-log; exit 3\"]}]," SA_VOLUME);
	expect("plain", "status.phase", "Failed");
	expect("plain", "status.containerStatuses.0.state.terminated.exitCode", "3");
	expect("plain", "status.containerStatuses.0.state.terminated.reason", "Error");
	expect("plain", "status.containerStatuses.0.state.terminated.message", "bye\n");
	const char *log = log_text("plain", "c");
	expect_log(log, "FROM_IMAGE=yes");
	expect_log(log, "KUBERNETES_SERVICE_HOST=10.96.0.1");
	expect_log(log, "MINE=10.96.0.1-x");
	expect_log(log, "HOSTNAME=plain");
	expect_log(log, "token -> ..data/token");
	expect_log(log, "token-1");
	expect_log(log, "CERTIFICATE\n");
	expect_log(log, "search default.svc.cluster.local svc.cluster.local cluster.local");
	expect_log(log, "nameserver 10.96.0.10");
	expect_log(log, "# Kubernetes-managed hosts file.");
	expect_log(log, "10.217.77.");
	ck_assert(wait_until(was_told, "Pulled") && wait_until(was_told, "Created") && wait_until(was_told, "Started"));
	delete_pod("plain", 30);
	ck_assert(wait_until(is_gone, "plain"));
	ck_assert(wait_until(agent_is_empty, NULL));
}
END_TEST

START_TEST(a_running_pod_is_deleted_with_its_signal) {
	put_pod("run", "\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"IfNotPresent\","
		"\"command\":[\"sh\",\"-c\",\"trap 'echo terminated; exit 0' TERM; echo up; while :; do sleep 0.1; done\"]}]");
	expect("run", "status.phase", "Running");
	expect("run", "status.conditions.2.status", "True");
	expect("run", "status.containerStatuses.0.ready", "true");
	delete_pod("run", 30);
	ck_assert(wait_until(is_gone, "run"));
	ck_assert(wait_until(was_told, "Killing"));
	ck_assert(wait_until(agent_is_empty, NULL));
}
END_TEST

START_TEST(init_containers_come_first_and_ended_ones_come_back) {
	put_pod("init", "\"restartPolicy\":\"Always\",\"volumes\":[{\"name\":\"d\",\"emptyDir\":{}}],"
		"\"initContainers\":[{\"name\":\"i\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"volumeMounts\":[{\"name\":\"d\",\"mountPath\":\"/d\"}],\"command\":[\"sh\",\"-c\",\"echo made > /d/f\"]}],"
		"\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"volumeMounts\":[{\"name\":\"d\",\"mountPath\":\"/d\"}],\"command\":[\"sh\",\"-c\",\"cat /d/f; sleep 0.2; exit 1\"]}]");
	expect("init", "status.initContainerStatuses.0.state.terminated.reason", "Completed");
	expect("init", "status.containerStatuses.0.restartCount", "1");
	expect("init", "status.containerStatuses.0.state.waiting.reason", "CrashLoopBackOff");
	expect("init", "status.containerStatuses.0.lastState.terminated.exitCode", "1");
	expect_log(log_text("init", "c"), "made");
	delete_pod("init", 0);
	ck_assert(wait_until(is_gone, "init"));
}
END_TEST

START_TEST(what_users_set_reaches_the_container) {
	fake_api_put(api, "configmaps", "{\"metadata\":{\"name\":\"conf\",\"namespace\":\"default\"},\"data\":{\"a\":\"from-configmap\"}}");
	fake_api_put(api, "secrets", "{\"metadata\":{\"name\":\"sec\",\"namespace\":\"default\"},\"data\":{\"p\":\"c2VjcmV0LXZhbHVl\"}}");
	put_pod("set", "\"restartPolicy\":\"Never\",\"hostname\":\"named\",\"subdomain\":\"sub\",\"securityContext\":{\"runAsUser\":1000,\"fsGroup\":2000,\"sysctls\":[{\"name\":\"net.ipv4.ip_unprivileged_port_start\",\"value\":\"77\"}]},"
		"\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"workingDir\":\"/work\","
		"\"resources\":{\"limits\":{\"memory\":\"64Mi\",\"cpu\":\"500m\"}},"
		"\"securityContext\":{\"readOnlyRootFilesystem\":true,\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"],\"add\":[\"KILL\"]},\"seccompProfile\":{\"type\":\"RuntimeDefault\"}},"
		"\"env\":[{\"name\":\"CM\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"conf\",\"key\":\"a\"}}},{\"name\":\"SEC\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"sec\",\"key\":\"p\"}}},"
		"{\"name\":\"IP\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}},{\"name\":\"LIM\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.memory\"}}}],"
		"\"volumeMounts\":[{\"name\":\"mem\",\"mountPath\":\"/mem\"},{\"name\":\"disk\",\"mountPath\":\"/disk\",\"subPath\":\"in/side\"},{\"name\":\"cm\",\"mountPath\":\"/cm\"},{\"name\":\"cm\",\"mountPath\":\"/one\",\"subPath\":\"a\"},{\"name\":\"sec\",\"mountPath\":\"/sec\"}],"
		"\"command\":[\"sh\",\"-c\",\"pwd; id; cat /proc/1/status; echo env $CM $SEC $LIM $IP; (echo x > /rofs) 2>&1; echo y > /mem/f && echo mem-ok; echo y > /disk/f && echo disk-ok; stat -c '%U %g %a' /disk/f; "
		"cat /cm/a; cat /one; cat /sec/p; echo; (echo x > /cm/b) 2>&1; cat /proc/1/mounts; hostname; cat /etc/hosts; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ls /proc/1/fd\"]}],"
		"\"volumes\":[{\"name\":\"mem\",\"emptyDir\":{\"medium\":\"Memory\",\"sizeLimit\":\"1Mi\"}},{\"name\":\"disk\",\"emptyDir\":{}},{\"name\":\"cm\",\"configMap\":{\"name\":\"conf\",\"defaultMode\":420}},{\"name\":\"sec\",\"secret\":{\"secretName\":\"sec\",\"defaultMode\":256}}]");
	expect("set", "status.phase", "Succeeded");
	static const char *const parts[] = { "F /work\n", "uid=1000(web) gid=1000 groups=1000,2000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000020", "NoNewPrivs:\t1", "Seccomp:\t2",
		"env from-configmap secret-value 67108864 10.217.77.", "can't create /rofs: Read-only file system", "mem-ok", "disk-ok", "from-configmap", "secret-value",
		"can't create /cm/b: Read-only file system", "F named\n", "named.sub.default.svc.cluster.local\tnamed", "F 77\n" };
	const char *log = log_text("set", "c");
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) expect_log(log, parts[i]);
	ck_assert_ptr_null(strstr(log, "F 4\n")); /* descriptors beyond ls's own would be leaks */
}
END_TEST

START_TEST(probes_and_hooks_run) {
	put_pod("probed", "\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":5,"
		"\"initContainers\":[{\"name\":\"side\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"restartPolicy\":\"Always\",\"command\":[\"sh\",\"-c\",\"trap 'exit 0' TERM; while :; do sleep 0.1; done\"],"
		"\"startupProbe\":{\"exec\":{\"command\":[\"true\"]},\"periodSeconds\":1}}],"
		"\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\","
		"\"command\":[\"sh\",\"-c\",\"trap 'exit 0' TERM; mkdir /www; echo hello > /www/index.html; httpd -p 8080 -h /www; while :; do sleep 0.1; done\"],"
		"\"ports\":[{\"name\":\"web\",\"containerPort\":8080}],"
		"\"lifecycle\":{\"postStart\":{\"exec\":{\"command\":[\"sh\",\"-c\",\"echo post > /tmp-post\"]}},\"preStop\":{\"exec\":{\"command\":[\"sh\",\"-c\",\"echo stopping > /proc/1/fd/1\"]}}},"
		"\"readinessProbe\":{\"httpGet\":{\"port\":\"web\",\"path\":\"/\"},\"periodSeconds\":1},"
		"\"livenessProbe\":{\"exec\":{\"command\":[\"sh\",\"-c\",\"test -f /www/index.html || { echo lost; exit 1; }\"]},\"periodSeconds\":1,\"failureThreshold\":1}},"
		"{\"name\":\"d\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"command\":[\"sh\",\"-c\",\"trap 'exit 0' TERM; while :; do sleep 0.1; done\"],"
		"\"readinessProbe\":{\"tcpSocket\":{\"port\":9},\"periodSeconds\":1,\"failureThreshold\":1}}]");
	expect("probed", "status.initContainerStatuses.0.started", "true");
	expect("probed", "status.containerStatuses.0.ready", "true");
	expect("probed", "status.containerStatuses.1.ready", "false");
	expect("probed", "status.conditions.2.reason", "ContainersNotReady");
	ck_assert(wait_until(was_told, "Unhealthy"));
	struct node_container_view v;
	const char *why;
	ck_assert_int_eq(node_agent_find(agent, SLICE_LIT("default"), SLICE_LIT("probed"), SLICE_LIT("c"), false, &v, &why), 0);
	shell("rm %s/agent/containers/%s/rootfs/www/index.html", data, v.id);
	expect("probed", "status.containerStatuses.0.restartCount", "1");
	expect("probed", "status.containerStatuses.0.ready", "true");
	delete_pod("probed", 5);
	ck_assert(wait_until(is_gone, "probed"));
	ck_assert(wait_until(agent_is_empty, NULL));
}
END_TEST

START_TEST(containers_survive_a_restart_of_the_agent) {
	put_pod("stay", "\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\","
		"\"command\":[\"sh\",\"-c\",\"trap 'exit 0' TERM; while :; do sleep 0.1; done\"]}]");
	put_pod("lost", "\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":1,\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\","
		"\"command\":[\"sleep\",\"1000\"]}]");
	expect("stay", "status.phase", "Running");
	expect("lost", "status.phase", "Running");
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *id = arena_slice_str(a, pod_value(a, "stay", "status.containerStatuses.0.containerID"));
	agent_end();
	fake_api_remove(api, "pods", "default", "lost");
	agent_begin();
	struct want w = { "stay", "status.containerStatuses.0.ready", "true" };
	ck_assert(wait_until(has_value, &w));
	for (int i = 0; i < 20; i++) loop_run(loop, UV_RUN_NOWAIT), usleep(20000);
	ck_assert(slice_eqs(pod_value(a, "stay", "status.containerStatuses.0.containerID"), id));
	ck_assert(slice_eqs(pod_value(a, "stay", "status.containerStatuses.0.restartCount"), "0"));
	fake_api_put(api, "configmaps", "{\"metadata\":{\"name\":\"other\",\"namespace\":\"default\"},\"data\":{}}");
	delete_pod("stay", 5);
	ck_assert(wait_until(is_gone, "stay"));
	ck_assert(wait_until(agent_is_empty, NULL));
}
END_TEST

START_TEST(what_cannot_run_says_why) {
	put_pod("bad1", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"Upper/Case\",\"imagePullPolicy\":\"Never\"}]");
	put_pod("bad2", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"absent:1\",\"imagePullPolicy\":\"Never\"}]");
	put_pod("bad3", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"command\":[\"/nope\"]}]");
	put_pod("bad4", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"127.0.0.1:1/x:1\",\"imagePullPolicy\":\"Always\"}]");
	put_pod("bad5", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"resources\":{\"requests\":{\"cpu\":\"500\"}}}]");
	put_pod("bad6", "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"test/busybox:1\",\"imagePullPolicy\":\"Never\",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"none\",\"key\":\"k\"}}}]}]");
	expect("bad1", "status.containerStatuses.0.state.waiting.reason", "InvalidImageName");
	expect("bad2", "status.containerStatuses.0.state.waiting.reason", "ErrImageNeverPull");
	expect("bad2", "status.containerStatuses.0.state.waiting.message", "Container image \"absent:1\" is not present with pull policy of Never");
	expect("bad3", "status.containerStatuses.0.state.terminated.reason", "StartError");
	expect("bad3", "status.phase", "Failed");
	expect("bad4", "status.containerStatuses.0.state.waiting.reason", "ErrImagePull");
	expect("bad4", "status.containerStatuses.0.state.waiting.reason", "ImagePullBackOff");
	expect("bad5", "status.reason", "OutOfcpu");
	expect("bad5", "status.phase", "Failed");
	expect("bad6", "status.containerStatuses.0.state.waiting.reason", "CreateContainerConfigError");
	expect("bad6", "status.containerStatuses.0.state.waiting.message", "configmap \"none\" not found");
	/* The ConfigMap comes later: the container begins. */
	fake_api_put(api, "configmaps", "{\"metadata\":{\"name\":\"none\",\"namespace\":\"default\"},\"data\":{\"k\":\"v\"}}");
	expect("bad6", "status.phase", "Succeeded");
}
END_TEST

static bool tools_are_there(void) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct runtime_facts f;
	const char *why = NULL;
	if (runtime_detect(a, "", NULL, &f, &why) == 0 && access("/bin/busybox", X_OK) == 0) return true;
	printf("skipped: %s\n", why ? why : "busybox-static is missing");
	return false;
}

int main(void) {
	if (!tools_are_there()) return 77;
	snprintf(data, sizeof(data), "/tmp/k8c-node-test-%d", (int)getpid());
	Suite *s = suite_create("node-run");
	TCase *t = tcase_create("containers");
	tcase_set_timeout(t, 120);
	tcase_add_unchecked_fixture(t, NULL, clean);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_pod_runs_with_its_credentials_and_ends);
	tcase_add_test(t, a_running_pod_is_deleted_with_its_signal);
	tcase_add_test(t, init_containers_come_first_and_ended_ones_come_back);
	tcase_add_test(t, what_users_set_reaches_the_container);
	tcase_add_test(t, probes_and_hooks_run);
	tcase_add_test(t, containers_survive_a_restart_of_the_agent);
	tcase_add_test(t, what_cannot_run_says_why);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
