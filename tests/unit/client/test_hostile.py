#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that does everything wrong, and what the client and k8ctl make of it: a message, the right code, no crash, an end.

usage: test_hostile.py DRIVE K8CTL
"""
import errno
import itertools
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

DRIVE, K8CTL = sys.argv[1:3]
HANG = 120  # seconds after which a program is taken to hang
AT_ONCE = 4
BRIEF, PATIENT = "300", "3000"  # milliseconds for a request: where any end is good, and where a certain one is wanted
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
OK = HEAD + b"Content-Length: %d\r\n\r\n%s"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def answer(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def forever(piece):
    """A body without an end, in chunks."""
    def go(send):
        send(CHUNKED)
        piece_ = b"%x\r\n%s\r\n" % (len(piece), piece)
        while True:
            send(piece_)
    return go


def endless_headers(send):
    send(HEAD)
    while True:
        send(b"x-%s: y\r\n" % (b"a" * 1000))


def endless_continue(send):
    while True:
        send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def stall(*before):
    def go(send):
        for b in before:
            send(b)
        send(None)  # until the other side has gone
    return go


POD = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"n","resourceVersion":"1"}}'
# What is said to every request, by the first part of its path. Bytes: said, then the connection is closed.
ANSWERS = {
    "nothing": b"",
    "head-cut": HEAD[:20],
    "headers-cut": HEAD,
    "body-cut": HEAD + b"Content-Length: 1000\r\n\r\n{\"kind\":",
    "chunk-cut": CHUNKED + b"ff\r\n{\"kind\":",
    "chunk-of-nonsense": CHUNKED + b"zz\r\nabc\r\n",
    "chunk-too-large": CHUNKED + b"ffffffffffffffff1\r\nabc\r\n",
    "lengths-that-differ": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "length-below-zero": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "no-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "noise": bytes(range(256)) * 40,
    "zeros": bytes(10000),
    "status-0": b"HTTP/1.1 000 No\r\n\r\n",
    "status-999": b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n",
    "no-switch-was-asked-for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + b"x" * 100,
    "wrong-accept": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
    "elsewhere": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "packed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
    "headers-too-large": HEAD + b"".join(b"x%d: %s\r\n" % (i, b"v" * 1000) for i in range(3000)) + b"\r\n",
    "error-of-nonsense": answer(b'{"kind":"Status","message":{},"code":"x","details":[]}', b"500 Oops"),
    "error-nested": answer(b'{"kind":"Status","message":"m","details":' + b"[" * 50000, b"500 Oops"),
    "error-too-large": answer(b"x" * (3 << 20), b"503 Oops"),
    "error-that-drives-terminals": answer(b'{"kind":"Status","message":"\\u001b[2Jgone\\u0007","reason":"Odd","code":418}', b"418 Odd"),
    "empty": answer(b""),
    "no-json": answer(b"<html>"),
    "null": answer(b"null"),
    "number": answer(b"1"),
    "nested": answer(b'{"items":[' + b"[" * 200000),
    "items-no-list": answer(b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":{"a":1}}'),
    "items-of-numbers": answer(b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[1,"a",null,[]]}'),
    "items-nameless": answer(b'{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{},{"metadata":[]},{"metadata":{"name":1}}]}'),
    "metadata-no-object": answer(b'{"kind":"PodList","metadata":"x","items":[]}'),
    "pages-without-end": answer(b'{"kind":"PodList","metadata":{"resourceVersion":"1","continue":"again"},"items":[]}'),
    "events-of-nonsense": answer(b'{"type":"ADDED"}\n{"type":1,"object":2}\n{"object":{}}\n[]\n"x"\n'),
    "events-unknown": answer(b'{"type":"RENAMED","object":' + POD + b'}\n'),
    "events-cut": answer(b'{"type":"ADDED","object":' + POD[:40]),
    "error-event-of-nonsense": answer(b'{"type":"ERROR","object":{"code":99999999999999999999,"message":[]}}\n'),
    "stalls": stall(),
    "stalls-in-head": stall(HEAD),
    "stalls-in-body": stall(HEAD + b"Content-Length: 1000\r\n\r\n{"),
    "stalls-in-event": stall(CHUNKED, b"19\r\n{\"type\":\"ADDED\",\"object\":\r\n"),
    "endless-headers": endless_headers,
    "endless-continue": endless_continue,
    "endless-blanks": forever(b" " * 10000),
    "endless-string": forever(b'"' + b"x" * 10000),
    "endless-item": forever(b'{"items":[{"a":[' + b"1," * 5000),
    "endless-brackets": forever(b"[" * 10000),
}
# Neither side is told of an end by these codes.
HARMLESS = {0, -errno.ECANCELED}


class Server:
    """One thread per connection; `context` makes it speak TLS, `raw` answers before any request."""

    def __init__(self, context=None, raw=None):
        self.context, self.raw = context, raw
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            with s:
                if self.raw is not None:
                    self.say(s, self.raw)
                    return
                if self.context:
                    with self.context.wrap_socket(s, server_side=True) as t:
                        self.requests(t)
                else:
                    self.requests(s)
        except (OSError, ValueError, IndexError):
            pass

    def requests(self, s):
        request = b""
        while b"\r\n\r\n" not in request:
            if not (part := s.recv(65536)):
                return
            request += part
        name = request.split(b" ")[1].split(b"/")[1].decode()
        self.say(s, ANSWERS[name])
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass

    @staticmethod
    def say(s, what):
        if callable(what):
            def send(b):
                if b is not None:
                    s.sendall(b)
                    return
                while s.recv(65536):
                    pass
            what(send)
        else:
            s.sendall(what)

    def close(self):
        self.socket.close()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="k8c-hostile-"))
        cls.cert("server", "localhost")
        cls.cert("other", "elsewhere.example")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.dir / "server.crt", cls.dir / "server.key")
        cls.plain, cls.tls = Server(), Server(context)
        cls.numbers = itertools.count()

    @classmethod
    def tearDownClass(cls):
        cls.plain.close()
        cls.tls.close()
        shutil.rmtree(cls.dir)

    @classmethod
    def cert(cls, name, host):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", cls.dir / f"{name}.key", "-out",
                        cls.dir / f"{name}.crt"], check=True, capture_output=True)

    def config(self, server, text=None, **cluster):
        path = self.dir / f"config-{next(self.numbers)}"
        path.write_text(text if text is not None else json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": "t"}}], "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}]}))
        return str(path)

    def run_it(self, *argv):
        """Exit code, what was printed, and faults; never longer than HANG."""
        done = subprocess.run(argv, capture_output=True, timeout=HANG, env={**os.environ, "HOME": str(self.dir), "KUBECONFIG": ""})
        self.assertGreaterEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"Sanitizer", done.stderr)
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def drive(self, config, timeout=PATIENT):
        code, out, err = self.run_it(DRIVE, config, timeout)
        self.assertEqual((code, err), (0, ""))
        told = {}
        for line in out.splitlines():
            what, *rest = line.split(" ", 2)
            told[what] = (int(rest[0]), rest[1] if len(rest) > 1 else "") if rest else None
        return told

    def kubectl(self, config, *argv):
        return self.run_it(K8CTL, "--kubeconfig", config, "--request-timeout", "500ms", *argv)

    def ask(self, name, server):
        """What the library and k8ctl say to an answer."""
        url = f"https://localhost:{server.port}" if server is self.tls else f"http://127.0.0.1:{server.port}"
        extra = {"certificate-authority": str(self.dir / "server.crt")} if server is self.tls else {}
        config = self.config(f"{url}/{name}", **extra)
        return self.drive(config, BRIEF), self.kubectl(config, "get", "pods"), self.kubectl(config, "get", "--raw", "/x")

    def test_answers(self):
        over_tls = {"body-cut", "stalls", "noise"}
        cases = [(name, self.plain) for name in ANSWERS] + [(name, self.tls) for name in ANSWERS if name in over_tls]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = [(name, server, pool.submit(self.ask, name, server)) for name, server in cases]
        for name, server, result in results:
            with self.subTest(answer=name, tls=server is self.tls):
                told, pods, raw = result.result()
                self.assertIn("end", told)
                for what, (err, message) in ((w, t) for w, t in told.items() if t):
                    self.assertTrue(err in HARMLESS or message, f"{what}: {err} without a message")
                self.assertEqual(pods[0], 1, pods)
                self.assertTrue(pods[2].strip())
                self.assertNotIn("\x1b", pods[2])
                self.assertTrue(raw[0] == 0 or raw[2].strip(), raw)

    def test_codes(self):
        """What the usual faults are told as."""
        wants = (
            ("nothing", "get", errno.ECONNRESET), ("body-cut", "get", errno.ECONNRESET), ("no-http", "get", errno.EPROTO),
            ("stalls", "get", errno.ETIMEDOUT), ("stalls-in-body", "get", errno.ETIMEDOUT), ("stalls", "exec", errno.ETIMEDOUT),
            ("stalls", "forward", errno.ETIMEDOUT), ("stalls", "wait", errno.ETIMEDOUT), ("no-json", "list", errno.EPROTO),
            ("endless-string", "get", errno.E2BIG), ("error-of-nonsense", "get", errno.EIO), ("elsewhere", "get", errno.EREMOTEIO),
            ("error-too-large", "get", errno.EIO), ("wrong-accept", "exec", errno.EPROTO), ("headers-too-large", "get", errno.EPROTO),
            ("no-json", "update", errno.EPROTO))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = {name: pool.submit(self.drive, self.config(f"http://127.0.0.1:{self.plain.port}/{name}")) for name in {w[0] for w in wants}}
        for name, what, want in wants:
            with self.subTest(answer=name, call=what):
                got = told[name].result()[what]
                self.assertEqual(got[0], -want, got)

    def test_broken_tls(self):
        ca = str(self.dir / "server.crt")
        say = {"handshake-cut": b"\x16\x03\x03\x00\x7a\x02", "handshake-of-noise": b"\x16\x03\x03\x00\x05hello" * 100, "plain-http": ANSWERS["empty"],
               "closes": b"", "stalls": stall()}
        for name, raw in say.items():
            with self.subTest(server=name):
                server = Server(raw=raw)
                self.addCleanup(server.close)
                config = self.config(f"https://localhost:{server.port}", **{"certificate-authority": ca})
                told = self.drive(config, BRIEF)
                self.assertLess(told["get"][0], 0)
                self.assertTrue(told["get"][1])
                code, out, err = self.kubectl(config, "get", "pods")
                self.assertEqual((code, out), (1, ""))
                self.assertRegex(err, "(?i)unable to connect|connection to the server|error")

    def test_certificates_that_do_not_fit(self):
        url = f"https://localhost:{self.tls.port}/empty"
        for name, cluster in (("unknown", {"certificate-authority": str(self.dir / "other.crt")}),
                              ("name", {"certificate-authority": str(self.dir / "server.crt"), "tls-server-name": "other.example"})):
            with self.subTest(certificate=name):
                config = self.config(url, **cluster)
                told = self.drive(config)
                self.assertEqual(told["get"][0], -errno.EKEYREJECTED, told["get"])
                self.assertEqual(told["exec"][0], -errno.EKEYREJECTED, told["exec"])
                code, _, err = self.kubectl(config, "get", "pods")
                self.assertEqual(code, 1)
                self.assertRegex(err, "certificate")

    def test_kubeconfigs(self):
        """A sentence that names the file or what is wrong in it."""
        bad = self.dir / "bad.pem"
        bad.write_text("no PEM")
        url = "https://localhost:1"
        for text, want in (
                ("a: [", "yaml"), ("- 1", "holds no kubeconfig"), ("\x00\x01", "config"), ("a: b: c", "yaml"), ("{" * 20000, "config"),
                ("&a [*a]", "config"), ("current-context: x", 'context "x" does not exist'),
                (self.text(url, **{"certificate-authority-data": "%%%"}), "illegal base64 data"),
                (self.text(url, **{"certificate-authority": "/nowhere/ca.crt"}), "/nowhere/ca.crt"),
                (self.text(url, **{"certificate-authority": str(self.dir)}), str(self.dir)),
                (self.text(url, **{"certificate-authority": str(bad)}), "PEM"),
                (self.text("nonsense://x"), "nonsense|URL|host|server"), (self.text("https://"), "URL|host|server"),
                (self.text("https://h:99999"), "URL|port|host|server"), (self.text(url, **{"proxy-url": "ftp://x"}), "proxy")):
            with self.subTest(text=text[:60]):
                config = self.config("", text=text)
                told = self.drive(config, BRIEF)
                self.assertLess(told.get("config", told.get("get"))[0], 0)
                code, out, err = self.kubectl(config, "get", "pods")
                self.assertEqual((code, out), (1, ""))
                self.assertRegex(err, want)

    @staticmethod
    def text(server, **cluster):
        return json.dumps({"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c"}}],
                           "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}]})

    def test_unreadable_files(self):
        code, _, err = self.kubectl(str(self.dir / "absent"), "get", "pods")
        self.assertEqual(code, 1)
        self.assertIn("absent", err)
        code, _, err = self.kubectl(str(self.dir), "get", "pods")
        self.assertEqual(code, 1)
        self.assertIn("is a directory", err.lower())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
