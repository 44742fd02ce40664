"""A server's API for audits: JSON over one kept connection per thread, and watches that remember where they were."""
import collections
import http.client
import json
import pathlib
import ssl
import threading
import urllib.parse


class Unknown(Exception):
    """The answer did not come: the write may have happened or not."""


class Refused(Unknown):
    """Nobody listens there: nothing was sent, so nothing was done."""


class Api:
    """As the administrator of a data directory. Threads have a connection each."""

    def __init__(self, url, data):
        where = urllib.parse.urlsplit(url)
        self.host, self.port = where.hostname, where.port
        pki = pathlib.Path(data) / "pki"
        self.tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self.tls.check_hostname = False
        self.tls.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        self.local = threading.local()

    def connect(self, timeout=30):
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)

    def call(self, method, path, body=None):
        """(status code, parsed body). Unknown when the connection broke, Refused when there was none to begin with."""
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = self.connect()
        if connection.sock is None:
            self.reach(connection)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as e:
            connection.close()
            self.local.connection = None
            raise Unknown(f"{method} {path}: {e}") from None
        return answer.status, json.loads(text) if text[:1] == b"{" else text.decode()

    @staticmethod
    def reach(connection):
        try:
            connection.connect()
        except ConnectionRefusedError as e:
            raise Refused(str(e)) from None
        except OSError as e:
            raise Unknown(str(e)) from None

    def close(self):
        connection, self.local.connection = getattr(self.local, "connection", None), None
        if connection:
            connection.close()


def rv_of(obj):
    return int(obj["metadata"]["resourceVersion"])


class Watch(threading.Thread):
    """Follows a collection from a revision until the connection ends. `rv` is the newest revision told, events come in order."""

    def __init__(self, api, path, rv):
        super().__init__(daemon=True)
        self.api, self.path, self.rv = api, path, rv
        self.events, self.problem = collections.deque(), None
        self.start()

    def run(self):
        connection = self.api.connect(timeout=60)
        try:
            connection.request("GET", f"{self.path}?watch=1&allowWatchBookmarks=true&resourceVersion={self.rv}")
            answer = connection.getresponse()
            if answer.status != 200:
                self.problem = f"watch from {self.rv}: {answer.status} {answer.read()!r}"
                return
            for line in answer:
                if line.endswith(b"\n") and not self.take(json.loads(line)):
                    return
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the server is gone
        finally:
            connection.close()

    def take(self, event):
        if event["type"] == "ERROR":
            self.problem = f"watch at {self.rv}: {event['object']}"
            return False
        rv = rv_of(event["object"])
        if event["type"] != "BOOKMARK":
            if rv <= self.rv:
                self.problem = f"revision {rv} after {self.rv}"
            self.events.append((rv, event["type"], event["object"]))
        self.rv = max(self.rv, rv)
        return True

    def take_events(self):
        """The events since the last call, oldest first."""
        while self.events:
            yield self.events.popleft()
