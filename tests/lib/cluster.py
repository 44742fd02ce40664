"""A k8c server of the test's own: temporary data directory, free port, real kubectl beside it."""
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("K8C_BUILD", ROOT / "build"))


def kubectls():
    """Real kubectl programs: {version: path}, oldest first; the one on PATH when none lies beside it with a version in its name."""
    on_path = shutil.which("kubectl")
    if not on_path:
        return {}
    real = pathlib.Path(on_path).resolve()
    found = {p.name[len("kubectl."):]: str(p) for p in real.parent.glob("kubectl.[0-9]*")}
    if not found:
        out = subprocess.run([str(real), "version", "--client"], capture_output=True, text=True).stdout
        match = re.search(r"v(\d+\.\d+)", out)
        found = {match.group(1) if match else "0.0": str(real)}
    return dict(sorted(found.items(), key=lambda item: [int(x) for x in item[0].split(".")]))


class Cluster:
    """with Cluster("--ephemeral", "--no-agent") as c: c.kubectl("get", "ns")"""

    def __init__(self, *flags, data_dir=None, env=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="k8c-cluster-"))
        self.data = pathlib.Path(data_dir) if data_dir else self.dir / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.flags = list(flags)
        self.extra_env = env or {}
        self.process = None
        self.log = self.dir / "server.log"
        self.bin = self.dir / "bin"
        self.bin.mkdir()
        versions = kubectls()
        if versions:
            (self.bin / "kubectl").symlink_to(list(versions.values())[-1])

    def start(self, timeout=30):
        argv = [str(BUILD / "k8c"), "server", "--data-dir", str(self.data), *self.flags]
        if not any(f.startswith("--listen") for f in self.flags):
            argv += ["--listen", "0.0.0.0:0"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **self.extra_env})
        line = self._ready_line(timeout)
        match = re.match(r"ready (https://\S+) kubeconfig=(\S+)$", line)
        if not match:
            self.stop()
            raise RuntimeError(f"k8c did not become ready: {line!r}\n{self.log.read_text()[-3000:]}")
        self.url, self.kubeconfig = match.groups()
        return self

    def _ready_line(self, timeout):
        deadline, text = time.monotonic() + timeout, ""
        while "\n" not in text and time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                chunk = os.read(self.process.stdout.fileno(), 4096).decode()
                if not chunk:
                    break
                text += chunk
        return text.split("\n")[0]

    @property
    def env(self):
        return {**os.environ, "KUBECONFIG": self.kubeconfig, "HOME": str(self.dir), "PATH": f"{self.bin}:{os.environ['PATH']}",
                "KUBECACHEDIR": str(self.dir / "cache"), "NO_PROXY": "*"}

    def run(self, argv, **kw):
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=kw.pop("timeout", 120), **kw)

    def kubectl(self, *args, check=True, **kw):
        done = self.run(["kubectl", *args], **kw)
        if check and done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(args)}: exit {done.returncode}: {done.stderr}")
        return done

    def stop(self, sig=signal.SIGTERM, timeout=20):
        """The exit status of the server, or None when it had to be killed."""
        if not self.process:
            return 0
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(sig)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = None
        process.stdout.close()
        return status

    def cleanup(self):
        """What the node agent made on this machine goes; pods end."""
        return subprocess.run([str(BUILD / "k8c"), "cleanup", "--data-dir", str(self.data)], capture_output=True, text=True)

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *exc):
        self.stop()
        if "--no-agent" not in self.flags:
            self.cleanup()
        self.remove()
