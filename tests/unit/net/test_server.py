#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server against real clients and hostile ones. Usage: test_server.py NET-SERVE [test...]

Each test starts its own net-serve, which must exit 0: built with sanitizers, that includes leaks."""
import os
import resource
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import traceback

SERVE = sys.argv[1]
DIR = tempfile.mkdtemp(prefix="k8c-net-")
CERT, KEY = os.path.join(DIR, "cert.pem"), os.path.join(DIR, "key.pem")
# AddressSanitizer keeps freed memory for a while: little of it, or the test of memory would see only that.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"}
WAIT = 30  # seconds before something that must happen is taken not to have happened


def make_cert():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", KEY,
                    "-out", CERT, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)


class Server:
    def __init__(self, *options, files=None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        self.p = subprocess.Popen([SERVE, CERT, KEY, "2", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  preexec_fn=limit, env=ENVIRONMENT)
        self.port = int(self.p.stdout.readline())
        self.url = "https://localhost:%d" % self.port

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.p.stdin.close()
        code = self.p.wait(WAIT)
        self.p.stdout.close()
        if kind is None:
            assert code == 0, "net-serve exited with %d" % code

    def drain(self):
        self.p.stdin.write("d\n")
        self.p.stdin.flush()

    def tcp(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)

    def tls(self, alpn="http/1.1", version=None):
        ctx = ssl.create_default_context(cafile=CERT)
        ctx.set_alpn_protocols([alpn])
        if version:
            ctx.maximum_version = version
        return ctx.wrap_socket(self.tcp(), server_hostname="localhost", suppress_ragged_eofs=True)

    def curl(self, path, *args, data=None):
        r = subprocess.run(["curl", "-sS", "--cacert", CERT, "--max-time", "60", *args, self.url + path], input=data, capture_output=True)
        assert r.returncode == 0, r.stderr
        return r.stdout


def read_all(s):
    out = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return out
            out += part
    except (ConnectionResetError, BrokenPipeError):
        return out


def say(s, data):
    """Sends everything; the peer may have hung up already."""
    try:
        s.sendall(data)
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass


def both(test):
    test.versions = ("--http1.1", "--http2")
    return test


@both
def curl_gets(v):
    with Server() as s:
        assert b"GET /hello?x=1 authority=localhost:" in s.curl("/hello?x=1", v)
        assert len(s.curl("/object", v)) == 3200
        big = s.curl("/big", v)
        assert len(big) == 16000010 and big.startswith(b"begin\no") and big.endswith(b"oend\n")
        assert s.curl("/ticks", v) == b"tick 0\ntick 1\ntick 2\n"
        assert len(s.curl("/pour", v)) == 5000000
        assert len(s.curl("/pour/known", v)) == 5000000
        assert s.curl("/slow", v) == b"later\n"
        assert s.curl("/hello", v, "-w", "%{http_version}").endswith(b"2" if v == "--http2" else b"1.1")


@both
def curl_head(v):
    with Server() as s:
        out = s.curl("/big", v, "-I").lower()
        assert b"content-length: 16000010" in out and b"date: " in out
        assert b" 200" in out.split(b"\r\n")[0]
        s.curl("/pour", v, "-I")


@both
def curl_posts(v):
    with Server() as s:
        assert s.curl("/echo", v, "-d", "hello") == b"hello"
        fits = os.urandom(3 << 20)
        assert s.curl("/echo", v, "--data-binary", "@-", data=fits) == fits
        assert s.curl("/echo", v, "-T", "-", data=fits) == fits
        assert s.curl("/echo", v, "--data-binary", "@-", "-H", "Expect: 100-continue", data=fits) == fits
        for how in (["--data-binary", "@-"], ["-T", "-"]):
            assert s.curl("/echo", v, *how, "-w", "%{http_code}", data=fits + b"x") == b"too large\n413"


@both
def curl_many_at_once(v):
    with Server() as s:
        out = s.curl("/slow?[1-200]", v, "-Z", "--parallel-max", "100")
        assert out == b"later\n" * 200, out


@both
def clients_that_leave(v):
    with Server() as s:
        for path in ("/ticks/forever", "/pour", "/big", "/slow"):
            p = subprocess.Popen(["curl", "-sN", v, "--cacert", CERT, "--limit-rate", "1000", s.url + path], stdout=subprocess.PIPE)
            if path != "/slow":
                p.stdout.read(5)
            p.kill()
            p.wait()
            p.stdout.close()
        assert s.curl("/hello", v)


def http_10():
    with Server() as s:
        c = s.tls()
        c.sendall(b"GET /ticks HTTP/1.0\r\n\r\n")
        out = read_all(c)
        assert out.endswith(b"tick 0\ntick 1\ntick 2\n") and b"Connection: close" in out and b"hunked" not in out
        c = s.tls()
        c.sendall(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n")
        out = read_all(c)
        assert b"GET /a" in out and b"GET /b" in out and b"Connection: keep-alive" in out


def pipelined():
    with Server() as s:
        c = s.tls()
        c.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(5000))
                  + b"GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        out = read_all(c)
        at = [out.index(b"GET /%d " % i) for i in range(5000)]
        assert out.index(b"later") < at[0] and at == sorted(at) and out.index(b"GET /end") > at[-1]
        assert out.count(b"HTTP/1.1 200 OK") == 5002


def plain_http():
    with Server() as s:
        c = s.tcp()
        c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(c) == b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        c = s.tcp()
        c.sendall(b"garbage that is no TLS")
        assert b"HTTP" not in read_all(c)


BROKEN = [
    (b"GET / HTTP/1.1\r\n\r\n", 400, b"missing required Host header"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, b""),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400, b""),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n", 400, b""),
    (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, b"unsupported transfer encoding"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n", 431, b""),
    (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, b""),
]


def broken_requests():
    with Server() as s:
        for text, status, why in BROKEN:
            c = s.tls()
            say(c, text + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            out = read_all(c)
            assert out.startswith(b"HTTP/1.1 %d " % status), (text[:80], out)
            assert why in out and b"Connection: close" in out and b"smuggled" not in out, out


def upgrades():
    with Server() as s:
        c = s.tls()
        c.sendall(b"GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nearly ")
        got = b""
        while not got.endswith(b"early "):
            got += c.recv(4096)
        assert got.startswith(b"HTTP/1.1 101 Switching Protocols\r\n") and b"Upgrade: SPDY/3.1\r\n" in got
        data = os.urandom(1 << 20)
        back = b""
        for i in range(0, len(data), 8192):
            c.sendall(data[i:i + 8192])
            while len(back) < i:
                back += c.recv(65536)
        while len(back) < len(data):
            back += c.recv(65536)
        assert back == data
        c.close()
        assert b"426" in s.curl("/upgrade", "--http1.1", "-i")
        assert b"426" in s.curl("/upgrade", "--http2", "-i")


def websocket_client():
    try:
        import websocket
    except ImportError:
        print("skipped: python3-websocket is not installed")
        return
    with Server() as s:
        w = websocket.create_connection("wss://localhost:%d/websocket" % s.port, sslopt={"ca_certs": CERT}, timeout=WAIT)
        for n in (0, 1, 125, 126, 65535, 65536, 1000000):
            data = os.urandom(n)
            w.send_binary(data)
            assert w.recv() == data
        w.send("grüße")
        assert w.recv() == "grüße"
        w.ping("x")
        assert w.recv_frame().opcode == websocket.ABNF.OPCODE_PONG
        w.send_binary(b"x" * ((1 << 20) + 1))
        frame = w.recv_frame()
        assert frame.opcode == websocket.ABNF.OPCODE_CLOSE and struct.unpack(">H", frame.data[:2])[0] == 1009
        w.close()


def deadlines():
    with Server("handshake_ms=1500", "header_ms=1500", "body_ms=1500", "idle_ms=1500") as s:
        assert read_all(s.tcp()) == b""                                  # says nothing at all
        c = s.tcp()
        c.sendall(b"\x16\x03\x01\x02\x00\x01\x00")                       # half a ClientHello
        assert read_all(c) == b""
        c = s.tls()
        assert read_all(c) == b""                                        # no request
        c = s.tls()
        c.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")               # half a head
        assert read_all(c).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        c = s.tls()
        c.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")  # half a body
        assert read_all(c).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        c = s.tls()
        c.sendall(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")                 # then idle
        assert b"GET /ok" in read_all(c)
        c = s.tls("h2")
        c.sendall(H2_START)                                              # idle on HTTP/2: GOAWAY, close
        assert 7 in frame_types(read_all(c))
        c = s.tls("h2")
        c.sendall(H2_START + h2_frame(1, 4, 1, REQUEST))                 # an HTTP/2 body that never comes
        assert b"408" in read_all(c)
        c = s.tls()
        c.sendall(b"GET /ticks/forever HTTP/1.1\r\nHost: a\r\n\r\n")      # an answer that takes its time is not idle
        got = b""
        while got.count(b"tick ") < 100:
            got += c.recv(4096)


def h2_frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


H2_START = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(4, 0, 0)
REQUEST = b"\x82\x84\x87\x01\x01a"


def frame_types(data):
    types = []
    while len(data) >= 9:
        n = int.from_bytes(data[:3], "big")
        types.append(data[3])
        data = data[9 + n:]
    return types


def floods():
    def flood(make):
        c = s.tls("h2")
        c.sendall(H2_START + h2_frame(1, 4, 1, REQUEST))
        for i in range(400):
            say(c, b"".join(make(2 * (i * 100 + k) + 3) for k in range(100)))
        assert read_all(c) is not None                                   # hangs when the server keeps the connection

    with Server() as s:
        flood(lambda i: h2_frame(4, 0, 0))
        flood(lambda i: h2_frame(6, 0, 0, b"\0" * 8))
        flood(lambda i: h2_frame(2, 0, 1, b"\0\0\0\0\x10"))
        flood(lambda i: h2_frame(0, 0, 1))
        flood(lambda i: h2_frame(8, 0, 0, b"\0\0\0\1"))
        flood(lambda i: h2_frame(1, 5, i, REQUEST) + h2_frame(3, 0, i, b"\0\0\0\x08"))
        flood(lambda i: h2_frame(1, 5, i, REQUEST) + h2_frame(8, 0, i, b"\0\0\0\0"))
        flood(lambda i: h2_frame(1 if i == 3 else 9, 0, 3, REQUEST if i == 3 else b""))
        assert s.curl("/hello", "--http2")


def tls_versions():
    def s_client(*args):
        r = subprocess.run(["openssl", "s_client", "-connect", "localhost:%d" % s.port, "-CAfile", CERT, *args],
                           input=b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", capture_output=True, timeout=WAIT)
        return r.stdout + r.stderr

    with Server() as s:
        assert b"HTTP/1.1 200" in s_client("-tls1_2", "-ign_eof")
        assert b"HTTP/1.1 200" in s_client("-tls1_3", "-ign_eof")
        assert b"HTTP/1.1 200" not in s_client("-tls1_1", "-ign_eof", "-cipher", "DEFAULT@SECLEVEL=0")
        assert b"HTTP/1.1 200" not in s_client("-tls1_2", "-ign_eof", "-cipher", "AES128-SHA")
        for v in ("-tls1_2", "-tls1_3"):
            session = os.path.join(DIR, "session")
            s_client(v, "-ign_eof", "-sess_out", session)
            for _ in range(4):  # any of the loops may take it
                assert b"Reused, " in s_client(v, "-ign_eof", "-sess_in", session)
        assert b"cert=0" in s.curl("/")
        assert b"cert=0" not in s.curl("/", "--cert", CERT, "--key", KEY)


def draining():
    with Server() as s:
        idle, idle2, busy = s.tls(), s.tls("h2"), s.tls()
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        idle.recv(4096)
        idle2.sendall(H2_START)
        busy.sendall(b"GET /ticks HTTP/1.1\r\nHost: a\r\n\r\n")
        busy.recv(1)
        s.drain()
        assert read_all(idle) is not None
        assert 7 in frame_types(read_all(idle2))
        assert b"tick 2" in read_all(busy)
        try:
            s.tcp()
            raise AssertionError("a drained server accepted a connection")
        except ConnectionRefusedError:
            pass


def stopping_with_everything_open():
    with Server() as s:
        keep = []
        for path in (b"/ticks/forever", b"/slow", b"/big", b"/pour", b"/"):
            for alpn in ("http/1.1", "h2"):
                c = s.tls(alpn)
                c.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path if alpn != "h2" else
                          H2_START + h2_frame(1, 5, 1, b"\x82\x87\x04" + bytes([len(path)]) + path + b"\x01\x01a"))
                keep.append(c)
        keep.append(s.tcp())
        up = s.tls()
        up.sendall(b"GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        up.recv(4096)
        keep[0].recv(4096)


def no_files_left():
    with Server(files=64) as s:
        many = [s.tcp() for _ in range(200)]
        refused = sum(1 for c in many[150:] if read_all(c) == b"")       # hangs when they are left waiting
        assert refused
        for c in many:
            c.close()
        for _ in range(100):
            try:
                if b"GET /again" in s.curl("/again"):
                    return
            except AssertionError:
                pass
        raise AssertionError("the server did not recover")


def too_many_bodies_at_once():
    size = 3 << 20
    with Server() as s:
        held, refused = [], 0
        for _ in range(80):                                              # 240 MB; a loop holds 96
            c = s.tls()
            say(c, b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size + b"x" * (size - 1))
            held.append(c)
        for c in held:
            say(c, b"x")
            answer = read_all(c)
            if answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n"):
                assert b"Retry-After: 1\r\n" in answer
                refused += 1
            else:
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and len(answer) > size, answer[:200]
        assert 0 < refused < 80, refused
        assert s.curl("/echo", "-d", "x") == b"x"


def slow_readers_cost_little():
    with Server() as s:
        def resident():
            with open("/proc/%d/status" % s.p.pid) as f:
                return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

        before, stalled = resident(), []
        for i in range(100):
            c = s.tls()
            c.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"/pour" if i % 2 else b"/big"))
            c.recv(1)
            stalled.append(c)
        assert s.curl("/hello")
        grown = resident() - before
        # Their answers are 16 MB and 5 MB each.
        assert grown < 100 * 1024, "%d kB for 100 slow readers" % grown


TESTS = [curl_gets, curl_head, curl_posts, curl_many_at_once, clients_that_leave, http_10, pipelined, plain_http, broken_requests,
         upgrades, websocket_client, deadlines, floods, tls_versions, draining, stopping_with_everything_open,
         no_files_left, too_many_bodies_at_once, slow_readers_cost_little]


def main():
    make_cert()
    failed = 0
    wanted = sys.argv[2:]
    for t in TESTS:
        if wanted and t.__name__ not in wanted:
            continue
        for v in getattr(t, "versions", (None,)):
            name = t.__name__ + (" " + v if v else "")
            try:
                t(v) if v else t()
                print("ok   " + name, flush=True)
            except Exception:
                failed += 1
                print("FAIL " + name, flush=True)
                traceback.print_exc()
    shutil.rmtree(DIR)
    return 1 if failed else 0


sys.exit(main())
