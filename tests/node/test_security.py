"""securityContext and resources: what the process inside finds."""
from pods import PodTest, container, pod, terminated, waiting

CGROUP = "cat /sys/fs/cgroup/{v2} 2>/dev/null || cat /sys/fs/cgroup/{v1}"


class Security(PodTest):
    def one(self, name, script, pod_context=None, **context):
        return pod(name, container(script=script, securityContext=context), restartPolicy="Never", securityContext=pod_context or {})

    def result(self, name, want, phase="Succeeded"):
        self.ended(name, phase)
        self.assertEqual(self.log(name), want)

    def test_users_and_groups(self):
        self.create(self.one("pod-level", "id -u; id -g; id -G", {"runAsUser": 1001, "runAsGroup": 1002, "supplementalGroups": [7]}),
                    self.one("container-wins", "id -u; id -g", {"runAsUser": 1001, "runAsGroup": 1002}, runAsUser=5, runAsGroup=6))
        self.result("pod-level", "1001\n1002\n1002 7\n")
        self.result("container-wins", "5\n6\n")

    def test_non_root_refuses_root(self):
        self.create(pod("p", container(script="id", securityContext={"runAsNonRoot": True})))
        p = self.wait("p", lambda p: waiting(p).get("reason") == "CreateContainerConfigError", "is refused")
        self.assertIn("container has runAsNonRoot and image will run as root", waiting(p)["message"])

    def test_capabilities(self):
        caps = "grep CapEff /proc/self/status | cut -f2"
        self.create(self.one("plain", caps), self.one("drop", caps, capabilities={"drop": ["ALL"]}),
                    self.one("add", caps, capabilities={"drop": ["ALL"], "add": ["NET_ADMIN", "CHOWN"]}),
                    self.one("user", caps, runAsUser=1000))
        self.result("plain", "00000000a80425fb\n")
        self.result("drop", "0000000000000000\n")
        self.result("add", "0000000000001001\n")
        self.result("user", "0000000000000000\n")

    def test_read_only_root(self):
        self.create(self.one("p", "touch /f; touch /dev/shm/f && echo shm", readOnlyRootFilesystem=True))
        self.result("p", "touch: /f: Read-only file system\nshm\n")

    def test_privilege_escalation(self):
        script = "grep NoNewPrivs /proc/self/status | cut -f2"
        self.create(self.one("may", script), self.one("not", script, allowPrivilegeEscalation=False))
        self.result("may", "0\n")
        self.result("not", "1\n")

    def test_privileged(self):
        script = "ip link set lo mtu 1400 2>/dev/null && echo link; mount -t tmpfs none /mnt 2>/dev/null && echo mount"
        self.create(self.one("plain", "mkdir /mnt; " + script + "; true"), self.one("privileged", "mkdir /mnt; " + script, privileged=True))
        self.result("plain", "")
        self.result("privileged", "link\nmount\n")

    def test_seccomp(self):
        script = "grep ^Seccomp: /proc/self/status | cut -f2"
        self.create(self.one("none", script), self.one("default", script, seccompProfile={"type": "RuntimeDefault"}))
        self.result("none", "0\n")
        self.result("default", "2\n")

    def test_limits_are_cgroup_limits(self):
        memory = CGROUP.format(v2="memory.max", v1="memory/memory.limit_in_bytes")
        c = container(script=memory, resources={"limits": {"memory": "48Mi", "cpu": "500m"}})
        p = pod("p", c, restartPolicy="Never")
        self.assertEqual(self.output(p), f"{48 << 20}\n")
        self.assertEqual(self.get("pods", "p")["status"]["qosClass"], "Guaranteed")

    def test_out_of_memory(self):
        c = container(script="x=a; while true; do x=$x$x; done", resources={"limits": {"memory": "24Mi"}})
        self.create(pod("p", c, restartPolicy="Never"))
        t = terminated(self.ended("p", "Failed"))
        self.assertEqual((t["reason"], t["exitCode"]), ("OOMKilled", 137))
