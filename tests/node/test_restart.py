"""A node agent that goes and comes back: pods stay. And pods that must go."""
import signal

from pods import PodTest, container, pod, status_of

TICK = "i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.2; done"


class Restart(PodTest):
    def survives(self, sig):
        self.create(pod("p", container(script=TICK)))
        before = status_of(self.ready("p"))
        self.until(lambda: "tick 3\n" in self.log("p"), "it ticks")
        status = self.k.stop(sig)
        self.assertEqual(status, 0 if sig == signal.SIGTERM else -signal.SIGKILL)
        self.k.start()
        after = status_of(self.get("pods", "p"))
        self.assertEqual(after["containerID"], before["containerID"])
        seen = len(self.until(lambda: self.k.api("GET", self.path("pods", "p", "/log"))[0] == 200 and self.log("p"), "the log is served again"))
        self.until(lambda: len(self.log("p")) > seen, "the log goes on")
        ticks = [int(line.split()[1]) for line in self.log("p").splitlines()]
        self.assertEqual(ticks, list(range(1, len(ticks) + 1)), "no line is lost")
        self.assertEqual(self.exec("p", "echo still here"), "still here\n")
        after = status_of(self.ready("p"))
        self.assertEqual((after["containerID"], after["state"]["running"]["startedAt"], after["restartCount"]),
                         (before["containerID"], before["state"]["running"]["startedAt"], 0))
        self.delete("p")

    def test_survives_sigterm(self):
        self.survives(signal.SIGTERM)

    def test_survives_sigkill(self):
        self.survives(signal.SIGKILL)

    def test_end_while_the_agent_is_away(self):
        gate = self.k.dir / "gate"
        vols = [{"name": "h", "hostPath": {"path": str(self.k.dir)}}]
        c = container(script="until test -e /h/gate; do sleep 0.1; done; exit 9", volumeMounts=[{"name": "h", "mountPath": "/h"}])
        self.create(pod("p", c, volumes=vols, restartPolicy="Never"))
        self.ready("p")
        self.k.stop(signal.SIGKILL)
        gate.write_text("")
        self.addCleanup(gate.unlink)
        self.k.start()
        p = self.ended("p", "Failed")
        self.assertEqual(status_of(p)["state"]["terminated"]["exitCode"], 9)


class Eviction(PodTest):
    def test_eviction_deletes(self):
        self.create(pod("p", container(script="sleep 1000")))
        self.ready("p")
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p", "namespace": self.ns}}
        status, answer = self.k.api("POST", self.path("pods", "p", "/eviction"), body)
        self.assertEqual((status, answer["status"]), (201, "Success"))
        self.until(lambda: self.get("pods", "p", None) is None, "the pod is gone")
