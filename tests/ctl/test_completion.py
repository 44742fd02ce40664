"""Completion: what the program offers, and bash asking it."""
import os
import shutil
import subprocess
import unittest

from cluster import BUILD, Cluster


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.ours = cls.cluster.dir / "ours"
        cls.ours.mkdir()
        (cls.ours / "kubectl").symlink_to(BUILD / "k8ctl")
        cls.env = {**cls.cluster.env, "PATH": f"{cls.ours}:{os.environ['PATH']}"}

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.cluster.remove()

    def offers(self, *words):
        return subprocess.run(["kubectl", "__complete", "--", *words], env=self.env, capture_output=True, text=True, timeout=60, check=True).stdout.split()

    def test_words(self):
        self.assertIn("port-forward", self.offers(""))
        self.assertNotIn("__complete", self.offers(""))
        self.assertEqual(self.offers("exe"), ["exec"])
        self.assertIn("rolebinding", self.offers("create", "role"))
        self.assertEqual(self.offers("logs", "--ti"), ["--timestamps"])
        self.assertEqual(self.offers("-n", "kube-system", "logs", "--ti"), ["--timestamps"])
        self.assertEqual(self.offers("get", "configm"), ["configmaps"])
        self.assertEqual(self.offers("get", "cm", "kube-r"), ["kube-root-ca.crt"])
        self.assertIn("kube-system", self.offers("get", "namespaces", "default", ""))
        self.assertIn("extension-apiserver-authentication", self.offers("-n", "kube-system", "get", "cm", ""))
        self.assertEqual(self.offers("get", "-n", "nothing", "cm", ""), [])
        self.assertEqual(self.offers("get", "nonsense", ""), [])

    def test_without_a_server_nothing_is_offered(self):
        done = subprocess.run(["kubectl", "__complete", "--", "-s", "https://127.0.0.1:1", "get", "cm", ""], env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("", "", 0))

    def test_bash(self):
        script = ('source <(kubectl completion bash); COMP_WORDS=(kubectl get cm kube-r); COMP_CWORD=3; _complete_kubectl; echo "${COMPREPLY[@]}"; '
                  "complete -p kubectl")
        done = subprocess.run(["bash", "-c", script], env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout, "kube-root-ca.crt\ncomplete -o default -F _complete_kubectl kubectl\n")

    def test_other_shells_take_their_scripts(self):
        missing = [shell for shell in ("zsh", "fish") if not shutil.which(shell)]
        for shell in {"zsh", "fish"} - set(missing):
            with self.subTest(shell):
                script = subprocess.run(["kubectl", "completion", shell], env=self.env, capture_output=True, text=True, check=True).stdout
                done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=60)
                self.assertEqual((done.stderr, done.returncode), ("", 0))
        if len(missing) == 2:
            self.skipTest("neither zsh nor fish is installed")
