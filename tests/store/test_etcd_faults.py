"""etcd's faults seen through the API: a member that ends and comes back, leaders killed one after the other, no quorum, a compacted
gap; and who runs the controllers when a server goes."""
import json
import signal
import unittest

from api import Unknown, Watch, rv_of
from on_etcd import MAPS, OnEtcd, b64, config_map, eventually

LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager"


class Faults(OnEtcd):
    def tries(self, server, method, path, body=None):
        """The status code, or None when the connection broke."""
        try:
            return server.api.call(method, path, body)[0]
        except Unknown:
            return None

    def restart(self, i=0):
        self.etcd.kill(i)
        self.etcd.start_member(i)


class OneMember(Faults):
    def test_etcd_ends_and_comes_back(self):
        """Reads from memory go on meanwhile; the watch goes on behind what it had seen; nothing acknowledged is missing."""
        server = self.server()
        made = self.make(server, MAPS, config_map("a", "1"))
        watch = Watch(server.api, MAPS, rv_of(made))
        self.etcd.kill(0)
        self.assertEqual(self.tries(server, "GET", MAPS + "/a?resourceVersion=0"), 200)
        self.assertIn(self.tries(server, "POST", MAPS, config_map("b", "1")), (500, 503))
        self.etcd.start_member(0)
        self.assertEqual(eventually(lambda: self.tries(server, "POST", MAPS, config_map("c", "1")) in (201, 409)), True)
        self.assertEqual(self.tries(server, "GET", MAPS + "/a"), 200)
        self.assertTrue(eventually(lambda: any(e[2]["metadata"]["name"] == "c" for e in list(watch.events))))
        self.assertIsNone(watch.problem)

    def test_without_etcd_there_is_a_503_that_says_when_to_come_again(self):
        server = self.server()
        self.make(server, MAPS, config_map("a", "1"))
        self.etcd.kill(0)
        for method, path, body in (("GET", MAPS + "/a", None), ("GET", MAPS, None), ("DELETE", MAPS + "/a", None), ("POST", MAPS, config_map("b", "1"))):
            connection = server.api.connect()
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            status = json.loads(answer.read())
            self.assertEqual((answer.status, answer.headers["Retry-After"], status["reason"]), (503, "1", "ServiceUnavailable"), status)
            connection.close()
        self.assertTrue(eventually(lambda: self.tries(server, "GET", "/readyz") == 500))
        self.assertEqual(self.tries(server, "GET", "/livez"), 200)
        self.etcd.start_member(0)
        self.assertTrue(eventually(lambda: self.tries(server, "GET", "/readyz") == 200))
        self.assertEqual(self.tries(server, "GET", MAPS + "/a"), 200)
        self.assertEqual(self.tries(server, "GET", MAPS + "/b"), 404)

    def test_a_gap_that_was_compacted_ends_watches_with_410(self):
        server = self.server()
        made = self.make(server, MAPS, config_map("a", "1"))
        watch = Watch(server.api, MAPS, rv_of(made))
        server.process.send_signal(signal.SIGSTOP)  # stopped: it hears nothing
        try:
            for i in range(50):
                put = self.etcd.call("/v3/kv/put", {"key": b64("/registry/configmaps/default/b"), "value": b64(json.dumps(
                    {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "b", "namespace": "default", "uid": "u"}, "data": {"v": str(i)}}))})
            self.restart()
            self.etcd.wait()
            self.etcd.call("/v3/kv/compaction", {"revision": put["header"]["revision"], "physical": True})
        finally:
            server.process.send_signal(signal.SIGCONT)
        self.assertTrue(eventually(lambda: self.tries(server, "GET", MAPS + "/b") == 200))
        self.assertEqual(server.api.call("GET", MAPS + "/b")[1]["data"], {"v": "49"})
        self.assertTrue(eventually(lambda: watch.problem or any(e[2].get("data") == {"v": "49"} for e in list(watch.events))))
        if watch.problem:
            self.assertIn("410", watch.problem)

    def test_the_controllers_run_on_one_server_and_move(self):
        one = self.server()
        holder = lambda s: s.api.call("GET", LEASE)[1].get("spec", {}).get("holderIdentity")
        first = eventually(lambda: holder(one))
        self.assertTrue(first)
        two = self.server(pki_of=one)
        self.make(two, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n1"}})
        account = "/api/v1/namespaces/{}/serviceaccounts/default"
        self.assertTrue(eventually(lambda: self.tries(two, "GET", account.format("n1")) == 200))
        self.assertEqual(holder(two), first)
        self.assertEqual(one.stop(), 0)
        self.assertTrue(eventually(lambda: holder(two) not in (None, first), 40))
        self.make(two, "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n2"}})
        self.assertTrue(eventually(lambda: self.tries(two, "GET", account.format("n2")) == 200))


class ThreeMembers(Faults):
    members = 3

    def test_leaders_are_killed_one_after_the_other(self):
        server = self.server()
        acked = set()
        for i in range(4):
            leader = self.etcd.leader()
            self.etcd.kill(leader)
            done = eventually(lambda: self.tries(server, "POST", MAPS, config_map(f"m{i}", "1")) in (201, 409))
            self.assertTrue(done, f"no write after leader {leader} was killed")
            acked.add(f"m{i}")
            self.etcd.start_member(leader)
            self.etcd.wait()
        code, got = server.api.call("GET", MAPS)
        self.assertEqual(code, 200)
        self.assertLessEqual(acked, {o["metadata"]["name"] for o in got["items"]})

    def test_without_a_quorum_nothing_is_acknowledged(self):
        server = self.server()
        self.make(server, MAPS, config_map("a", "1"))
        leader = self.etcd.leader()
        gone = [leader, (leader + 1) % 3]
        for i in gone:
            self.etcd.kill(i)
        codes = [self.tries(server, "POST", MAPS, config_map("b", "1")), self.tries(server, "GET", MAPS + "/a")]
        self.assertNotIn(201, codes)
        self.assertNotIn(200, codes)
        for i in gone:
            self.etcd.start_member(i)
        self.assertTrue(eventually(lambda: self.tries(server, "GET", MAPS + "/a") == 200, 40))
        # Another election may follow when the last member joins.
        self.assertTrue(eventually(lambda: self.tries(server, "POST", MAPS, config_map("c", "1")) in (201, 409)))

if __name__ == "__main__":
    unittest.main()
