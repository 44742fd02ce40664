"""Logs, exec, attach, port-forward and kubectl run, with every kubectl at hand."""
import re
import select
import shlex
import subprocess
import time
import urllib.request

from cluster import BUILD, kubectls
from pods import NGINX, PodTest, container, pod
from terminal import Terminal


class Logs(PodTest):
    def test_options(self):
        out = container("c", script="for i in 1 2 3 4; do echo line $i; sleep 0.3; done; echo error >&2; sleep 1000")
        self.create(pod("p", out, container("other", script="echo from other; sleep 1000")))
        self.ready("p")
        self.until(lambda: "error" in self.log("p", "?container=c"), "all is written")
        kubectl = lambda *a: self.k.kubectl("logs", "-n", self.ns, "p", *a).stdout
        self.assertEqual(kubectl("-c", "c"), "line 1\nline 2\nline 3\nline 4\nerror\n")
        self.assertEqual(kubectl("-c", "c", "--tail=2"), "line 4\nerror\n")
        self.assertEqual(kubectl("-c", "c", "--limit-bytes=8"), "line 1\nl")
        stamped = kubectl("-c", "c", "--timestamps").splitlines()
        self.assertTrue(all(re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d) ", line) for line in stamped), stamped)
        third = stamped[2].split()[0]
        self.assertEqual(self.log("p", f"?container=c&sinceTime={third.split('.')[0]}Z").splitlines()[-1], "error")
        self.assertEqual(self.log("p", "?container=c&sinceSeconds=1&tailLines=0"), "")
        both = kubectl("--all-containers", "--prefix").splitlines()
        self.assertIn("[pod/p/other] from other", both)
        self.assertIn("[pod/p/c] line 1", both)
        status, answer = self.k.api("GET", self.path("pods", "p", "/log"))
        self.assertEqual((status, answer["message"]), (400, "a container name must be specified for pod p, choose one of: [c other]"))

    def test_follow_ends_with_the_container(self):
        self.create(pod("p", container(script="for i in 1 2 3 4 5; do echo $i; sleep 0.2; done"), restartPolicy="Never"))
        self.wait("p", lambda p: p["status"].get("phase") in ("Running", "Succeeded"), "runs")
        self.assertEqual(self.k.kubectl("logs", "-f", "-n", self.ns, "p").stdout, "1\n2\n3\n4\n5\n")

    def test_previous(self):
        c = container(script="test -e /e/f && { echo second; sleep 1000; }; touch /e/f; echo first; exit 1",
                      volumeMounts=[{"name": "e", "mountPath": "/e"}])
        self.create(pod("p", c, volumes=[{"name": "e", "emptyDir": {}}]))
        self.until(lambda: self.k.api("GET", self.path("pods", "p", "/log"))[1] == "second\n", "the second run has begun")
        self.assertEqual(self.k.kubectl("logs", "-n", self.ns, "p", "--previous").stdout, "first\n")

    def test_no_previous(self):
        self.create(pod("p", container(script="sleep 1000")))
        self.ready("p")
        done = self.k.kubectl("logs", "-n", self.ns, "p", "--previous", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('previous terminated container "c" in pod "p" not found', done.stderr)


class EveryKubectl(PodTest):
    """SPDY (1.27 to 1.30), WebSocket (from 1.31) and k8ctl: the same to their users."""

    def setUp(self):
        super().setUp()
        self.versions = kubectls()
        self.assertTrue(self.versions, "kubectl is missing: run scripts/setup")
        self.versions["k8ctl"] = str(BUILD / "k8ctl")

    def test_exec(self):
        self.create(pod("p", container(script="sleep 1000")))
        self.ready("p")
        for version, kubectl in self.versions.items():
            with self.subTest(version):
                base = [kubectl, "exec", "-n", self.ns, "p"]
                done = self.k.run([*base, "--", "sh", "-c", "echo out; echo err >&2; exit 3"])
                self.assertEqual((done.returncode, done.stdout), (3, "out\n"))
                self.assertIn("err\n", done.stderr)
                self.assertIn("command terminated with exit code 3", done.stderr)
                text = "".join(f"{i} of some bytes\n" for i in range(20000))
                done = self.k.run([*base, "-i", "--", "cat"], input=text)
                self.assertEqual((done.returncode, done.stdout == text), (0, True))
                done = self.k.run([*base, "--", "no-such-program"])
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stderr, r"(?i)not found|no such file")

    def test_exec_on_a_terminal(self):
        self.create(pod("p", container(script="sleep 1000")))
        self.ready("p")
        for version, kubectl in self.versions.items():
            with self.subTest(version):
                t = Terminal([kubectl, "exec", "-it", "-n", self.ns, "p", "--", "sh"], self.k.env, rows=33, cols=111)
                self.assertIsNotNone(t.expect(r"# $", 20), t.text)
                t.send("stty size; tty")
                seen = t.expect(r"/dev/\S+\s+/?.*# $", 20)
                self.assertIsNotNone(seen, t.text)
                self.assertRegex(seen, r"33 111\s+/dev/(pts/\d|console)")
                t.send("exit 5")
                self.assertEqual(t.close(20), 5)

    def test_attach(self):
        self.create(pod("p", container(script="while read x; do echo got $x; done", stdin=True)))
        self.ready("p")
        for version, kubectl in self.versions.items():
            with self.subTest(version):
                attach = subprocess.Popen([kubectl, "attach", "-i", "-n", self.ns, "p"], env=self.k.env, stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE,
                                          stderr=subprocess.DEVNULL)
                try:
                    attach.stdin.write(b"hello\n")
                    attach.stdin.flush()
                    self.assertTrue(select.select([attach.stdout], [], [], 20)[0], "no answer through attach")
                    self.assertEqual(attach.stdout.readline(), b"got hello\n")
                finally:
                    attach.kill()
                    attach.wait()
                    attach.stdin.close()
                    attach.stdout.close()

    def test_port_forward(self):
        self.create(pod("web", container(image=NGINX)))
        self.ready("web")
        for version, kubectl in self.versions.items():
            with self.subTest(version):
                forward = subprocess.Popen([kubectl, "port-forward", "-n", self.ns, "pod/web", ":80"], env=self.k.env, stdout=subprocess.PIPE,
                                           stderr=subprocess.STDOUT, text=True)
                try:
                    self.assertTrue(select.select([forward.stdout], [], [], 20)[0], "kubectl says nothing")
                    line = forward.stdout.readline()
                    port = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> 80", line)
                    self.assertIsNotNone(port, line)
                    for _ in range(3):
                        with urllib.request.urlopen(f"http://127.0.0.1:{port.group(1)}/", timeout=20) as answer:
                            self.assertIn(b"Welcome to nginx!", answer.read())
                finally:
                    forward.kill()
                    forward.wait()
                    forward.stdout.close()

    def test_cp(self):
        self.create(pod("p", container(script="sleep 1000")))
        self.ready("p")
        for version, kubectl in list(self.versions.items())[-2:]:
            with self.subTest(version):
                source = self.k.dir / "copied"
                source.write_bytes(bytes(range(256)) * 500)
                self.k.run([kubectl, "cp", "-n", self.ns, str(source), "p:/tmp/copied"], check=True)
                self.k.run([kubectl, "cp", "-n", self.ns, "p:/tmp/copied", str(source) + ".back"], check=True)
                self.assertEqual((self.k.dir / "copied.back").read_bytes(), source.read_bytes())

    def test_run_rm_it(self):
        for version, kubectl in self.versions.items():
            with self.subTest(version):
                name = "run-" + version.replace(".", "-")
                t = Terminal(shlex.split(f"{kubectl} run {name} -n {self.ns} --rm -it --restart=Never --image=busybox:1.36 -- sh"), self.k.env)
                if t.expect(r"# $", 30) is None:
                    t.send("")
                    self.assertIsNotNone(t.expect(r"# $", 20), t.text)
                t.send("echo $((6*7)) from $HOSTNAME")
                self.assertIsNotNone(t.expect(rf"42 from {name}\s+.*# $", 20), t.text)
                t.send("exit")
                self.assertEqual(t.close(40), 0)
                self.until(lambda: self.get("pods", name, None) is None, "the pod is gone")
