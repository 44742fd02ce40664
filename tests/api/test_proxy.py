"""The proxy subresources of pods, services and nodes, in front of a small server of the test's own."""
import base64
import gzip
import hashlib
import http.client
import http.server
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from cluster import Cluster

PAGE = b'<html><body background="/b.png"><a href="/x?a=1&amp;b=2">x</a> <a href="y">y</a> <a href="//elsewhere.example/z">z</a><script>"<a href=/no>"</script></body></html>'
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def own_address():
    """An address of this machine that is no loopback one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return None if s.getsockname()[0].startswith("127.") else s.getsockname()[0]


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    go_on, gone, pulled = threading.Event(), threading.Event(), 0

    def log_message(self, *args):
        pass

    def answer(self, body, kind="text/plain", code=200, **headers):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def tell(self):
        n = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(n).decode()
        self.answer(json.dumps({"method": self.command, "target": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                                "body": body}).encode(), "application/json")

    def upgrade(self):
        accept = base64.b64encode(hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + GUID).digest()).decode()
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Backend: yes\r\n"
                         b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\nhello")
        while data := self.connection.recv(65536):
            self.wfile.write(data)
        self.close_connection = True

    def do(self):
        path = self.path.split("?")[0]
        if path == "/page":
            self.answer(PAGE, "text/html; charset=utf-8")
        elif path == "/packed":
            self.answer(gzip.compress(PAGE), "text/html", Content_Encoding="gzip")
        elif path == "/moved":
            self.answer(b"", code=302, Location="/elsewhere/?a=b")
        elif path == "/out":
            self.answer(b"", code=302, Location="http://elsewhere.example/")
        elif path == "/teapot":
            self.answer(b"short and stout", code=418)
        elif path == "/ws":
            self.upgrade()
        elif path == "/drip":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\none\r\n")
            self.go_on.wait(30)
            self.wfile.write(b"3\r\ntwo\r\n0\r\n\r\n")
        elif path == "/flood":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
                    Backend.pulled += 65536
            except OSError:
                self.gone.set()
        else:
            self.tell()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do


def serve(tls=None):
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Backend)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_address[1]


def self_signed():
    folder = tempfile.mkdtemp(prefix="k8c-proxy-")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-keyout",
                    f"{folder}/key", "-out", f"{folder}/crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/crt", f"{folder}/key")
    return context


@unittest.skipUnless(own_address(), "this machine has no address but loopback ones")
class Proxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent").start()
        cls.ip = own_address()
        cls.server, cls.port = serve()
        cls.secure, cls.secure_port = serve(self_signed())
        pki = cls.cluster.data / "pki"
        cls.tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        cls.tls.check_hostname = False
        cls.tls.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        cls.at = cls.cluster.url.removeprefix("https://").rsplit(":", 1)
        cls.pod("web", cls.ip)
        cls.pod("self", "127.0.0.1")
        cls.make("services", {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}, {"name": "tls", "port": 443}]}})
        cls.make("endpoints", {"metadata": {"name": "web"}, "subsets": [{
            "addresses": [{"ip": "192.0.2.7", "targetRef": {"kind": "Pod", "namespace": "default", "name": "web"}},
                          {"ip": cls.ip, "targetRef": {"kind": "Pod", "namespace": "default", "name": "web"}}],
            "ports": [{"name": "http", "port": cls.port}, {"name": "tls", "port": cls.secure_port}]}]})

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.secure.shutdown()
        cls.cluster.__exit__()

    @classmethod
    def connect(cls):
        return http.client.HTTPSConnection(cls.at[0], int(cls.at[1]), context=cls.tls, timeout=60)

    @classmethod
    def ask(cls, method, path, body=None, headers=None):
        c = cls.connect()
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        text = r.read()
        c.close()
        return r, text

    @classmethod
    def make(cls, resource, o, sub=None):
        base = f"/api/v1/namespaces/default/{resource}"
        method, path = ("PATCH", f"{base}/{o['metadata']['name']}/{sub}") if sub else ("POST", base)
        kind = {"Content-Type": "application/merge-patch+json" if sub else "application/json"}
        r, text = cls.ask(method, path, json.dumps(o), kind)
        assert r.status in (200, 201), text

    @classmethod
    def pod(cls, name, ip):
        cls.make("pods", {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "x", "ports": [{"containerPort": cls.port}]}]}})
        cls.make("pods", {"metadata": {"name": name}, "status": {"podIP": ip, "podIPs": [{"ip": ip}]}}, "status")

    def pod_path(self, rest, name=None):
        return f"/api/v1/namespaces/default/pods/{name or 'web'}/proxy{rest}"

    def told(self, method, path, **kw):
        r, text = self.ask(method, path, **kw)
        self.assertEqual(r.status, 200, text)
        return json.loads(text)

    def refused(self, path, code, message, method="GET"):
        r, text = self.ask(method, path)
        self.assertEqual((r.status, json.loads(text)["message"]), (code, message))

    def test_path_query_and_headers_reach_the_backend_credentials_do_not(self):
        told = self.told("GET", self.pod_path("/a%20b/../c!/?q=1&q=%2F"), headers={"X-Mine": "1", "Impersonate-User": "nobody", "Impersonate-Group": "system:masters"})
        self.assertEqual(told["target"], "/c%21/?q=1&q=%2F")
        self.assertEqual(told["headers"]["x-mine"], "1")
        self.assertEqual(told["headers"]["x-forwarded-uri"], self.pod_path("/c%21/"))
        self.assertIn("x-forwarded-for", told["headers"])
        self.assertNotIn("impersonate-user", told["headers"])
        self.assertNotIn("authorization", told["headers"])

    def test_every_method_and_its_body(self):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            told = self.told(method, self.pod_path("/x"), body="some text")
            self.assertEqual((told["method"], told["body"]), (method, "some text"))
        self.assertEqual(self.told("OPTIONS", self.pod_path("/x"))["method"], "OPTIONS")
        r, text = self.ask("HEAD", self.pod_path("/page"))
        self.assertEqual((r.status, text), (200, b""))

    def test_an_empty_path_gets_its_slash(self):
        r, _ = self.ask("GET", self.pod_path("?a=b"))
        self.assertEqual((r.status, r.getheader("Location")), (301, self.pod_path("/?a=b")))
        self.assertEqual(self.told("POST", self.pod_path(""))["target"], "/")

    def test_redirects_lead_through_the_proxy(self):
        r, _ = self.ask("GET", self.pod_path("/moved"))
        self.assertEqual((r.status, r.getheader("Location")), (302, self.pod_path("/elsewhere/?a=b")))
        r, _ = self.ask("GET", self.pod_path("/out"))
        self.assertEqual(r.getheader("Location"), "http://elsewhere.example/")

    def test_links_of_pages_lead_through_the_proxy(self):
        p = self.pod_path("").encode()
        expected = PAGE.replace(b'"/b.png"', b'"' + p + b'/b.png"').replace(b'"/x?', b'"' + p + b"/x?")
        r, text = self.ask("GET", self.pod_path("/page"))
        self.assertEqual(text, expected)
        self.assertIsNone(r.getheader("Access-Control-Allow-Origin"))
        r, text = self.ask("GET", self.pod_path("/packed"))
        self.assertEqual((text, r.getheader("Content-Encoding")), (expected, None))

    def test_the_backends_errors_pass(self):
        r, text = self.ask("GET", self.pod_path("/teapot"))
        self.assertEqual((r.status, text, r.getheader("Content-Length")), (418, b"short and stout", "15"))

    def test_names_with_scheme_and_port(self):
        base = "/api/v1/namespaces/default"
        self.assertEqual(self.told("GET", f"{base}/pods/http:web:{self.port}/proxy/a")["target"], "/a")
        self.assertEqual(self.told("GET", f"{base}/pods/https:web:{self.secure_port}/proxy/a")["target"], "/a")
        self.assertEqual(self.told("GET", f"{base}/services/web:http/proxy/a")["target"], "/a")
        self.assertEqual(self.told("GET", f"{base}/services/web:80/proxy/a")["target"], "/a")
        self.assertEqual(self.told("GET", f"{base}/services/https:web:tls/proxy/a")["target"], "/a")
        self.refused(f"{base}/services/ftp:web:http/proxy/", 400, 'invalid service request "ftp:web:http"')
        self.refused(f"{base}/services/web:81/proxy/", 503, 'no service port 81 found for service "web"')
        self.refused(f"{base}/services/web:nosuch/proxy/", 503, 'no endpoints available for service "web:nosuch"')

    def test_what_cannot_be_reached(self):
        with socket.socket() as s:
            s.bind(("0.0.0.0", 0))
            closed = s.getsockname()[1]
        self.refused(self.pod_path("/", f"web:{closed}"), 503, f"error trying to reach service: dial tcp {self.ip}:{closed}: connect: connection refused")
        self.refused(self.pod_path("/", "self"), 400, "address not allowed")
        self.refused(self.pod_path("/", "nosuch"), 404, 'pods "nosuch" not found')
        self.refused(self.pod_path("/?dryRun=All"), 400, "dryRun is not supported", "POST")
        self.refused("/api/v1/nodes/nosuch/proxy/", 404, 'nodes "nosuch" not found')

    def test_a_body_comes_as_it_is_made(self):
        Backend.go_on.clear()
        c = self.connect()
        c.request("GET", self.pod_path("/drip"))
        r = c.getresponse()
        self.assertEqual(r.read(3), b"one")
        Backend.go_on.set()
        self.assertEqual(r.read(), b"two")
        c.close()

    def test_a_client_that_does_not_read_holds_the_backend_back_and_its_end_is_passed_on(self):
        Backend.gone.clear()
        Backend.pulled = 0
        c = self.connect()
        c.request("GET", self.pod_path("/flood"))
        r = c.getresponse()
        r.read(65536)
        before = -1
        while before != Backend.pulled:
            before = Backend.pulled
            self.assertLess(before, 64 << 20, "what nobody reads is taken from the backend")
            threading.Event().wait(1)
        r.close()
        c.close()
        self.assertTrue(Backend.gone.wait(60), "the backend still writes though the client is gone")

    def test_upgrades_become_tunnels(self):
        raw = self.tls.wrap_socket(socket.create_connection((self.at[0], int(self.at[1])), 60))
        raw.sendall(f"GET {self.pod_path('/ws')} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        text = b""
        while not text.endswith(b"hello"):
            more = raw.recv(4096)
            self.assertTrue(more, text)
            text += more
        head = text.split(b"\r\n\r\n")[0].lower()
        self.assertTrue(head.startswith(b"http/1.1 101"), head)
        self.assertIn(b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=", head)
        self.assertIn(b"x-backend: yes", head)
        raw.sendall(b"ping")
        self.assertEqual(raw.recv(4096), b"ping")
        raw.close()

    def test_a_backend_that_does_not_upgrade_says_why(self):
        want = {"Connection": "Upgrade", "Upgrade": "websocket"}
        r, text = self.ask("GET", self.pod_path("/teapot"), headers=want)
        self.assertEqual((r.status, text), (418, b"short and stout"))
        r, text = self.ask("GET", self.pod_path("/x"), headers=want)
        self.assertEqual((r.status, json.loads(text)["message"]), (500, "invalid upgrade response: status code 200"))

    def test_a_right_of_its_own_is_needed(self):
        r, text = self.ask("GET", self.pod_path("/x"), headers={"Impersonate-User": "nobody"})
        self.assertEqual((r.status, json.loads(text)["message"]),
                         (403, 'pods "web" is forbidden: User "nobody" cannot get resource "pods/proxy" in API group "" in the namespace "default"'))


if __name__ == "__main__":
    unittest.main()
