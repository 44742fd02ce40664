"""Plain HTTP to a server of one's own, as its administrator: what the API tests share."""
import http.client
import json
import ssl
import time
import unittest
from urllib.parse import urlsplit

from cluster import Cluster

JSON_PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"


class ApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        pki = cls.cluster.data / "pki"
        cls.tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        cls.tls.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        cls.address = urlsplit(cls.cluster.url).netloc

    @classmethod
    def tearDownClass(cls):
        status = cls.cluster.stop()
        cls.cluster.remove()
        assert status == 0, f"the server ended with {status}"

    def ask(self, method, path, body=None, content_type="application/json", accept="application/json"):
        """(status, headers, body: parsed when it is JSON)"""
        connection = http.client.HTTPSConnection(self.address, context=self.tls, timeout=30)
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": content_type, "Accept": accept})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        kind = answer.getheader("Content-Type", "")
        if kind.startswith("application/json") and text:
            return answer.status, answer.headers, json.loads(text)
        return answer.status, answer.headers, text if "protobuf" in kind else text.decode()

    def ok(self, *args, **kw):
        status, _, body = self.ask(*args, **kw)
        self.assertIn(status, (200, 201), body)
        return body

    def until(self, path, holds):
        """The object once it holds; the time-out only ends a hang."""
        deadline = time.monotonic() + 30
        while True:
            status, _, body = self.ask("GET", path)
            if holds(status, body):
                return body
            self.assertLess(time.monotonic(), deadline, f"{path}: {body}")
            time.sleep(0.02)
