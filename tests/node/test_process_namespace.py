"""shareProcessNamespace: one namespace of processes for a pod's containers, with a first process of its own."""
import os
import pathlib
import signal

from pods import NGINX, PodTest, container, pod, status_of, terminated

SLEEP = container(script="sleep 1000")
PAUSES = "grep -lx pause /proc/[0-9]*/comm 2>/dev/null | wc -l"


class ProcessNamespace(PodTest):
    def shared(self, *containers, **spec):
        self.create(pod("p", *containers, shareProcessNamespace=True, **spec))
        return self.ready("p")

    def pause_id(self):
        return "pause-" + self.get("pods", "p")["metadata"]["uid"]

    def test_containers_see_each_other(self):
        self.shared(SLEEP, container("web", image=NGINX))
        self.assertIn("nginx: master", self.exec("p", "ps", "c"))
        self.assertIn("sleep 1000", self.exec("p", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "web"))
        self.assertEqual(self.exec("p", "tr '\\0' ' ' < /proc/1/cmdline", "c"), "/pause ")
        inodes = {self.exec("p", "readlink /proc/self/ns/pid", c) for c in ("c", "web")}
        self.assertEqual(len(inodes), 1)

    def test_file_systems_are_reached_through_proc(self):
        self.shared(SLEEP, container("web", image=NGINX))
        web = f"/proc/{self.exec('p', 'cat /tmp/nginx.pid', 'web').strip()}/root"
        self.assertIn("Welcome to nginx!", self.exec("p", f"cat {web}/var/www/html/index.html", "c"))
        self.exec("p", f"echo changed > {web}/var/www/html/index.html", "c")
        self.assertEqual(self.exec("p", "cat /var/www/html/index.html", "web"), "changed\n")

    def test_first_process_is_nobody_in_an_empty_root(self):
        self.shared(container(script="sleep 1000", securityContext={"privileged": True}))
        status = self.exec("p", "grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status | tr -s '\\t' ' '")
        none = "0" * 16
        self.assertEqual(status.splitlines(), ["Uid: 65535 65535 65535 65535", f"CapEff: {none}", f"CapBnd: {none}", "NoNewPrivs: 1", "Seccomp: 2"])
        self.assertEqual(self.exec("p", "ls /proc/1/root").split(), ["dev", "pause", "proc", "sys"])
        self.assertIn("Read-only", self.exec("p", "touch /proc/1/root/new 2>&1", check=False))

    def test_orphans_are_reaped(self):
        self.shared(SLEEP)
        self.exec("p", "(sleep 0.1 &) ; true")
        states = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ' Z ' || true"
        self.until(lambda: "sleep 0.1" not in self.exec("p", "ps"), "the orphan has ended")
        self.until(lambda: self.exec("p", states) == "0\n", "no process is left unreaped")

    def test_plain_pods_have_their_own(self):
        self.create(pod("p", SLEEP, container("web", image=NGINX)))
        self.ready("p")
        self.assertNotIn("nginx", self.exec("p", "ps", "c"))
        self.assertEqual(self.exec("p", PAUSES, "c"), "0\n")

    def test_what_a_container_started_ends_with_it(self):
        """Not with the namespace: that goes on."""
        leaves = "(trap '' TERM; while true; do sleep 7777; done) & until test -e /e/go; do sleep 0.1; done; exit 0"
        volumes = {"volumeMounts": [{"name": "e", "mountPath": "/e"}]}
        self.shared(container("c", script=leaves, **volumes), container("other", script="sleep 1000", **volumes),
                    volumes=[{"name": "e", "emptyDir": {}}], restartPolicy="Never")
        self.until(lambda: "7777" in self.exec("p", "ps", "other"), "the child runs")
        self.exec("p", "touch /e/go", "other")
        self.wait("p", lambda p: terminated(p).get("reason") == "Completed", "has ended")
        self.until(lambda: "7777" not in self.exec("p", "ps", "other"), "the child ended with its container")
        self.assertEqual(status_of(self.get("pods", "p"), "other")["restartCount"], 0)

    def test_a_new_namespace_when_the_first_process_ends(self):
        self.shared(SLEEP, container("web", image=NGINX))
        before = self.exec("p", "readlink /proc/self/ns/pid", "c")
        self.exec("p", "kill 1", "c", check=False)
        self.wait("p", lambda p: all(status_of(p, c)["restartCount"] == 1 and status_of(p, c)["ready"] for c in ("c", "web")), "runs again")
        self.event("p", "SandboxChanged", "^Pod sandbox changed")
        self.assertIn("nginx: master", self.exec("p", "ps", "c"))
        self.assertNotEqual(self.exec("p", "readlink /proc/self/ns/pid", "c"), before)

    def test_ephemeral_container_looks_at_its_target(self):
        self.create(pod("p", SLEEP, container("web", image=NGINX)))
        self.ready("p")
        debugger = {**container("debugger", script="sleep 2000"), "targetContainerName": "web"}
        body = {"spec": {"ephemeralContainers": [debugger, {**debugger, "name": "alone", "targetContainerName": ""}]}}
        self.k.api("PATCH", self.path("pods", "p", "/ephemeralcontainers"), body, kind="application/strategic-merge-patch+json", status=200)
        for name in ("debugger", "alone"):
            self.wait("p", lambda p: "running" in status_of(p, name, "ephemeralContainerStatuses")["state"], f"{name} runs")
        seen = self.exec("p", "ps", "debugger")
        self.assertIn("nginx: master", seen)
        self.assertIn("sleep 2000", seen)
        self.assertNotIn("nginx", self.exec("p", "ps", "alone"))

    def test_host_processes(self):
        self.create(pod("p", SLEEP, hostPID=True))
        self.ready("p")
        self.assertEqual(self.exec("p", f"cat /proc/{self.k.process.pid}/comm"), "k8c\n")
        self.assertEqual(self.exec("p", "readlink /proc/self/ns/pid").strip(), os.readlink("/proc/self/ns/pid"))

    def test_survives_the_agent(self):
        self.shared(SLEEP, container("web", image=NGINX))
        before = self.exec("p", "readlink /proc/self/ns/pid", "c")
        self.k.stop(signal.SIGKILL)
        self.k.start()
        self.until(lambda: self.k.kubectl("exec", "-n", self.ns, "p", "-c", "c", "--", "true", check=False).returncode == 0, "answers again")
        self.assertEqual(self.exec("p", "readlink /proc/self/ns/pid", "web"), before)
        self.assertEqual([status_of(self.get("pods", "p"), c)["restartCount"] for c in ("c", "web")], [0, 0])

    def test_nothing_is_left(self):
        self.shared(SLEEP)
        name = self.pause_id()
        bundle = self.k.data / "agent/containers" / name
        self.assertTrue(bundle.is_dir())
        self.delete("p")
        self.assertFalse(bundle.exists())
        self.assertNotIn(name, pathlib.Path("/proc/self/mounts").read_text())
        self.assertEqual(list(pathlib.Path("/sys/fs/cgroup").glob(f"**/{name}")), [])
