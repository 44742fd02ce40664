"""Load on a server: wrk and h2load on the client's core, and the server's CPU time meanwhile."""
import contextlib
import json
import pathlib
import re
import socket
import subprocess
import threading
import time

from . import server as srv

LUA = pathlib.Path(__file__).with_name("wrk")


class Cost:
    """with Cost(pid) as c: ...; c.cpu and c.wall in seconds"""

    def __init__(self, *pids):
        self.pids = pids

    def __enter__(self):
        self.cpu0, self.wall0 = sum(map(srv.cpu_seconds, self.pids)), time.monotonic()
        return self

    def __exit__(self, *exc):
        self.wall, self.cpu = time.monotonic() - self.wall0, sum(map(srv.cpu_seconds, self.pids)) - self.cpu0


def client(argv, **kw):
    return subprocess.run(srv.pinned(srv.CLIENT_CORE, argv), capture_output=True, text=True, timeout=600, **kw)


def seconds_of(text):
    value, unit = re.match(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


def wrk(pids, url, seconds, connections, token=None, script=None, args=()):
    """{"cpu": server seconds per request, "rate", "p50", "p99", "n"}; an answer that is not 2xx is an error."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", "User-Agent: bench"]
    argv += ["-H", f"Authorization: Bearer {token}"] if token else []
    argv += ["-s", LUA / script] if script else []
    with Cost(*pids) as cost:
        done = client([*argv, url, *(["--", *args] if args else [])])
    out = done.stdout
    count = re.search(r"(\d+) requests in", out)
    if done.returncode or not count or int(count[1]) == 0:
        raise RuntimeError(f"wrk: {out[-300:]}{done.stderr[-300:]}")
    n = int(count[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        raise RuntimeError(f"wrk {script or 'GET'}: {bad[1]} of {n} answers were refused")
    return {"cpu": cost.cpu / n, "n": n, "rate": n / cost.wall, "p50": seconds_of(re.search(r"\n\s+50%\s+(\S+)", out)[1]),
            "p99": seconds_of(re.search(r"\n\s+99%\s+(\S+)", out)[1])}


def h2load(pids, url, requests, connections, token=None, body=None, folder=None):
    argv = ["h2load", "-n", requests, "-c", connections, "-m", 1, "-H", "user-agent: bench"]
    argv += ["-H", f"authorization: Bearer {token}"] if token else []
    if body is not None:
        path = pathlib.Path(folder, "body.json")
        path.write_text(json.dumps(body))
        argv += ["-d", path, "-H", "content-type: application/json"]
    with Cost(*pids) as cost:
        done = client([*argv, url])
    good = re.search(r"status codes: (\d+) 2xx", done.stdout)
    if not good or int(good[1]) != requests:
        raise RuntimeError(f"h2load: {done.stdout[-400:]}{done.stderr[-200:]}")
    return {"cpu": cost.cpu / requests, "n": requests, "rate": requests / cost.wall}


def curl_argv(url, token, accept):
    return ["curl", "-sSk", "--fail", "-o", "/dev/null", "-w", "%{size_download}", "-A", "bench", "-H", f"Accept: {accept}",
            *(["-H", f"Authorization: Bearer {token}"] if token else []), url]


def fetch(pids, url, token=None, accept="application/json", times=3):
    """One curl at a time: seconds of the server, wall seconds and bytes of one answer."""
    with Cost(*pids) as cost:
        for _ in range(times):
            done = client(curl_argv(url, token, accept))
            if done.returncode:
                raise RuntimeError(f"curl: {done.stderr[-300:]}")
    return {"cpu": cost.cpu / times, "wall": cost.wall / times, "bytes": int(done.stdout)}


def fetch_together(url, token, accept, n):
    running = [subprocess.Popen(srv.pinned(srv.CLIENT_CORE, curl_argv(url, token, accept)), stdout=subprocess.DEVNULL) for _ in range(n)]
    if any([p.wait() for p in running]):
        raise RuntimeError("curl did not succeed")


class Watchers:
    """`count` watches, each on a TLS connection of its own, in one C program."""

    def __init__(self, program, server, count, path):
        self.argv = srv.pinned(srv.CLIENT_CORE, [program, socket.gethostbyname(server.host), server.port, server.bearer(), count, path])

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            self._line("open")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _line(self, word):
        line = self.process.stdout.readline().split()
        if not line or line[0] != word:
            raise RuntimeError(f"the watchers ended early: {self.process.stderr.read()[-200:]}")
        return float(line[1])

    def expect(self, events):
        self.process.stdin.write(f"wait {events}\n")
        self.process.stdin.flush()

    def last(self):
        return self._line("last")

    def __exit__(self, *exc):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Writes:
    """with Writes(server, path, rate) as w: a thread patches a ConfigMap `rate` times a second on a connection of its own."""

    def __init__(self, server, path, rate):
        self.server, self.path, self.pause, self.n, self.failed = server, path, 1 / rate, 0, None

    def __enter__(self):
        self.end, self.began = threading.Event(), time.monotonic()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self):
        conn = self.server.connect()
        head = {"Content-Type": "application/merge-patch+json", "Authorization": f"Bearer {self.server.bearer()}", "User-Agent": "bench"}
        while not self.end.wait(max(0, self.began + self.n * self.pause - time.monotonic())):
            conn.request("PATCH", self.path, json.dumps({"data": {"n": str(self.n)}}), head)
            answer = conn.getresponse()
            answer.read()
            if answer.status != 200:
                self.failed = answer.status
                return
            self.n += 1

    def __exit__(self, *exc):
        self.end.set()
        self.thread.join()
        self.rate = self.n / (time.monotonic() - self.began)
        if self.failed:
            raise RuntimeError(f"a write beside the watchers was answered {self.failed}")
