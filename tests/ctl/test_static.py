"""k8ctl-static in a root that has nothing else in it: names, any uid, no home, and the other names of the program."""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from cluster import BUILD, Cluster

ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount"
RESOLVER = "127.0.0.98"


class Names:
    """A name server that knows kubernetes.default.svc.cluster.local, at an address of loopback."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((RESOLVER, 53))
        self.asked = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        name, (kind, _) = ".".join(labels), struct.unpack("!HH", query[at + 1:at + 5])
        self.asked.add(name)
        known = name == "kubernetes.default.svc.cluster.local"
        address = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 4) + socket.inet_aton("127.0.0.1") if known and kind == 1 else b""
        return query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, bool(address), 0, 0) + query[12:at + 5] + address


class Static(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (BUILD / "k8ctl-static").exists():
            raise unittest.SkipTest("k8ctl-static was not built: static libraries are missing (scripts/setup)")
        if os.geteuid() != 0:
            raise unittest.SkipTest("a root directory of its own needs root")
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="k8ctl-static-"))
        cls.root.chmod(0o755)
        for name in ("kubectl", "sleep", "cat", "true"):
            shutil.copy(BUILD / "k8ctl-static", cls.root / name) if name == "kubectl" else os.link(cls.root / "kubectl", cls.root / name)
        cls.names = Names()
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.cluster.remove()
        shutil.rmtree(cls.root)

    def run_in_root(self, argv, env=None, stdin=""):
        def enter():
            os.chroot(self.root)
            os.chdir("/")
            os.setgroups([])
            os.setgid(12345)
            os.setuid(12345)
        return subprocess.run(argv, env=env or {}, preexec_fn=enter, capture_output=True, text=True, input=stdin, timeout=60)

    def test_in_a_pod_without_anything_else_the_name_of_the_server_is_found(self):
        port = self.cluster.url.rsplit(":", 1)[1]
        self.cluster.kubectl("create", "serviceaccount", "bare")
        self.cluster.kubectl("create", "clusterrolebinding", "bare", "--clusterrole=view", "--serviceaccount=default:bare")
        account = self.root / ACCOUNT
        account.mkdir(parents=True)
        (account / "token").write_text(self.cluster.kubectl("create", "token", "bare").stdout.strip())
        (account / "namespace").write_text("default")
        (account / "ca.crt").write_text(self.cluster.kubectl("get", "cm", "kube-root-ca.crt", "-o", r"jsonpath={.data.ca\.crt}").stdout)
        (self.root / "etc").mkdir()
        (self.root / "etc/resolv.conf").write_text(f"nameserver {RESOLVER}\nsearch svc.cluster.local cluster.local\noptions ndots:5\n")
        # Modules that are no part of the program, as an image's file may name them.
        (self.root / "etc/nsswitch.conf").write_text("hosts: mymachines resolve [!UNAVAIL=return] files\n")
        env = {"KUBERNETES_SERVICE_HOST": "kubernetes.default.svc", "KUBERNETES_SERVICE_PORT": port}
        before = sorted(str(p) for p in self.root.rglob("*"))
        done = self.run_in_root(["/kubectl", "get", "configmap", "kube-root-ca.crt", "-o", "name"], env)
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("configmap/kube-root-ca.crt\n", "", 0))
        self.assertIn("kubernetes.default.svc.cluster.local", self.names.asked)
        self.assertEqual(sorted(str(p) for p in self.root.rglob("*")), before)

    def test_without_a_pods_files_it_says_where_it_looked_as_kubectl_does(self):
        done = self.run_in_root(["/kubectl", "get", "pods"])
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertRegex(done.stderr, "The connection to the server localhost:8080 was refused|Unable to connect to the server")

    def test_other_names_of_the_program(self):
        for argv, stdin, want in (
                (["/true", "--whatever"], "", ("", "", 0)),
                (["/sleep", "0.01", "0.01s"], "", ("", "", 0)),
                (["/sleep", "x"], "", ("", "sleep: invalid time interval 'x'\n", 1)),
                (["/sleep"], "", ("", "sleep: missing operand\n", 1)),
                (["/sleep", "-1"], "", ("", "sleep: invalid time interval '-1'\n", 1)),
                (["/cat"], "in\n", ("in\n", "", 0)),
                (["/cat", "/missing", "-"], "in\n", ("in\n", "cat: /missing: No such file or directory\n", 1)),
                (["/cat", "-x"], "", ("", "cat: unrecognized option '-x'\n", 1))):
            with self.subTest(argv=argv):
                done = self.run_in_root(argv, stdin=stdin)
                self.assertEqual((done.stdout, done.stderr, done.returncode), want)
