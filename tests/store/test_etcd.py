"""On etcd: kube-apiserver's keys and values, two servers that see each other's writes at once, restarts, leases, compaction, and clear
words when etcd cannot be had."""
import base64
import json
import subprocess
import threading
import unittest

from api import Api, Watch, rv_of
from cluster import BUILD, Cluster
from etcd import Etcd
from on_etcd import KEYS, MAPS, OnEtcd, b64, config_map, eventually


class Sharing(OnEtcd):
    def test_keys_and_values_are_kubernetes_own(self):
        server = self.server()
        made = self.make(server, MAPS, config_map("a", "1"))
        kv = self.kv(KEYS + "a")
        value = json.loads(base64.b64decode(kv["value"]))
        self.assertEqual(kv["mod_revision"], made["metadata"].pop("resourceVersion"))
        self.assertEqual(value, made)
        for key in ("services/specs/default/kubernetes", "namespaces/default", "clusterroles/cluster-admin", "apiregistration.k8s.io/apiservices/v1.apps"):
            self.assertTrue(self.kv("/registry/" + key), key)

    def test_what_another_writer_puts_is_served(self):
        """A kube-apiserver with JSON storage writes just this: no resourceVersion, a line feed at the end."""
        server = self.server()
        made = self.make(server, MAPS, config_map("a", "1"))
        watch = Watch(server.api, MAPS, rv_of(made))
        text = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b","namespace":"default","uid":"u-1","creationTimestamp":null},"data":{"v":"2"}}\n'
        put = self.etcd.call("/v3/kv/put", {"key": b64(KEYS + "b"), "value": b64(text)})
        code, got = server.api.call("GET", MAPS + "/b")
        self.assertEqual((code, got["data"], got["metadata"]["resourceVersion"]), (200, {"v": "2"}, put["header"]["revision"]))
        gone = self.etcd.call("/v3/kv/deleterange", {"key": b64(KEYS + "b")})
        self.assertEqual(server.api.call("GET", MAPS + "/b")[0], 404)
        # Controllers write here as well.
        events = lambda: [(kind, rv) for rv, kind, obj in list(watch.events) if obj["metadata"]["name"] == "b"]
        eventually(lambda: len(events()) >= 2)
        self.assertEqual(events(), [("ADDED", int(put["header"]["revision"])), ("DELETED", int(gone["header"]["revision"]))])
        self.assertIsNone(watch.problem)

    def test_a_restart_finds_everything(self):
        server = self.server()
        made = [self.make(server, MAPS, config_map(f"m{i}", "x" * i)) for i in range(300)]
        self.assertEqual(server.stop(), 0)
        server.start()
        server.api = Api(server.url, server.data)
        code, got = server.api.call("GET", MAPS)
        found = {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in got["items"] if o["metadata"]["name"] != "kube-root-ca.crt"}
        self.assertEqual(found, {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in made})

    def test_two_servers_see_each_others_writes_at_once(self):
        """Every write is read, changed and deleted through the other server right behind its acknowledgement."""
        one = self.server()
        two = self.server(pki_of=one)
        for i in range(100):
            a, b = (one, two) if i % 2 else (two, one)
            made = self.make(a, MAPS, config_map(f"m{i}", "1"))
            code, got = b.api.call("GET", f"{MAPS}/m{i}")
            self.assertEqual((code, got), (200, made))
            made["data"]["v"] = "2"
            code, put = b.api.call("PUT", f"{MAPS}/m{i}", made)
            self.assertEqual(code, 200, put)
            self.assertEqual(a.api.call("PUT", f"{MAPS}/m{i}", made)[0], 409)
            self.assertIn(put, [dict(o, kind="ConfigMap", apiVersion="v1") for o in a.api.call("GET", MAPS)[1]["items"]])
            self.assertEqual(a.api.call("DELETE", f"{MAPS}/m{i}")[0], 200)
            self.assertEqual(b.api.call("GET", f"{MAPS}/m{i}")[0], 404)

    def test_servers_race_for_one_object(self):
        """Unconditional and conditional raises through both servers: none is lost, none counted twice."""
        one = self.server()
        two = self.server(pki_of=one)
        self.make(one, MAPS, config_map("n", "0"))
        raises, lock = [0], threading.Lock()

        def work(server):
            for _ in range(40):
                obj = server.api.call("GET", MAPS + "/n")[1]
                obj["data"]["v"] = str(int(obj["data"]["v"]) + 1)
                code = server.api.call("PUT", MAPS + "/n", obj)[0]
                self.assertIn(code, (200, 409))
                with lock:
                    raises[0] += code == 200
            server.api.close()

        threads = [threading.Thread(target=work, args=(s,)) for s in (one, two) * 4]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(int(two.api.call("GET", MAPS + "/n")[1]["data"]["v"]), raises[0])
        self.assertGreater(raises[0], 0)

    def test_addresses_and_ports_are_given_out_once(self):
        one = self.server()
        two = self.server(pki_of=one)
        made, lock = [], threading.Lock()

        def work(server, n):
            for i in range(12):
                body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{n}-{i}"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
                answer = self.make(server, "/api/v1/namespaces/default/services", body)
                with lock:
                    made.append(answer["spec"])
            server.api.close()

        threads = [threading.Thread(target=work, args=(s, n)) for n, s in enumerate((one, two, one, two))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(len(made), 48)
        self.assertEqual(len({s["clusterIP"] for s in made}), 48)
        self.assertEqual(len({s["ports"][0]["nodePort"] for s in made}), 48)

    def test_events_hang_on_a_lease(self):
        server = self.server()
        body = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"namespace": "default"}, "reason": "r"}
        path = "/api/v1/namespaces/default/events"
        self.make(server, path, body)
        lease = self.kv("/registry/events/default/e")["lease"]
        left = self.etcd.call("/v3/lease/timetolive", {"ID": lease, "keys": True})
        self.assertEqual(left["grantedTTL"], "3660")
        self.assertNotIn("lease", {k: v for k, v in self.kv("/registry/namespaces/default").items() if v != "0"})
        self.etcd.call("/v3/lease/revoke", {"ID": lease})
        self.assertEqual(server.api.call("GET", path + "/e")[0], 404)

    def test_history_is_compacted_in_turns(self):
        server = self.server("--etcd-compaction-interval", "300ms")
        for i in range(20):
            self.make(server, MAPS, config_map(f"m{i}", "1"))
        turns = lambda: int((self.kv("compact_rev_key") or {"version": "0"})["version"])
        self.assertGreaterEqual(eventually(lambda: turns() >= 4 and turns()), 4)
        with self.assertRaises(OSError):
            self.etcd.call("/v3/kv/range", {"key": b64(KEYS + "m0"), "revision": "2"})
        self.assertEqual(server.api.call("GET", MAPS + "/m0")[0], 200)

    def test_a_value_in_protobuf_is_refused_with_its_remedy(self):
        self.etcd.call("/v3/kv/put", {"key": b64(KEYS + "p"), "value": b64("k8s\0\n\x0c\n\x02v1")})
        with self.assertRaisesRegex(RuntimeError, "configmaps/default/p in etcd is not JSON.*--storage-media-type=application/json"):
            self.server()


