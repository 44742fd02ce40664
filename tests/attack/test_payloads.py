"""Bodies and paths made to hurt: each is refused, the server goes on, and memory comes back to where it was."""
import http.client
import json
import ssl
import unittest

from cluster import Cluster

MAPS = "/api/v1/namespaces/default/configmaps"
GROWTH_MAX_KB = 64 * 1024


class Payloads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.host, port = cls.cluster.url.removeprefix("https://").rsplit(":", 1)
        cls.port = int(port)
        pki = cls.cluster.data / "pki"
        cls.tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        cls.tls.check_hostname = False
        cls.tls.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        cls.ask("POST", MAPS, json.dumps({"metadata": {"name": "victim"}, "data": {"a": "x" * 1000}}))

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__()

    @classmethod
    def ask(cls, method, path, body=None, kind="application/json"):
        c = http.client.HTTPSConnection(cls.host, cls.port, context=cls.tls, timeout=60)
        c.putrequest(method, path, skip_accept_encoding=True)
        if body is not None:
            data = body.encode() if isinstance(body, str) else body
            c.putheader("Content-Type", kind)
            c.putheader("Content-Length", str(len(data)))
        c.endheaders()
        if body is not None:
            c.send(data)
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, text

    def memory(self):
        text = open(f"/proc/{self.cluster.process.pid}/status").read()
        return int(text.split("VmRSS:")[1].split()[0])

    def refused(self, codes, *request, **kw):
        before = self.memory()
        status, text = self.ask(*request, **kw)
        self.assertIn(status, codes, text[:300])
        self.assertEqual(self.ask("GET", "/livez")[0], 200)
        self.assertLess(self.memory() - before, GROWTH_MAX_KB)

    def test_deep_nesting(self):
        for depth in (20_000, 1_000_000):
            self.refused((400, 413, 422), "POST", MAPS, '{"data":' * depth + "1" + "}" * depth)
            self.refused((400, 413, 422), "POST", MAPS, "[" * depth)
            self.refused((400, 413, 422), "POST", MAPS, "[" * depth, kind="application/yaml")

    def test_deep_merge_patches(self):
        for kind in ("merge-patch", "strategic-merge-patch"):
            self.refused((400, 413, 422), "PATCH", MAPS + "/victim", '{"a":' * 20_000 + "1" + "}" * 20_000, kind=f"application/{kind}+json")

    def test_aliases_that_multiply(self):
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
        self.refused((400, 413, 422), "POST", MAPS, "\n".join(lines), kind="application/yaml")

    def test_copies_that_double(self):
        ops = [{"op": "copy", "from": "/data", "path": f"/data/a{i}"} for i in range(40)]
        self.refused((400, 413, 422), "PATCH", MAPS + "/victim", json.dumps(ops), kind="application/json-patch+json")

    def test_more_operations_than_a_patch_may_have(self):
        ops = [{"op": "test", "path": "/data/a", "value": "y"}] * 10_001
        self.refused((413, 422), "PATCH", MAPS + "/victim", json.dumps(ops), kind="application/json-patch+json")

    def test_bodies_over_the_limit(self):
        self.refused((413,), "POST", MAPS, b"x" * (3 * 1024 * 1024 + 1))

    def test_what_is_no_object(self):
        for body in (b"", b"\0" * 1000, b"k8s\0" + b"\xff" * 1000, b"\xff\xfe{}", b'{"metadata":{"name":"a\\u0000b"}}'):
            self.refused((400, 415, 422), "POST", MAPS, body)
        self.refused((400, 415, 422), "POST", MAPS, b"k8s\0" + b"\x0a\xff\xff\xff\xff\x0f" * 100, kind="application/vnd.kubernetes.protobuf")

    def test_paths_do_not_climb(self):
        for path in ("/api/v1/../../etc/passwd", "/api/v1/namespaces/..%2f..%2fkube-system/secrets", "/api/v1/namespaces/default/configmaps/%2e%2e", "//api//v1",
                     "/api/v1/namespaces/default/configmaps/a%00b", "/apis/" + "a/" * 5000, "/api/v1/%zz"):
            self.refused((301, 400, 403, 404, 405), "GET", path)

    def test_queries_without_end(self):
        self.refused((400, 414, 431), "GET", MAPS + "?" + "&".join(f"labelSelector=a{i}" for i in range(60_000)))
        self.refused((400,), "GET", MAPS + "?labelSelector=" + "((((" * 1000)


if __name__ == "__main__":
    unittest.main()
