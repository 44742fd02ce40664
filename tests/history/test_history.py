"""Concurrent clients of one server, or of two on one etcd, while parts are killed: what they were told has to be the history of one
object after another (linear.py). K8C_SEED: the clients' choices and the kills (random, printed). K8C_HISTORY_S: seconds of it (5)."""
import os
import pathlib
import random
import shutil
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "store"))
from api import Api, Refused, Unknown  # noqa: E402
from cluster import Cluster  # noqa: E402
from etcd import Etcd  # noqa: E402
from linear import UNKNOWN, Op, check_all  # noqa: E402

MAPS = "/api/v1/namespaces/default/configmaps"
CLIENTS = 6
KEYS_AT_ONCE = 3
OPS_PER_KEY = 60  # then other keys are used: short histories are decided quickly
SECONDS = float(os.environ.get("K8C_HISTORY_S", 5))


class Clients:
    """Threads that write and read, and note what they were told."""

    def __init__(self, servers, seed):
        self.servers, self.seed = servers, seed
        self.lock, self.ops, self.value, self.generation = threading.Lock(), {}, 0, [0] * KEYS_AT_ONCE
        self.end, self.answered = time.monotonic() + SECONDS, 0
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(CLIENTS)]

    def run(self, trouble):
        for t in self.threads:
            t.start()
        try:
            while time.monotonic() < self.end:
                trouble()
        finally:
            self.end = 0
            for t in self.threads:
                t.join()
        return self.ops

    def key(self, rng):
        with self.lock:
            i = rng.randrange(KEYS_AT_ONCE)
            name = f"k{i}-{self.generation[i]}"
            if len(self.ops.setdefault(name, [])) >= OPS_PER_KEY:
                self.generation[i] += 1
            self.value += 1
            return name, f"v{self.value}"

    def work(self, i):
        rng, apis, seen = random.Random(self.seed * 1000 + i), {}, {}
        while time.monotonic() < self.end:
            server = rng.choice(self.servers)
            url = server.url
            if url not in apis:
                apis[url] = Api(url, server.data)
            api = apis[url]
            name, value = self.key(rng)
            op = self.one(rng, api, name, value, seen)
            if op:
                with self.lock:
                    self.ops[name].append(op)
                    self.answered += op.answer != UNKNOWN
            else:
                time.sleep(0.02)

    def one(self, rng, api, name, value, seen):
        """The operation with what was told, or None when it surely was not done."""
        kind = rng.choice(["get", "get", "create", "put", "put", "put", "delete"])
        if kind == "put" and name not in seen:
            kind = "create"
        op = Op(kind, 0, 0, value=None if kind in ("get", "delete") else value)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}}
        if kind == "put":
            op.old, body["metadata"]["resourceVersion"] = seen[name]
        method = {"get": "GET", "create": "POST", "put": "PUT", "delete": "DELETE"}[kind]
        op.call = time.monotonic()
        try:
            code, answer = api.call(method, MAPS if kind == "create" else f"{MAPS}/{name}", None if kind in ("get", "delete") else body)
        except Refused:
            return None
        except Unknown:
            code, answer = 0, None
        op.ret = time.monotonic()
        if code in (200, 201) and kind != "delete":
            seen[name] = (answer["data"]["v"], answer["metadata"]["resourceVersion"])
        return self.told(op, code, answer)

    @staticmethod
    def told(op, code, answer):
        if op.kind == "get":
            op.value = answer["data"]["v"] if code == 200 else None
            return op if code in (200, 404) else None
        if code in (503, 429):
            return None
        op.answer = {200: "ok", 201: "ok", 404: "gone", 409: "exists" if op.kind == "create" else "conflict"}.get(code, UNKNOWN)
        return op


class History(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("K8C_SEED", random.randrange(10**6)))
        self.random = random.Random(self.seed)

    def server(self, *flags, of=None):
        c = Cluster("--no-agent", *flags, "--listen", "127.0.0.1:0")
        self.addCleanup(c.remove)
        self.addCleanup(c.stop)
        if of:
            shutil.copytree(of.data / "pki", c.data / "pki", ignore=shutil.ignore_patterns("server.*"))
        return c.start()

    def again(self, server):
        """kill -9 and back, at another port."""
        server.stop(signal.SIGKILL)
        server.start()

    def judge(self, servers, trouble):
        clients = Clients(servers, self.seed)
        ops = clients.run(trouble)
        bad = check_all(ops)
        self.assertFalse(bad, f"K8C_SEED={self.seed}: " + "".join(f"\n{key}:\n  " + "\n  ".join(map(str, found)) for key, found in bad.items()))
        self.assertGreater(clients.answered, 50)

    def test_sqlite_while_the_server_is_killed(self):
        server = self.server()

        def trouble():
            time.sleep(self.random.uniform(0.3, 1.2))
            self.again(server)

        self.judge([server], trouble)

    def test_etcd_while_leaders_and_a_server_are_killed(self):
        with Etcd(3) as etcd:
            one = self.server(*etcd.flags)
            two = self.server(*etcd.flags, of=one)

            def trouble():
                time.sleep(self.random.uniform(0.3, 1.0))
                if self.random.random() < 0.3:
                    self.again(two)
                    return
                leader = etcd.leader()
                if leader is not None:
                    etcd.kill(leader)
                    time.sleep(self.random.uniform(0.1, 0.8))
                    etcd.start_member(leader)
                    etcd.wait()

            self.judge([one, two], trouble)


if __name__ == "__main__":
    unittest.main()
