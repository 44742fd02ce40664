"""Plain HTTPS requests to a Cluster's API server with the administrator's certificate, and HTTPS servers for it to call."""
import http.client
import http.server
import json
import pathlib
import ssl
import threading
import urllib.parse

from pki import openssl


class Rest:
    def __init__(self, cluster):
        url = urllib.parse.urlsplit(cluster.url)
        pki = pathlib.Path(cluster.data, "pki")
        self.host, self.port = url.hostname, url.port
        self.context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self.context.load_cert_chain(pki / "admin.crt", pki / "admin.key")

    def call(self, method, path, body=None, content_type="application/json", headers=None):
        """(status, decoded body or text, headers)"""
        connection = http.client.HTTPSConnection(self.host, self.port, context=self.context, timeout=120)
        try:
            data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
            connection.request(method, path, data, {**({"Content-Type": content_type} if body is not None else {}), **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode()
            try:
                text = json.loads(text)
            except ValueError:
                pass
            return answer.status, text, answer.headers
        finally:
            connection.close()

    def must(self, method, path, body=None, **kw):
        status, answer, _ = self.call(method, path, body, **kw)
        if status >= 300:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer


def make_certificate(folder, names, name="server"):
    """A CA of its own and a certificate for names ("DNS:a", "IP:127.0.0.1"): (ca text, certificate file, key file)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    ca, key = folder / "ca.crt", folder / "ca.key"
    if not ca.exists():
        openssl("req", "-x509", *ec, "-keyout", key, "-out", ca, "-days", "30", "-subj", "/CN=webhook-ca",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *ec, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", f"/CN={name}")
    (folder / "ext").write_text(f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", ca, "-CAkey", key, "-CAcreateserial",
            "-out", folder / f"{name}.crt", "-days", "30", "-extfile", folder / "ext")
    return ca.read_text(), folder / f"{name}.crt", folder / f"{name}.key"


class Server:
    """An HTTPS server on a free port of every address; answer(request) of the test's own writes the answer."""

    def __init__(self, certificate, key, answer, client_ca=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.body = self.rfile.read(length)
                answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_one

            def say(self, status, body=b"", content_type="application/json", headers=()):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass

        self.server = Quiet(("0.0.0.0", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if client_ca:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(client_ca)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
