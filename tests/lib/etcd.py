"""Debian's etcd for a test: one member or several on loopback, with TLS and client certificates."""
import json
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request

from pki import openssl


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Etcd:
    """with Etcd(3) as e: Cluster(*e.flags, ...)"""

    def __init__(self, members=1):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="k8c-etcd-"))
        ports = free_ports(2 * members)
        self.client, self.peer = ports[:members], ports[members:]
        self.process = [None] * members
        self._certificates()
        self.tls = ssl.create_default_context(cafile=str(self.dir / "ca.crt"))
        self.tls.load_cert_chain(self.dir / "etcd.crt", self.dir / "etcd.key")

    def _certificates(self):
        d, ec = self.dir, ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *ec, "-keyout", d / "ca.key", "-out", d / "ca.crt", "-days", "365", "-subj", "/CN=etcd-ca",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
        openssl("req", *ec, "-keyout", d / "etcd.key", "-out", d / "etcd.csr", "-subj", "/CN=etcd")
        (d / "ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", d / "etcd.csr", "-CA", d / "ca.crt", "-CAkey", d / "ca.key", "-CAcreateserial",
                "-out", d / "etcd.crt", "-days", "365", "-extfile", d / "ext")

    @property
    def urls(self):
        return ",".join(f"https://127.0.0.1:{p}" for p in self.client)

    @property
    def flags(self):
        return ["--datastore", f"etcd={self.urls}", "--etcd-cafile", str(self.dir / "ca.crt"), "--etcd-certfile", str(self.dir / "etcd.crt"),
                "--etcd-keyfile", str(self.dir / "etcd.key")]

    def start_member(self, i):
        name, files = f"m{i}", ["--trusted-ca-file", "--cert-file", "--key-file"]
        paths = [str(self.dir / f) for f in ("ca.crt", "etcd.crt", "etcd.key")]
        client, peer = f"https://127.0.0.1:{self.client[i]}", f"https://127.0.0.1:{self.peer[i]}"
        argv = ["etcd", "--name", name, "--data-dir", str(self.dir / name), "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--client-cert-auth", "--peer-client-cert-auth",
                "--initial-cluster", ",".join(f"m{k}=https://127.0.0.1:{p}" for k, p in enumerate(self.peer)),
                "--unsafe-no-fsync", "--heartbeat-interval", "50", "--election-timeout", "500", "--logger", "zap", "--log-level", "warn"]
        for flag, path in zip(files, paths):
            argv += [flag, path, flag.replace("--", "--peer-"), path]
        with open(self.dir / f"{name}.log", "ab") as log:
            self.process[i] = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def call(self, path, body=None, member=None):
        """A request to a member's JSON gateway; to the first that answers when none is named."""
        failure = None
        for i in range(len(self.client)) if member is None else [member]:
            try:
                data = json.dumps(body or {}).encode()
                with urllib.request.urlopen(urllib.request.Request(f"https://127.0.0.1:{self.client[i]}{path}", data), timeout=5, context=self.tls) as got:
                    return json.load(got)
            except OSError as e:
                failure = e
        raise failure

    def leader(self):
        """The index of the member that leads, None when nobody does."""
        for i, p in enumerate(self.process):
            if p is None:
                continue
            try:
                status = self.call("/v3/maintenance/status", member=i)
            except OSError:
                continue
            if status.get("leader", "0") == status["header"]["member_id"]:
                return i
        return None

    def wait(self, timeout=30):
        """Until a quorum answers."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.leader() is not None:
                return self
            time.sleep(0.05)
        raise RuntimeError("etcd has no leader: " + "\n".join(p.read_text()[-2000:] for p in self.dir.glob("*.log")))

    def kill(self, i, sig=signal.SIGKILL):
        process, self.process[i] = self.process[i], None
        process.send_signal(sig)
        process.wait(20)

    def __enter__(self):
        try:
            for i in range(len(self.client)):
                self.start_member(i)
            return self.wait()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exc):
        for i, p in enumerate(self.process):
            if p is not None:
                self.kill(i)
        shutil.rmtree(self.dir, ignore_errors=True)
