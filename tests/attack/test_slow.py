"""Peers that hold connections and give nothing: the server ends them by itself, and serves others meanwhile."""
import http.client
import json
import socket
import ssl
import unittest

from cluster import Cluster

MAPS = "/api/v1/namespaces/default/configmaps"
GROWTH_MAX_KB = 48 * 1024


class Slow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.host, port = cls.cluster.url.removeprefix("https://").rsplit(":", 1)
        cls.port = int(port)
        pki = cls.cluster.data / "pki"
        cls.tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        cls.tls.check_hostname = False
        cls.tls.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))

    @classmethod
    def tearDownClass(cls):
        cls.cluster.__exit__()

    def plain(self):
        return socket.create_connection((self.host, self.port), 120)

    def secure(self):
        return self.tls.wrap_socket(self.plain())

    def ask(self, method, path, body=None):
        c = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=60)
        c.request(method, path, body, {"Content-Type": "application/json"})
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, text

    def memory(self):
        text = open(f"/proc/{self.cluster.process.pid}/status").read()
        return int(text.split("VmRSS:")[1].split()[0])

    def ended(self, sockets, drip=None):
        """Every connection is ended by the server, though `drip` trickles in."""
        for s in sockets:
            s.settimeout(1 if drip else 120)
            while True:
                try:
                    if drip:
                        s.sendall(drip)
                    if not s.recv(4096):
                        break
                except TimeoutError:
                    self.assertIsNotNone(drip, "a silent connection was never ended")
                except OSError:
                    break
            s.close()

    def held(self, sockets, drip=None):
        self.assertEqual(self.ask("GET", "/livez")[0], 200)
        self.ended(sockets, drip)
        self.assertEqual(self.ask("GET", "/livez")[0], 200)

    def test_connections_that_say_nothing(self):
        self.held([self.plain() for _ in range(200)])

    def test_handshakes_without_a_request(self):
        self.held([self.secure() for _ in range(50)])

    def test_headers_that_trickle(self):
        sockets = [self.secure() for _ in range(20)]
        for s in sockets:
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        self.held(sockets, b"X-A: b\r\n")

    def test_bodies_that_trickle(self):
        sockets = [self.secure() for _ in range(5)]
        for s in sockets:
            s.sendall(f"POST {MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n".encode())
        self.held(sockets, b" ")

    def test_watchers_that_do_not_read(self):
        before = self.memory()
        stalled = []
        for _ in range(100):
            s = self.secure()
            s.sendall(f"GET {MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            stalled.append(s)
        self.assertEqual(self.ask("POST", MAPS, json.dumps({"metadata": {"name": "m"}}))[0], 201)
        c = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=60)
        for i in range(500):
            c.request("PUT", MAPS + "/m", json.dumps({"metadata": {"name": "m"}, "data": {"a": str(i) + "x" * 20_000}}), {"Content-Type": "application/json"})
            r = c.getresponse()
            self.assertEqual(r.status, 200, r.read())
            r.read()
        c.close()
        self.assertLess(self.memory() - before, GROWTH_MAX_KB, "memory grows with what watchers do not read")
        for s in stalled:
            s.close()
        self.assertEqual(self.ask("GET", "/livez")[0], 200)


if __name__ == "__main__":
    unittest.main()
