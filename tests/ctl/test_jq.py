"""-o jq=EXPR beside jq itself: every line of jq.txt on the same object. Broken expressions and faults need only be refused by both."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from cluster import BUILD, Cluster
from terminal import Terminal

HERE = pathlib.Path(__file__).parent
DATA = {"a": "one", "b": "two", "with-dash": "three", "secret": "cMOkc3N3w7ZyZA==",
        "json": json.dumps({"list": [3, 1, 2, 1], "mixed": [None, True, "x", 1, [2], {"a": 1}, False, 0.5],
                            "things": [{"n": 2, "s": "z"}, {"n": 1, "s": "y"}, {"n": 2, "s": "x"}, {"n": 3, "s": "w"}]})}
# Known to jq and not among the subset: refused.
BEYOND = {".data | with_entries(.value |= 1)", ".. | numbers"}


class Jq(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("jq"):
            raise unittest.SkipTest("jq is missing: run scripts/setup")
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        (cls.cluster.dir / "cm.json").write_text(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": DATA}))
        cls.cluster.kubectl("create", "-f", str(cls.cluster.dir / "cm.json"))
        cls.object = cls.k8ctl("-o", "json").stdout

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.cluster.remove()

    @classmethod
    def k8ctl(cls, *args):
        return cls.cluster.run([str(BUILD / "k8ctl"), "get", "cm", "x", *args])

    def test_expressions(self):
        for expression in (HERE / "jq.txt").read_text().splitlines():
            with self.subTest(expression=expression):
                real = subprocess.run(["jq", "-r", expression], input=self.object, capture_output=True, text=True, timeout=60)
                mine = self.k8ctl("-o", "jq=" + expression)
                if expression in BEYOND:
                    self.assertEqual((mine.stdout, mine.returncode), ("", 1))
                    continue
                self.assertEqual((mine.stdout, mine.returncode != 0), (real.stdout, real.returncode != 0), mine.stderr + real.stderr)

    def test_errors(self):
        for expression, want in ((".a b", "an operator is missing at \"b\""), ("$x", "a term is missing at \"$x\""), (".[", "a term is missing at the end of the expression"),
                                 ("frob(1)", "frob/1 is not defined at the end of the expression"),
                                 ("(" * 200, "the expression is nested too deeply at \"" + "(" * 20 + '"')):
            with self.subTest(expression=expression):
                done = self.k8ctl("-o", "jq=" + expression)
                self.assertEqual((done.stdout, done.stderr, done.returncode), ("", f"error: jq expression {json.dumps(expression)}: {want}\n", 1))
        self.assertEqual(self.k8ctl("-o", "jq=.data.a | keys").stderr, "error: jq: string has no keys\n")

    def test_in_other_commands(self):
        done = self.cluster.run([str(BUILD / "k8ctl"), "create", "cm", "y", "--from-literal=k=v", "--dry-run=client", "-o", "jq=.data.k"])
        self.assertEqual((done.stdout, done.returncode), ("v\n", 0))
        done = self.cluster.run([str(BUILD / "k8ctl"), "get", "ns", "-o", "jq=.items[].metadata.name"])
        self.assertIn("kube-system\n", done.stdout)

    def test_escapes_of_objects_do_not_reach_a_terminal(self):
        self.cluster.kubectl("create", "cm", "evil", "--from-literal=evil=\x1b]0;owned\x07\x1b[2J\u009b2Jtext")
        for output in ("jq=.data.evil", "jsonpath={.data.evil}", "custom-columns=E:.data.evil", "yaml", "json"):
            with self.subTest(output):
                t = Terminal([str(BUILD / "k8ctl"), "get", "cm", "evil", "-o", output], self.cluster.env)
                raw = b""
                while True:
                    try:
                        chunk = os.read(t.fd, 65536)
                    except OSError:
                        break
                    if not chunk:
                        break
                    raw += chunk
                self.assertEqual(t.close(20), 0)
                self.assertIn(b"text", raw)
                self.assertNotIn(b"\x1b", raw)
                self.assertNotIn(b"\x07", raw)
                self.assertNotIn("\u009b".encode(), raw)