class WithoutEtcd(unittest.TestCase):
    def refused(self, *flags):
        cluster = Cluster("--no-agent", "--listen", "127.0.0.1:0", *flags)
        self.addCleanup(cluster.remove)
        done = subprocess.run([BUILD / "k8c", "server", "--data-dir", cluster.data, *cluster.flags], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_flags_that_make_no_sense(self):
        self.assertIn("https://HOST:PORT or http://HOST:PORT is needed", self.refused("--datastore", "etcd=127.0.0.1:2379"))
        self.assertIn("an endpoint is needed", self.refused("--datastore", "etcd="))
        self.assertIn("all have to use TLS, or none", self.refused("--datastore", "etcd=https://127.0.0.1:1,http://127.0.0.1:2"))
        self.assertIn("need each other", self.refused("--datastore", "etcd=https://127.0.0.1:1", "--etcd-certfile", "x"))
        self.assertIn("need --datastore etcd=", self.refused("--etcd-cafile", "x"))
        self.assertIn("unknown datastore", self.refused("--datastore", "etc"))
        self.assertIn("--ephemeral", self.refused("--datastore", "etcd=https://127.0.0.1:1", "--ephemeral"))
        self.assertIn("/nonexistent", self.refused("--datastore", "etcd=https://127.0.0.1:1", "--etcd-cafile", "/nonexistent"))

    def test_a_certificate_that_etcd_does_not_know(self):
        with Etcd() as one, Etcd() as other:
            flags = one.flags
            wrong = other.flags
            self.assertRegex(self.refused(*flags[:2], *wrong[2:4], *flags[4:]), "certificate")


if __name__ == "__main__":
    unittest.main()
