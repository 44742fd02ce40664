"""The examples of libk8c do what they say: programs with nothing but a ServiceAccount's files, on a server that comes and goes."""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

from cluster import BUILD, Cluster

EXAMPLES = BUILD / "examples"
WITHIN = 60
READERS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: examples}
rules:
- {apiGroups: [""], resources: [pods], verbs: [list, watch]}
- {apiGroups: [""], resources: [configmaps], verbs: [get, list, watch, update]}
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: examples}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: examples}
subjects: [{kind: ServiceAccount, name: robot, namespace: default}]
"""


class Program:
    """One that runs on, line by line."""

    def __init__(self, env, *argv):
        self.process = subprocess.Popen([str(EXAMPLES / argv[0]), *argv[1:]], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.text = ""

    def until(self, pattern, start=0):
        """Reads on until a line of the text from `start` matches; where the text ends then."""
        end = time.monotonic() + WITHIN
        while not re.search(pattern, self.text[start:], re.M):
            ready = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]
            chunk = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not chunk:
                raise AssertionError(f"{pattern!r} never came: {self.text!r}")
            self.text += chunk.decode()
        return len(self.text)

    def say(self, line=""):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def end(self, sig=signal.SIGTERM):
        """Its exit status. May be called again."""
        if self.process.stdout.closed:
            return self.process.returncode
        if self.process.poll() is None:
            self.process.send_signal(sig)
        self.process.stdin.close()
        status = self.process.wait(WITHIN)
        self.text += self.process.stdout.read().decode()
        self.process.stdout.close()
        return status


class Examples(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster("--no-agent", "--listen", "127.0.0.1:0").start()
        self.addCleanup(self.cluster.remove)
        self.addCleanup(self.cluster.stop)
        self.port = self.cluster.url.rsplit(":", 1)[1]
        self.account = self.cluster.dir / "account"
        self.account.mkdir()
        self.cluster.kubectl("create", "serviceaccount", "robot")
        shutil.copy(self.cluster.data / "pki" / "ca.crt", self.account / "ca.crt")
        (self.account / "namespace").write_text("default")
        self.new_token("first")
        self.env = {**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": self.port,
                    "SERVICE_ACCOUNT_DIR": str(self.account)}

    def new_token(self, secret):
        """One that lives as long as the Secret it is bound to."""
        self.cluster.kubectl("create", "secret", "generic", secret)
        token = self.cluster.kubectl("create", "token", "robot", "--bound-object-kind", "Secret", "--bound-object-name", secret).stdout
        fresh = self.account / "token.new"
        fresh.write_text(token)
        fresh.rename(self.account / "token")

    def grant(self):
        self.cluster.kubectl("create", "-f", "-", input=READERS)

    def run_example(self, *argv):
        return subprocess.run([str(EXAMPLES / argv[0]), *argv[1:]], env=self.env, capture_output=True, text=True, timeout=WITHIN)

    def program(self, *argv):
        p = Program(self.env, *argv)
        self.addCleanup(p.end)
        return p

    def pod(self, name):
        self.cluster.kubectl("create", "-f", "-", input=json.dumps({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}}))

    def restart(self):
        self.cluster.stop()
        self.cluster.flags = ["--no-agent", "--listen", f"127.0.0.1:{self.port}"]
        self.cluster.start()

    def test_list_pods(self):
        done = self.run_example("list-pods")
        self.assertEqual(done.returncode, 1)
        self.assertIn('Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:default:robot" cannot list', done.stderr)
        self.grant()
        self.pod("one")
        done = self.run_example("list-pods")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"NAME +PHASE\none +Pending\n")

    def test_watch_pods_goes_on_behind_a_restart_of_the_server(self):
        self.grant()
        self.pod("before")
        watch = self.program("watch-pods")
        watch.until("^synced")
        self.restart()
        self.pod("after")
        watch.until("^added after ")
        self.assertEqual(watch.end(), 0)
        self.assertEqual(watch.text.count("added before "), 1)

    def test_one_controller_leads_and_another_takes_over(self):
        self.grant()
        times = ("3000", "2000", "200")
        first = self.program("leader-controller", "first", *times)
        first.until("^leading")
        second = self.program("leader-controller", "second", *times)
        second.until("^leader: first")
        self.cluster.kubectl("create", "-f", "-", input=json.dumps({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"mirror": "yes"}}, "data": {"text": "abc"}}))
        first.until("^mirrored")
        first.end(signal.SIGKILL)
        second.until("^leading")
        self.cluster.kubectl("patch", "configmap", "m", "-p", '{"data":{"text":"xyz","other":"stays"}}')
        second.until("^mirrored")
        data = json.loads(self.cluster.kubectl("get", "configmap", "m", "-o", "jsonpath={.data}").stdout)
        self.assertEqual(data, {"text": "xyz", "mirror": "zyx", "other": "stays"})
        third = self.program("leader-controller", "third", *times)
        third.until("^leader: second")
        self.assertEqual(second.end(), 0)
        third.until("^leading")
        self.assertNotIn("mirrored", third.text)

    def test_a_client_survives_the_rotation_of_its_token(self):
        asker = self.program("who-am-i")
        asker.say()
        at = asker.until("^system:serviceaccount:default:robot$")
        self.new_token("second")
        self.cluster.kubectl("delete", "secret", "first")
        asker.say()
        at = asker.until("^system:serviceaccount:default:robot$", at)
        self.restart()
        asker.say()
        asker.until("^system:serviceaccount:default:robot$", at)
        self.assertEqual(asker.text.count("\n"), 3)


if __name__ == "__main__":
    unittest.main()
