"""From created to ended: init containers, restarts, ends, probes, images that do not come."""
import re

from pods import BUSYBOX, NGINX, PodTest, condition, container, pod, status_of, terminated, waiting


class Lifecycle(PodTest):
    def test_init_containers_run_in_order(self):
        vols = {"volumes": [{"name": "e", "emptyDir": {}}]}
        m = {"volumeMounts": [{"name": "e", "mountPath": "/e"}]}
        p = pod("p", container(script="echo main >> /e/f; cat /e/f", **m), restartPolicy="Never", **vols,
                initContainers=[container("one", script="sleep 0.3; echo one >> /e/f", **m), container("two", script="echo two >> /e/f", **m)])
        self.assertEqual(self.output(p), "one\ntwo\nmain\n")
        p = self.get("pods", "p")
        self.assertEqual([terminated(p, n, "initContainerStatuses")["reason"] for n in ("one", "two")], ["Completed", "Completed"])
        self.assertEqual(condition(p, "Initialized"), "True")

    def test_failing_init_container_ends_the_pod(self):
        self.create(pod("p", container(script="echo never"), restartPolicy="Never", initContainers=[container("bad", script="exit 3")]))
        p = self.ended("p", "Failed")
        self.assertEqual(terminated(p, "bad", "initContainerStatuses")["exitCode"], 3)
        self.assertEqual(waiting(p)["reason"], "PodInitializing")
        self.assertEqual(condition(p, "Initialized"), "False")

    def test_sidecar_outlives_and_ends(self):
        m = {"volumeMounts": [{"name": "e", "mountPath": "/e"}]}
        side = container("side", script="trap 'exit 0' TERM; echo up > /e/up; while true; do sleep 0.1; done", restartPolicy="Always", **m,
                         startupProbe={"exec": {"command": ["cat", "/e/up"]}, "periodSeconds": 1})
        p = pod("p", container(script="cat /e/up", **m), restartPolicy="Never", initContainers=[side], volumes=[{"name": "e", "emptyDir": {}}])
        self.create(p)
        p = self.ended("p")
        self.assertEqual(self.log("p", "?container=c"), "up\n")
        s = status_of(p, "side", "initContainerStatuses")
        self.assertIn("terminated", s["state"])

    def test_never_restarts(self):
        self.create(pod("p", container(script="exit 7"), restartPolicy="Never"))
        p = self.ended("p", "Failed")
        t = terminated(p)
        self.assertEqual((t["exitCode"], t["reason"], status_of(p)["restartCount"]), (7, "Error", 0))
        self.assertRegex(t["containerID"], r"^[a-z0-9.-]+://[0-9a-f]{12,}$")

    def test_always_restarts_and_backs_off(self):
        self.create(pod("p", container(script="echo run; exit 1")))
        p = self.wait("p", lambda p: waiting(p).get("reason") == "CrashLoopBackOff", "backs off")
        self.assertGreaterEqual(status_of(p)["restartCount"], 1)
        self.assertRegex(waiting(p)["message"], r"^back-off \d+s restarting failed container=c pod=p_" + self.ns + r"\([0-9a-f-]{36}\)$")
        self.assertEqual(terminated(p, which="lastState")["exitCode"], 1)
        self.assertEqual(condition(p, "Ready"), "False")
        self.event("p", "BackOff", r"^Back-off restarting failed container c in pod p_")
        self.assertEqual(self.log("p", "?previous=true"), "run\n")

    def test_on_failure_runs_until_it_is_good(self):
        c = container(script="test -e /e/f && exit 0; touch /e/f; exit 1", volumeMounts=[{"name": "e", "mountPath": "/e"}])
        self.create(pod("p", c, restartPolicy="OnFailure", volumes=[{"name": "e", "emptyDir": {}}]))
        p = self.ended("p")
        self.assertEqual(status_of(p)["restartCount"], 1)
        self.assertEqual(terminated(p)["exitCode"], 0)

    def test_term_then_grace(self):
        script = "trap 'echo got TERM; sleep 0.2; echo bye; exit 0' TERM; echo up; while true; do sleep 0.1; done"
        stubborn = "trap '' TERM; echo up; while true; do sleep 0.1; done"
        self.create(pod("kind", container(script=script), terminationGracePeriodSeconds=20), pod("stubborn", container(script=stubborn)))
        self.ready("kind", "stubborn")
        for name in ("kind", "stubborn"):
            self.until(lambda: "up" in self.log(name), "the trap is set")
        follow = self.k.api  # the log of a pod that ends is read while it ends
        self.k.api("DELETE", self.path("pods", "kind"), status=200)
        text = follow("GET", self.path("pods", "kind", "/log?follow=true"))[1]
        self.assertEqual(text, "up\ngot TERM\nbye\n")
        self.until(lambda: self.get("pods", "kind", None) is None, "the kind one is gone", 15)
        self.k.api("DELETE", self.path("pods", "stubborn"), status=200)
        self.until(lambda: self.get("pods", "stubborn", None) is None, "the stubborn one is killed")

    def test_hooks(self):
        m = {"volumeMounts": [{"name": "e", "mountPath": "/e"}]}
        script = ("until test -e /e/started; do sleep 0.1; done; cat /e/started; trap 'cat /e/stopping; exit 0' TERM;"
                  " while true; do sleep 0.1; done")
        c = container(script=script, **m, lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "echo post > /e/started"]}},
                                 "preStop": {"exec": {"command": ["sh", "-c", "echo pre > /e/stopping"]}}})
        self.create(pod("p", c, terminationGracePeriodSeconds=20, volumes=[{"name": "e", "emptyDir": {}}]))
        self.ready("p")
        self.until(lambda: "post" in self.log("p"), "postStart ran")
        self.k.api("DELETE", self.path("pods", "p"), status=200)
        self.assertEqual(self.k.api("GET", self.path("pods", "p", "/log?follow=true"))[1], "post\npre\n")

    def test_failing_start_hook_ends_the_container(self):
        hook = {"postStart": {"exec": {"command": ["sh", "-c", "echo no; exit 3"]}}}
        self.create(pod("p", container(script="sleep 1000", lifecycle=hook), restartPolicy="Never"))
        self.assertEqual(terminated(self.ended("p", "Failed"))["exitCode"], 137)
        self.event("p", "FailedPostStartHook", "^PostStartHook failed")
        self.event("p", "Killing", "^FailedPostStartHook$")

    def test_termination_message(self):
        self.create(pod("file", container(script="printf 'why it ended' > /dev/termination-log; exit 2"), restartPolicy="Never"),
                    pod("other", container(script="printf elsewhere > /tmp/m", terminationMessagePath="/tmp/m"), restartPolicy="Never"),
                    pod("log", container(script="echo first; echo last; exit 1", terminationMessagePolicy="FallbackToLogsOnError"),
                        restartPolicy="Never"))
        self.assertEqual(terminated(self.ended("file", "Failed"))["message"], "why it ended")
        self.assertEqual(terminated(self.ended("other"))["message"], "elsewhere")
        self.assertEqual(terminated(self.ended("log", "Failed"))["message"], "first\nlast\n")

    def test_active_deadline(self):
        self.create(pod("p", container(script="sleep 1000"), activeDeadlineSeconds=2))
        p = self.ended("p", "Failed")
        self.assertEqual((p["status"]["reason"], p["status"]["message"]),
                         ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"))


class Probes(PodTest):
    def test_liveness_restarts(self):
        c = container(script="touch /tmp/ok; sleep 1; rm /tmp/ok; sleep 1000",
                      livenessProbe={"exec": {"command": ["cat", "/tmp/ok"]}, "periodSeconds": 1, "failureThreshold": 1})
        self.create(pod("p", c))
        p = self.wait("p", lambda p: status_of(p)["restartCount"] >= 1, "is restarted")
        self.assertEqual(terminated(p, which="lastState").get("exitCode"), 137)
        self.event("p", "Unhealthy", r"^Liveness probe failed: cat: can't open '/tmp/ok': No such file or directory")
        self.event("p", "Killing", r"^Container c failed liveness probe, will be restarted$")

    def test_readiness_follows_the_probe(self):
        probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 1}
        c = container(script="sleep 1000", readinessProbe=probe)
        self.create(pod("p", c))
        p = self.wait("p", lambda p: p["status"].get("phase") == "Running", "runs")
        self.event("p", "Unhealthy", r"^Readiness probe failed: ")
        self.assertEqual((condition(p, "Ready"), status_of(p)["ready"]), ("False", False))
        self.exec("p", "touch /tmp/ready")
        self.ready("p")
        self.exec("p", "rm /tmp/ready")
        p = self.wait("p", lambda p: condition(p, "Ready") == "False", "is unready again")
        self.assertEqual(status_of(p)["restartCount"], 0)

    def test_startup_holds_the_others_back(self):
        up = {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1}
        c = container(script="sleep 2; touch /tmp/up; sleep 1000", startupProbe={**up, "failureThreshold": 30},
                      livenessProbe={**up, "failureThreshold": 1})
        self.create(pod("p", c))
        p = self.wait("p", lambda p: p["status"].get("phase") == "Running", "runs")
        self.assertFalse(status_of(p)["started"])
        p = self.ready("p")
        self.assertEqual((status_of(p)["started"], status_of(p)["restartCount"]), (True, 0))

    def test_grpc(self):
        """nginx plays the service: HTTP/2 without TLS, a file with a HealthCheckResponse as the answer to a POST."""
        conf = ("daemon off; pid /tmp/pid; error_log stderr; events {} http { access_log /tmp/asked; server { listen 5000 http2; root /srv;"
                " default_type application/grpc; error_page 405 =200 $uri; location /nothing { return 404; } } }")
        folder = "/srv/grpc.health.v1.Health"

        def serving(name, answer):
            script = f"mkdir -p {folder}; printf '{answer}' > {folder}/Check; echo '{conf}' > /tmp/conf; exec nginx -c /tmp/conf"
            return pod(name, container(image=NGINX, script=script, readinessProbe={"grpc": {"port": 5000, "service": "x"}, "periodSeconds": 1}))
        self.create(serving("good", "\\000\\000\\000\\000\\002\\010\\001"), serving("bad", "\\000\\000\\000\\000\\002\\010\\002"),
                    pod("none", container(script="sleep 1000", readinessProbe={"grpc": {"port": 5000}, "periodSeconds": 1})))
        self.ready("good")
        self.assertIn('"POST /grpc.health.v1.Health/Check HTTP/2.0" 200', self.exec("good", "cat /tmp/asked"))
        self.event("bad", "Unhealthy", r'^Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)$')
        self.event("none", "Unhealthy", r'^Readiness probe failed: timeout: failed to connect service "[0-9.]+:5000" within 1s: ')
        for name in ("bad", "none"):
            self.assertEqual(condition(self.get("pods", name), "Ready"), "False")

    def test_http_and_tcp(self):
        http = container(image=NGINX, readinessProbe={"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1})
        tcp = container(image=NGINX, ports=[{"name": "web", "containerPort": 80}], readinessProbe={"tcpSocket": {"port": "web"}, "periodSeconds": 1})
        bad = container(image=NGINX, readinessProbe={"httpGet": {"path": "/missing", "port": 80}, "periodSeconds": 1})
        self.create(pod("http", http), pod("tcp", tcp), pod("bad", bad))
        self.ready("http", "tcp")
        self.event("bad", "Unhealthy", r"^Readiness probe failed: HTTP probe failed with statuscode: 404$")
        self.assertEqual(condition(self.get("pods", "bad"), "Ready"), "False")


class ImageTrouble(PodTest):
    def reason(self, name, *reasons):
        return waiting(self.wait(name, lambda p: waiting(p).get("reason") in reasons, f"waits with {reasons}"))

    def test_no_such_image(self):
        self.create(pod("p", container(image="no-such-image:1")))
        self.reason("p", "ErrImagePull", "ImagePullBackOff")
        w = self.reason("p", "ImagePullBackOff")
        self.assertTrue(w["message"].startswith('Back-off pulling image "no-such-image:1"'), w["message"])
        self.event("p", "Pulling", r'^Pulling image "no-such-image:1"$')
        self.event("p", "Failed", r'^Failed to pull image "no-such-image:1": ')
        self.event("p", "Failed", r"^Error: ErrImagePull$")
        self.event("p", "Failed", r"^Error: ImagePullBackOff$")
        self.event("p", "BackOff", r'^Back-off pulling image "no-such-image:1"')
        self.assertEqual(self.get("pods", "p")["status"]["phase"], "Pending")

    def test_never_pulled(self):
        self.create(pod("p", container(image="radial/never:1", imagePullPolicy="Never")))
        w = self.reason("p", "ErrImageNeverPull")
        self.assertEqual(w["message"], 'Container image "radial/never:1" is not present with pull policy of Never')
        self.event("p", "ErrImageNeverPull", r'^Container image "radial/never:1" is not present with pull policy of Never$')

    def test_invalid_name(self):
        self.create(pod("p", container(image="UPPER/Case")))
        w = self.reason("p", "InvalidImageName")
        self.assertRegex(w["message"], r'^Failed to apply default image tag "UPPER/Case": ')
        self.event("p", "InspectFailed", r'^Failed to apply default image tag "UPPER/Case": ')

    def test_pulled_once_then_present(self):
        self.create(pod("one", container(image=BUSYBOX, script="sleep 1000")))
        self.ready("one")
        self.create(pod("two", container(image=BUSYBOX, script="sleep 1000")))
        p = self.ready("two")
        self.event("two", "Pulled", r'^Container image "busybox:1.36" already present on machine$')
        self.event("two", "Created", r"^Created container: c$")
        self.event("two", "Started", r"^Started container c$")
        s = status_of(p)
        self.assertEqual(s["image"], "docker.io/library/busybox:1.36")
        self.assertTrue(re.search(r"sha256:[0-9a-f]{64}$", s["imageID"]), s["imageID"])

    def test_no_such_command(self):
        self.create(pod("p", {"name": "c", "image": BUSYBOX, "command": ["/no/such/program"]}, restartPolicy="Never"))
        t = terminated(self.ended("p", "Failed"))
        self.assertEqual((t["reason"], t["exitCode"]), ("StartError", 128))
        self.assertRegex(t["message"], "no such file or directory|No such file or directory")
