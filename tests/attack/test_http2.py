"""What a hostile peer may do to an HTTP/2 connection: each flood ends with the attacker cut off, while others are served and memory stays small."""
import socket
import ssl
import struct
import unittest
import http.client

from cluster import Cluster

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
# Frames sent before a flood counts as borne; kube-apiserver's own limits are below it.
FRAMES_MAX = 200_000
GROWTH_MAX_KB = 24 * 1024


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """HPACK: a literal header field without indexing, no Huffman."""
    def text(s):
        n = len(s)
        if n < 127:
            return bytes([n]) + s
        out, n = bytearray([127]), n - 127
        while n >= 128:
            out.append(n % 128 | 128)
            n //= 128
        return bytes(out + bytes([n])) + s
    return b"\0" + text(name) + text(value)


def get(path=b"/api/v1/namespaces"):
    return literal(b":method", b"GET") + literal(b":scheme", b"https") + literal(b":authority", b"x") + literal(b":path", path)


class Floods(unittest.TestCase):
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

    def attacker(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        s = context.wrap_socket(socket.create_connection((self.host, self.port), 30))
        self.assertEqual(s.selected_alpn_protocol(), "h2")
        s.sendall(PREFACE + frame(SETTINGS, 0, 0))
        s.setblocking(False)
        return s

    def memory(self):
        text = open(f"/proc/{self.cluster.process.pid}/status").read()
        return int(text.split("VmRSS:")[1].split()[0])

    def others_are_served(self):
        c = http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=30)
        c.request("GET", "/api/v1/namespaces/default")
        r = c.getresponse()
        self.assertEqual(r.status, 200, r.read())
        c.close()

    def flood(self, make):
        """Sends make(i) for i = 0, 1, ... until the server hangs up; what it answers is read and dropped."""
        s, before, sent = self.attacker(), self.memory(), 0
        while sent < FRAMES_MAX:
            chunk = b"".join(make(i) for i in range(sent, sent + 100))
            sent += 100
            if not self.push(s, chunk):
                break
            if sent % 5000 == 0:
                self.others_are_served()
        s.close()
        self.assertLess(sent, FRAMES_MAX, "the attacker was never cut off")
        self.others_are_served()
        self.assertLess(self.memory() - before, GROWTH_MAX_KB)

    def push(self, s, chunk):
        """False: the server is gone."""
        view = memoryview(chunk)
        idle = 0
        while view and idle < 200:
            try:
                view = view[s.send(view):]
                idle = 0
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
                idle += 1
            except OSError:
                return False
            if not self.drain(s):
                return False
            if idle:
                try:
                    s.settimeout(0.05)
                    if not s.recv(65536):
                        return False
                except (TimeoutError, ssl.SSLWantReadError):
                    pass
                except OSError:
                    return False
                finally:
                    s.setblocking(False)
        return not view

    def drain(self, s):
        try:
            while True:
                if not s.recv(65536):
                    return False
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        except OSError:
            return False

    def test_the_same_frames_in_moderation_are_served(self):
        s = self.attacker()
        s.setblocking(True)
        s.sendall(b"".join(frame(PING, 0, 0, struct.pack(">Q", i)) for i in range(100)) + frame(HEADERS, END_STREAM | END_HEADERS, 1, get(b"/livez")))
        seen, text = {}, b""
        while (HEADERS, 1) not in seen or seen.get((PING, 0), 0) < 100:
            more = s.recv(65536)
            self.assertTrue(more, seen)
            text += more
            while len(text) >= 9 and len(text) >= 9 + int.from_bytes(text[:3], "big"):
                key = text[3], int.from_bytes(text[5:9], "big")
                seen[key] = seen.get(key, 0) + 1
                text = text[9 + int.from_bytes(text[:3], "big"):]
        s.close()

    def test_rapid_reset(self):
        self.flood(lambda i: frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get()) + frame(RST, 0, 2 * i + 1, struct.pack(">I", 8)))

    def test_streams_the_server_has_to_reset(self):
        """MadeYouReset: a window update of zero makes the server do the resetting."""
        self.flood(lambda i: frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get()) + frame(WINDOW, 0, 2 * i + 1, struct.pack(">I", 0)))

    def test_settings(self):
        self.flood(lambda i: frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)))

    def test_pings(self):
        self.flood(lambda i: frame(PING, 0, 0, struct.pack(">Q", i)))

    def test_priorities(self):
        self.flood(lambda i: frame(PRIORITY, 0, 2 * i + 1, struct.pack(">IB", 0, 1)))

    def test_window_updates(self):
        self.flood(lambda i: frame(WINDOW, 0, 0, struct.pack(">I", 1)))

    def test_empty_data(self):
        post = literal(b":method", b"POST") + literal(b":scheme", b"https") + literal(b":authority", b"x") + literal(b":path", b"/api/v1/namespaces")
        self.flood(lambda i: frame(HEADERS, END_HEADERS, 1, post) if i == 0 else frame(DATA, 0, 1))

    def test_continuations_without_end(self):
        self.flood(lambda i: frame(HEADERS, END_STREAM, 1, get()) if i == 0 else frame(CONTINUATION, 0, 1, literal(b"x-%d" % i, b"y" * 100)))

    def test_empty_continuations(self):
        self.flood(lambda i: frame(HEADERS, END_STREAM, 1, get()) if i == 0 else frame(CONTINUATION, 0, 1))

    def test_a_bomb_of_indexed_headers(self):
        """One large header in the dynamic table, named again by one byte each: 4 KB on the wire are 16 MB of headers."""
        name, value = b"x", b"y" * 3900
        n = len(value) - 127
        big = b"\x40\x01" + name + bytes([127, n % 128 | 128, n // 128]) + value
        s, before = self.attacker(), self.memory()
        alive = self.push(s, frame(HEADERS, END_STREAM | END_HEADERS, 1, get() + big + b"\xbe" * 8000))
        for i in range(1, 50):
            alive = alive and self.push(s, frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, get() + b"\xbe" * 8000))
        s.close()
        self.others_are_served()
        self.assertLess(self.memory() - before, GROWTH_MAX_KB)


if __name__ == "__main__":
    unittest.main()
