"""A k8c server of the benchmark's own, pinned to one core, and what /proc says of it."""
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("K8C_BUILD", ROOT / "build"))
SERVER_CORE, CLIENT_CORE = "0", "1"


def pinned(core, argv):
    return ["taskset", "-c", core if (os.cpu_count() or 1) > 1 else "0", *map(str, argv)]


def cpu_seconds(pid):
    """User and system time of every live thread, to the nanosecond where the kernel keeps it."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
        except (OSError, IndexError):
            continue
    if total:
        return total
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def memory(pids):
    """{"Rss": bytes, "Pss": bytes, "Anonymous": bytes, ...} of all of them together"""
    out = {}
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        for m in re.finditer(r"^(\w+):\s+(\d+) kB", text, re.M):
            out[m[1]] = out.get(m[1], 0) + int(m[2]) * 1024
    return out


def peak_reset(pids):
    for pid in pids:
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pids):
    return sum(int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024 for pid in pids)


class Api:
    """An API server as the administrator meets it: self.host, self.port, self.tls, and self.pids, whose CPU time and memory count."""

    conn, token, admin = None, None, {}

    @property
    def url(self):
        return f"https://{self.host}:{self.port}"

    def connect(self):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=120)

    def call(self, method, path, body=None, headers=None, raw=False):
        """(status, answer) over one kept connection, which is opened again when the server closed it."""
        for last in (False, True):
            try:
                self.conn = self.conn or self.connect()
                self.conn.request(method, path, json.dumps(body) if body is not None else None,
                                  {"Content-Type": "application/json", "User-Agent": "bench", **self.admin, **(headers or {})})
                answer = self.conn.getresponse()
                data = answer.read()
                return answer.status, data if raw else json.loads(data)
            except (OSError, http.client.HTTPException):
                self.conn = None
                if last:
                    raise

    def must(self, method, path, body=None, **kw):
        status, answer = self.call(method, path, body, **kw)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {str(answer)[:300]}")
        return answer

    def until(self, path, what, seconds=60):
        end = time.monotonic() + seconds
        while self.call("GET", path, raw=True)[0] != 200:
            if time.monotonic() > end:
                raise RuntimeError(f"{what} in {seconds} s")
            time.sleep(0.02)

    def bearer(self):
        """A ServiceAccount's token with cluster-admin by RBAC: system:masters would spare the server its authorization."""
        if not self.token:
            core = "/api/v1/namespaces"
            self.must("POST", core, {"metadata": {"name": "bench"}})
            self.must("POST", f"{core}/bench/serviceaccounts", {"metadata": {"name": "bench"}})
            self.must("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
                "metadata": {"name": "bench"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "ServiceAccount", "name": "bench", "namespace": "bench"}]})
            self.token = self.must("POST", f"{core}/bench/serviceaccounts/bench/token", {"spec": {"expirationSeconds": 7200}})["status"]["token"]
            self.until(f"{core}/bench/serviceaccounts/default", "no default account")
        return self.token


def pem(b64):
    return base64.b64decode(b64).decode()


class Given(Api):
    """The server of a kubeconfig; what bearer() made is removed at the end."""

    def __init__(self, kubeconfig, pids):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="k8c-bench-"))
        config = json.loads(subprocess.run(["kubectl", "config", "view", "--raw", "--flatten", "--minify", "-o", "json", "--kubeconfig", kubeconfig],
                                           check=True, capture_output=True).stdout)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        at = urllib.parse.urlsplit(cluster["server"])
        self.host, self.port, self.pids = at.hostname, at.port or 443, pids
        self.tls = ssl.create_default_context(cadata=pem(cluster["certificate-authority-data"]))
        if "client-key-data" in user:
            pair = self.dir / "admin.pem"
            pair.write_text(pem(user["client-certificate-data"]) + pem(user["client-key-data"]))
            self.tls.load_cert_chain(pair)
        elif "token" in user:
            self.admin = {"Authorization": "Bearer " + user["token"]}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.token:
            self.call("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/bench")
            self.call("DELETE", "/api/v1/namespaces/bench")
        shutil.rmtree(self.dir, ignore_errors=True)


class Server(Api):
    """with Server("--ephemeral", "--no-agent") as s: s.call("GET", "/version")"""

    def __init__(self, *flags, data=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="k8c-bench-"))
        self.data = pathlib.Path(data) if data else self.dir / "data"
        self.flags, self.host = flags, "127.0.0.1"

    def __enter__(self):
        self.data.mkdir(parents=True, exist_ok=True)
        argv = [BUILD / "k8c", "server", "--listen", "127.0.0.1:0", "--data-dir", self.data, *self.flags]
        if "--no-agent" not in self.flags:
            argv[3] = "0.0.0.0:0"
        self.log = open(self.dir / "log", "wb")
        began = time.monotonic()
        self.process = subprocess.Popen(pinned(SERVER_CORE, argv), stdout=subprocess.PIPE, stderr=self.log)
        self.pids = (self.process.pid,)
        try:
            line = self.process.stdout.readline().decode()
            self.ready_line_s, self.ready_cpu = time.monotonic() - began, cpu_seconds(self.process.pid)
            match = re.match(r"ready (https://\S+) kubeconfig=(\S+)", line)
            if not match:
                raise RuntimeError(f"k8c did not become ready: {line!r} {(self.dir / 'log').read_text()[-300:]}")
            self.port = urllib.parse.urlsplit(match[1]).port
            self._identity(pathlib.Path(match[2]).read_text())
            self.until("/readyz", "not ready")
            self.readyz_s = time.monotonic() - began
        except BaseException:
            self.__exit__()
            raise
        return self

    def _identity(self, kubeconfig):
        self.tls = ssl.create_default_context(cadata=self._pem(kubeconfig, "certificate-authority-data"))
        pair = self.dir / "admin.pem"
        pair.write_text(self._pem(kubeconfig, "client-certificate-data") + self._pem(kubeconfig, "client-key-data"))
        self.tls.load_cert_chain(pair)

    @staticmethod
    def _pem(kubeconfig, key):
        return pem(re.search(rf'{key}"?:\s*"?([A-Za-z0-9+/=]+)', kubeconfig)[1])

    def __exit__(self, *exc):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
        if "--no-agent" not in self.flags:
            subprocess.run([BUILD / "k8c", "cleanup", "--data-dir", self.data], capture_output=True)
        shutil.rmtree(self.dir, ignore_errors=True)
