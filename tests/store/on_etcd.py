"""What tests on etcd share: an etcd, servers on it, and its own view of the data."""
import base64
import shutil
import time
import unittest

from api import Api
from cluster import Cluster
from etcd import Etcd

MAPS = "/api/v1/namespaces/default/configmaps"
KEYS = "/registry/configmaps/default/"


def b64(text):
    return base64.b64encode(text.encode()).decode()


def config_map(name, value):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}}


def eventually(check, seconds=20):
    """The first true answer; the last one when none came in time."""
    deadline = time.monotonic() + seconds
    while not (got := check()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return got


class OnEtcd(unittest.TestCase):
    members = 1

    def setUp(self):
        etcd = Etcd(self.members)
        self.etcd = etcd.__enter__()
        self.addCleanup(etcd.__exit__)

    def server(self, *flags, pki_of=None):
        c = Cluster(*self.etcd.flags, "--no-agent", "--listen", "127.0.0.1:0", *flags)
        self.addCleanup(c.remove)
        self.addCleanup(c.stop)
        if pki_of:
            shutil.copytree(pki_of.data / "pki", c.data / "pki", ignore=shutil.ignore_patterns("server.*"))
        c.start()
        c.api = Api(c.url, c.data)
        self.addCleanup(lambda: c.api.close())
        return c

    def make(self, server, path, body, code=201):
        got, answer = server.api.call("POST", path, body)
        self.assertEqual(got, code, answer)
        return answer

    def kv(self, key):
        return self.etcd.call("/v3/kv/range", {"key": b64(key)}).get("kvs", [None])[0]
