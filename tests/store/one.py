"""A server whose database is to come to harm, with what was acknowledged."""
import unittest

from api import Api, rv_of
from cluster import Cluster

MAPS = "/api/v1/namespaces/default/configmaps"


class Harmed(unittest.TestCase):
    """self.cluster; self.acked: {name: revision}, None when deleted."""

    def setUp(self):
        self.acked = {}
        self.cluster = None

    def up(self, **options):
        self.cluster = Cluster("--no-agent", "--listen", "127.0.0.1:0", **options)
        self.addCleanup(self.cluster.remove)
        self.addCleanup(self.cluster.stop)
        self.cluster.start()
        self.api = Api(self.cluster.url, self.cluster.data)

    def again(self):
        self.cluster.start()
        self.api = Api(self.cluster.url, self.cluster.data)

    def create(self, name, size=100):
        """The answer's code and body; what was acknowledged is noted."""
        code, answer = self.api.call("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": "x" * size}})
        if code == 201:
            self.acked[name] = rv_of(answer)
        return code, answer

    def delete(self, name):
        code, answer = self.api.call("DELETE", f"{MAPS}/{name}")
        if code == 200:
            self.acked[name] = None
        return code, answer

    def listed(self):
        code, answer = self.api.call("GET", MAPS)
        self.assertEqual(code, 200, answer)
        return {o["metadata"]["name"]: rv_of(o) for o in answer["items"]}

    def assert_all_there(self, maybe=()):
        """Everything acknowledged; of what was not acknowledged nothing but `maybe`."""
        now = self.listed()
        self.assertEqual({n: now.get(n) for n in self.acked}, self.acked)
        self.assertEqual(set(now) - set(self.acked) - set(maybe) - {"kube-root-ca.crt"}, set())

    def assert_failed(self, answer, text):
        """A Status that says what is the matter."""
        code, status = answer
        self.assertEqual((code, status["kind"], status["status"], status["code"]), (500, "Status", "Failure", 500), status)
        self.assertIn(text, status["message"])

    def log(self):
        return self.cluster.log.read_text()
