"""k8ctl access on a server with planted RBAC faults: what access.txt says, word by word.

A line that begins with `$` is a command; what follows is its output (both descriptors, in order) and `? N` its exit code when that
is not 0. K8C_RECORD=1 writes the file anew: read the difference before it is kept.
"""
import os
import pathlib
import subprocess
import unittest

from cluster import BUILD, Cluster

HERE = pathlib.Path(__file__).parent
STORY = HERE / "access.txt"


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        done = cls.sh(f"kubectl create -f {HERE}/data/access.yaml")
        if "rolebinding.rbac.authorization.k8s.io/nobody created" not in done:
            raise AssertionError(done)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.cluster.remove()

    @classmethod
    def sh(cls, line):
        env = {**cls.cluster.env, "K8CTL": str(BUILD / "k8ctl")}
        done = subprocess.run(["bash", "-c", 'kubectl() { "$K8CTL" "$@"; }\n' + line], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        return done.stdout + (f"? {done.returncode}\n" if done.returncode else "")

    def test_story(self):
        lines = [line for line in STORY.read_text().splitlines() if line.startswith(("$ ", "#"))]
        told = "".join(line + "\n" + (self.sh(line[2:]) if line.startswith("$ ") else "") for line in lines).replace("k8ctl ", "kubectl ")
        if os.environ.get("K8C_RECORD"):
            STORY.write_text(told)
        self.maxDiff = None
        self.assertEqual(told, STORY.read_text())

    def test_what_is_suggested_allows_it(self):
        ask = "get,list pods/log -n other --for shop:app"
        self.assertIn("no\n", self.sh("kubectl access explain get pods/log -n other --for shop:app >/dev/null || echo no"))
        self.assertIn("created", self.sh(f"kubectl access suggest {ask} | kubectl create -f -"))
        self.assertIn("may get pods/log", self.sh("kubectl access explain get pods/log -n other --for shop:app"))
        self.assertIn("deleted", self.sh(f"kubectl access suggest {ask} | kubectl delete -f -"))

    def with_token(self, token):
        """Nothing but the token: a client certificate of a kubeconfig would be believed first."""
        return self.sh(f"KUBECONFIG=/dev/null kubectl --server {self.cluster.url} --certificate-authority {self.cluster.data}/pki/ca.crt "
                       f"--token {token} access token")

    def test_token(self):
        token = self.cluster.kubectl("create", "token", "app", "-n", "shop", "--duration=10m").stdout.strip()
        lines = dict(line.split("   ", 1) for line in self.with_token(token).splitlines())
        lines = {name: text.strip() for name, text in lines.items()}
        self.assertEqual(lines["User"], "system:serviceaccount:shop:app")
        self.assertEqual(lines["The server says"], "system:serviceaccount:shop:app")
        self.assertEqual(lines["Bound to"], "nothing: it lives until it expires")
        self.assertRegex(lines["Expires"], r"^20\d\d-\S+Z \(in (9|10)m\)$|\(in 5\d\ds\)$")

    def test_token_that_the_server_does_not_take(self):
        token = self.cluster.kubectl("create", "token", "app", "-n", "shop").stdout.strip()
        head, body, signature = token.split(".")
        done = self.with_token(f"{head}.{body}.{'A' * len(signature)}")
        self.assertIn("problem: the server does not take it: Unauthorized", done)
        self.assertIn("? 1", done)

    def test_token_files(self):
        self.assertEqual(self.sh("echo nonsense > $HOME/t; kubectl access token $HOME/t | sed s:$HOME/::; kubectl access token $HOME/t 2>&1 | sed s:$HOME/::"),
                         f"error: {self.cluster.dir}/t holds no token of a service account: it is no JSON Web Token\n"
                         "error: t holds no token of a service account: it is no JSON Web Token\n")
