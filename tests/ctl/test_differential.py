"""Real kubectl and k8ctl on the same server: every line of commands*.txt, stdout, stderr and exit code.

Every file has two namespaces of its own and its lines run in order. A line is a shell command with `kubectl` in it. Lines that begin with `!` change the server and run with both programs, each in a
namespace of its own ($NS); `=` lines only prepare (real kubectl, in both namespaces). What cannot be the same (ages, uids,
versions of objects, times) is made the same before the comparison; nothing else is.
"""
import os
import pathlib
import re
import subprocess
import unittest

from cluster import BUILD, Cluster, kubectls

HERE = pathlib.Path(__file__).parent
# Another build of k8ctl, and only so many lines of each file (the sanitizers' run).
K8CTL = pathlib.Path(os.environ.get("K8CTL", BUILD / "k8ctl"))
LINES = int(os.environ.get("DIFFERENTIAL_LINES", "0")) or None
NORMAL = [
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r'(resourceVersion"?: )"\d+"'), r'\1"N"'),
    (re.compile(r"(?<=\s)\d+[smh](\d+[sm])?(?=\s)"), "AGE"),
    (re.compile(r" +(?=AGE)|(?<=AGE) +"), " "),
    # Printed before v1.34, whose behaviour k8ctl has.
    (re.compile(r"^ +creationTimestamp: null\n", re.M), ""),
    # Lines of kubectl's own log when a server cannot be reached.
    (re.compile(r"^E\d{4} .*\n", re.M), ""),
]


def normal(text, namespace):
    text = text.replace(namespace, "NS")
    for pattern, to in NORMAL:
        text = pattern.sub(to, text)
    return text


class Differential(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not kubectls():
            raise unittest.SkipTest("no kubectl on PATH to compare with")
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.ours = cls.cluster.dir / "ours"
        cls.ours.mkdir()
        (cls.ours / "kubectl").symlink_to(K8CTL)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.cluster.remove()

    def sh(self, line, namespace, ours):
        env = {**self.cluster.env, "NS": namespace, "DATA": str(HERE / "data")}
        if ours:
            env["PATH"] = f"{self.ours}:{env['PATH']}"
        done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, timeout=60, cwd=HERE)
        return done.returncode, normal(done.stdout, namespace), normal(done.stderr, namespace)

    def compare(self, name, namespaces):
        for namespace in namespaces:
            self.cluster.kubectl("create", "namespace", namespace)
        for number, line in enumerate((HERE / name).read_text().splitlines()[:LINES], 1):
            if not line or line.startswith("#"):
                continue
            if line.startswith("="):
                for namespace in namespaces:
                    status, out, err = self.sh(line[1:], namespace, False)
                    self.assertEqual(status, 0, f"{line}: {out}{err}")
                continue
            changes = line.startswith("!")
            line = line.removeprefix("!")
            real = self.sh(line, namespaces[0], False)
            mine = self.sh(line, namespaces[1 if changes else 0], True)
            with self.subTest(file=name, line=number, command=line):
                self.assertEqual(real, mine)


def add_test(name, number):
    setattr(Differential, "test_" + name.removesuffix(".txt").replace("-", "_"),
            lambda self: self.compare(name, (f"dif{number:02}a", f"dif{number:02}b")))


for at, file in enumerate(sorted(p.name for p in HERE.glob("commands*.txt"))):
    add_test(file, at)
