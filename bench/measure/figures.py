"""Measures everything: each step fills `f`, a dictionary of figures in seconds, bytes and counts. A step that fails says so and leaves
its figures out; the others go on."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from . import agent, floors, load, pods, server as srv

PODS = "/api/v1/namespaces/bench/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/bench/leases"
MAPS = "/api/v1/namespaces/bench/configmaps"
ACCEPT = {"json": "application/json", "table": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
          "protobuf": "application/vnd.kubernetes.protobuf"}
FEW, LEASE_COUNT, STATUS_PODS = 5000, 80, 200
WRITES_PER_SECOND = 100


class Bench:
    """`given`: (kubeconfig, pids) of a server to measure instead of one of the benchmark's own."""

    def __init__(self, quick, given=None, with_agent=True):
        self.f, self.failed, self.quick, self.given, self.with_agent = {}, {}, quick, given, with_agent
        self.seconds, self.starts, self.idle = (2, 3, 4) if quick else (6, 9, 10)
        self.rounds, self.ready_pods = (10, 5) if quick else (30, 10)
        self.many, self.watchers = (FEW, 1000) if quick else (13500, 10000)
        self.f.update(many=self.many, watchers=self.watchers)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="k8c-bench-run-"))

    def step(self, fn, *args):
        began = time.monotonic()
        try:
            fn(*args)
            print(f"bench: {fn.__name__} ({time.monotonic() - began:.1f} s)", file=sys.stderr)
        except (RuntimeError, OSError, subprocess.SubprocessError, LookupError, ValueError, TypeError, AttributeError) as e:
            self.failed[fn.__name__] = f"{type(e).__name__}: {e}"
            print(f"bench: {fn.__name__} failed: {e}", file=sys.stderr)

    def run(self):
        try:
            if not self.given:
                self.step(self.starting)
                self.step(self.idling)
            self.step(self.serving)
            if not self.given and self.with_agent and os.geteuid() == 0:
                self.step(agent.measure, self.f, self.ready_pods)
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)
        return self.f

    # ---- start ----

    def starting(self):
        took = {"ephemeral": [], "new": [], "existing": []}
        for i in range(self.starts):
            data = self.dir / f"start-{i}"
            for kind, flags in (("ephemeral", {"data": None}), ("new", {"data": data}), ("existing", {"data": data})):
                with srv.Server("--no-agent", *(["--ephemeral"] if kind == "ephemeral" else []), **flags) as s:
                    took[kind].append((s.ready_line_s, s.readyz_s, s.ready_cpu))
        for kind, pairs in took.items():
            self.f[f"start_{kind}"] = statistics.median(p[0] for p in pairs)
            self.f[f"start_{kind}_cpu"] = statistics.median(p[2] for p in pairs)
            self.f[f"readyz_{kind}"] = statistics.median(p[1] for p in pairs)

    def idling(self):
        with srv.Server("--no-agent", data=self.dir / "start-0") as s:
            time.sleep(4)
            got = srv.memory(s.pids)
            with load.Cost(*s.pids) as cost:
                time.sleep(self.idle)
            self.f.update(idle_rss=got["Rss"], idle_pss=got["Pss"], idle_anon=got["Anonymous"], idle_cpu=cost.cpu / cost.wall)

    # ---- one server with data on disk for all the rest ----

    def serving(self):
        with srv.Given(*self.given) if self.given else srv.Server("--no-agent", data=self.dir / "serving") as s:
            s.bearer()
            s.must("POST", PODS, pods.pod("one"))
            for fn in (self.gets, self.lists, self.leases, self.statuses, self.creates, self.watches):
                self.step(fn, s)

    def gets(self, s):
        url, token = f"{s.url}{PODS}/one", s.bearer()
        h1 = load.wrk(s.pids, url, self.seconds, 32, token)
        one = load.wrk(s.pids, url, 1, 1, token)
        h2 = load.h2load(s.pids, url, int(h1["rate"] * self.seconds * 0.6) + 64, 32, token)
        self.f.update(get_cpu=h1["cpu"], get_rate=h1["rate"], get_p50=one["p50"], get_h2_cpu=h2["cpu"])
        body = s.must("GET", f"{PODS}/one", raw=True)
        with floors.Nginx(self.dir, {"one": body}) as n:
            self.f["get_floor"] = load.wrk(n.pids, f"{n.url}/one", self.seconds, 32)["cpu"]
            self.f["get_h2_floor"] = load.h2load(n.pids, f"{n.url}/one", 20000, 32)["cpu"]
            self.f["get_p50_floor"] = load.wrk(n.pids, f"{n.url}/one", 1, 1)["p50"]

    def fill(self, s, upto, there):
        load.h2load(s.pids, f"{s.url}{PODS}", upto - there, 64, s.bearer(), pods.pod(generate="list-"), self.dir)
        time.sleep(1)

    def lists(self, s):
        token, url = s.bearer(), f"{s.url}{PODS}"
        before = srv.memory(s.pids)["Anonymous"]
        self.fill(s, FEW, 1)
        for name, accept in ACCEPT.items():
            got = load.fetch(s.pids, url, token, accept)
            self.f.update({f"list_{name}_cpu": got["cpu"], f"list_{name}_wall": got["wall"]})
        bodies = {name: s.must("GET", PODS, raw=True, headers={"Accept": accept}) for name, accept in ACCEPT.items()}
        if self.many > FEW:
            self.fill(s, self.many, FEW)
            self.f["many_json_cpu"] = load.fetch(s.pids, url, token, ACCEPT["json"])["cpu"]
            bodies["many"] = s.must("GET", PODS, raw=True, headers={"Accept": ACCEPT["json"]})
        self.f["pod_memory"] = (srv.memory(s.pids)["Anonymous"] - before) / (self.many - 1)
        srv.peak_reset(s.pids)
        rss = srv.memory(s.pids)["Rss"]
        load.fetch_together(url, token, ACCEPT["json"], 8)
        self.f["list_peak"] = max(0, srv.peak(s.pids) - rss)
        with floors.Nginx(self.dir, bodies) as n:
            for name in bodies:
                self.f[f"list_{name}_floor"] = load.fetch(n.pids, f"{n.url}/{name}")["cpu"]

    def leases(self, s):
        versions = [s.must("POST", LEASES, pods.lease(f"lease-{i + 1}"))["metadata"]["resourceVersion"] for i in range(LEASE_COUNT)]
        got = load.wrk(s.pids, s.url, self.seconds, 64, s.bearer(), "lease.lua", [LEASES, LEASE_COUNT, *versions])
        self.f.update(lease_cpu=got["cpu"], lease_rate=got["rate"])

    def statuses(self, s):
        for i in range(STATUS_PODS):
            s.must("POST", PODS, pods.pod(f"status-{i + 1}"))
        got = load.wrk(s.pids, s.url, self.seconds, 64, s.bearer(), "status.lua", [PODS, "status-", STATUS_PODS])
        self.f.update(status_cpu=got["cpu"], status_rate=got["rate"])

    def creates(self, s):
        body = self.dir / "pod.json"
        body.write_text(json.dumps(pods.pod("@NAME@")))
        one = load.wrk(s.pids, s.url + PODS, 1, 1, s.bearer(), "create.lua", ["alone-", body])
        got = load.wrk(s.pids, s.url + PODS, self.seconds, 64, s.bearer(), "create.lua", ["many-", body])
        self.f.update(create_cpu=got["cpu"], create_rate=got["rate"], create_p50=one["p50"], create_p99=got["p99"])
        row = s.must("GET", f"{PODS}/one", raw=True).decode()
        many, single = floors.sqlite_commits(self.dir, row, 6400, 64), floors.sqlite_commits(self.dir, row, 300, 1)
        self.f.update(create_floor=many["cpu"] + self.f.get("get_floor", 0), sqlite_rate=many["rate"], create_p50_floor=1 / single["rate"])

    # ---- watches ----

    def watches(self, s):
        program = self.dir / "watchers"
        subprocess.run(["cc", "-O2", "-o", program, pathlib.Path(__file__).parents[1] / "watchers.c", "-lssl", "-lcrypto"], check=True,
                       capture_output=True)
        s.must("POST", MAPS, {"metadata": {"name": "news", "labels": {"bench": "news"}}, "data": {"text": "x" * 600, "n": "0"}})
        s.must("POST", MAPS, {"metadata": {"name": "other"}, "data": {"n": "0"}})
        rv = s.must("GET", MAPS)["metadata"]["resourceVersion"]
        with load.Cost(*s.pids) as cost, load.Writes(s, f"{MAPS}/other", WRITES_PER_SECOND) as writes:
            time.sleep(self.seconds)
        self.f["write_alone_cpu"] = cost.cpu / max(1, writes.n)
        before = srv.memory(s.pids)["Anonymous"]
        with load.Cost(*s.pids) as opening, load.Watchers(program, s, self.watchers, f"{MAPS}?watch=1&labelSelector=bench%3Dnews&resourceVersion={rv}") as w:
            opening.__exit__()
            time.sleep(1)
            self.f.update(watch_memory=(srv.memory(s.pids)["Anonymous"] - before) / self.watchers, watch_open_cpu=opening.cpu / self.watchers)
            self.fan_out(s, w)

    def fan_out(self, s, w):
        """Other objects change all the while; the event that everybody waits for comes in rounds."""
        with load.Writes(s, f"{MAPS}/other", WRITES_PER_SECOND) as writes:
            n, took = writes.n, []
            with load.Cost(*s.pids) as quiet:
                time.sleep(self.seconds)
            a_write = quiet.cpu / max(1, writes.n - n)
            n = writes.n
            with load.Cost(*s.pids) as cost:
                for i in range(self.rounds):
                    w.expect(1)
                    began = time.monotonic()
                    s.must("PATCH", f"{MAPS}/news", {"data": {"n": str(i + 1)}}, headers={"Content-Type": "application/merge-patch+json"})
                    took.append(w.last() - began)
            n = writes.n - n
        self.f.update(write_watched_cpu=a_write, write_rate=writes.rate, fanout_last=statistics.median(took), fanout_max=max(took),
                      fanout_cpu=max(0, cost.cpu - n * a_write) / self.rounds / self.watchers)
