"""One cluster with a node agent for all tests of this folder; pods as dictionaries; a namespace for each test."""
import atexit
import base64
import http.client
import json
import re
import signal
import socket
import ssl
import sys
import time
import unittest

from cluster import Cluster
from images import Images

BUSYBOX, CURL, NGINX = "busybox:1.36", "radial/busyboxplus:curl", "nginx"
READY_S = 60  # a limit for things that take a second or two, on a busy machine
_shared = None


class Node(Cluster):
    """A cluster on a port of its own, so that it comes back at the same address, with plain API calls."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        super().__init__("--listen", f"0.0.0.0:{self.port}")
        self.images = Images(self.dir)

    def start(self, timeout=60):
        super().start(timeout)
        pki = self.data / "pki"
        self.tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self.tls.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        return self

    def api(self, method, path, body=None, kind="application/json", status=None):
        """(status, answer): the answer parsed when it is JSON. A status asked for and not given fails the test."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=60)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, body=data, headers={"Content-Type": kind} if data else {})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        parsed = json.loads(text) if "json" in (answer.getheader("Content-Type") or "") and text else text
        if status and answer.status != status:
            raise AssertionError(f"{method} {path}: {answer.status}: {text[:500]}")
        return answer.status, parsed


def cluster():
    global _shared
    if _shared is None:
        _shared = Node()
        atexit.register(end)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # so that nothing stays behind
        _shared.images.start()
        _shared.images.configure(_shared.data)
        _shared.start()
    return _shared


def end():
    global _shared
    node, _shared = _shared, None
    if node:
        node.stop()
        node.cleanup()
        node.images.stop()
        node.remove()


def container(name="c", image=BUSYBOX, script=None, **fields):
    """A container that runs a shell script; without one, the image's own command."""
    one = {"name": name, "image": image}
    if script is not None:
        one["command"] = ["sh", "-c", script]
    one.update(fields)
    return one


def pod(name, *containers, labels=None, **spec):
    """A pod that ends at once when told to."""
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {"app": name}},
            "spec": {"containers": list(containers), "terminationGracePeriodSeconds": 1, **spec}}
    return made


def service(name, selector, port, target=None, **spec):
    ports = [{"name": "http", "port": port, "targetPort": target or port, "protocol": "TCP"}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"selector": selector, "ports": ports, **spec}}


PLURAL = {"Pod": "pods", "Service": "services", "ConfigMap": "configmaps", "Secret": "secrets"}


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name, **data):
    coded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": coded}


class PodTest(unittest.TestCase):
    counter = 0
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.k = cluster()

    def setUp(self):
        PodTest.counter += 1
        self.ns = f"t{PodTest.counter}-" + re.sub(r"[^a-z0-9]+", "-", self._testMethodName[5:])[:40].strip("-")
        self.k.api("POST", "/api/v1/namespaces", {"metadata": {"name": self.ns}}, status=201)
        self.addCleanup(self._remove)
        self.until(lambda: self.get("serviceaccounts", "default", None) is not None, "the namespace has its account")

    def _remove(self):
        for one in self.k.api("GET", f"/api/v1/namespaces/{self.ns}/pods", status=200)[1]["items"]:
            self.k.api("DELETE", f"/api/v1/namespaces/{self.ns}/pods/{one['metadata']['name']}?gracePeriodSeconds=1")
        self.k.api("DELETE", f"/api/v1/namespaces/{self.ns}")

    def until(self, what, why, timeout=READY_S, pause=0.1):
        """Asks until the answer is true, and returns it."""
        deadline = time.monotonic() + timeout
        while True:
            answer = what()
            if answer:
                return answer
            if time.monotonic() > deadline:
                self.fail(f"not within {timeout} s: {why}")
            time.sleep(pause)

    def path(self, resource, name="", tail=""):
        return f"/api/v1/namespaces/{self.ns}/{resource}" + (f"/{name}" if name else "") + tail

    def create(self, *objects):
        for o in objects:
            self.k.api("POST", self.path(PLURAL[o["kind"]]), o, status=201)

    def get(self, resource, name, status=200):
        code, answer = self.k.api("GET", self.path(resource, name), status=status)
        return answer if code == 200 else None

    def patch(self, resource, name, body):
        return self.k.api("PATCH", self.path(resource, name), body, kind="application/merge-patch+json", status=200)[1]

    def delete(self, name):
        self.k.api("DELETE", self.path("pods", name) + "?gracePeriodSeconds=1", status=200)
        self.until(lambda: self.get("pods", name, None) is None, f"pod {name} is gone")

    def wait(self, name, test, why, timeout=READY_S):
        """The pod, as soon as test(pod) holds."""
        last = {}

        def look():
            last["pod"] = self.get("pods", name)
            return last["pod"] if test(last["pod"]) else None
        try:
            return self.until(look, f"pod {name}: {why}", timeout)
        except AssertionError as err:
            raise AssertionError(f"{err}\nstatus: {json.dumps(last['pod'].get('status'))[:3000]}\nevents: {self.events(name)}") from None

    def ready(self, *names):
        return [self.wait(n, lambda p: condition(p, "Ready") == "True", "is ready") for n in names][-1]

    def ended(self, name, phase="Succeeded"):
        """The pod after it ended; and its log's text must be there."""
        p = self.wait(name, lambda p: p["status"].get("phase") in ("Succeeded", "Failed"), "ends")
        self.assertEqual(p["status"]["phase"], phase, json.dumps(p["status"])[:2000])
        return p

    def log(self, name, query=""):
        return self.k.api("GET", self.path("pods", name, "/log" + query), status=200)[1]

    def output(self, *objects):
        """Creates the objects; the last is a pod that ends well: its log."""
        self.create(*objects)
        name = objects[-1]["metadata"]["name"]
        self.ended(name)
        return self.log(name)

    def exec(self, name, script, container=None, check=True):
        args = ["exec", "-n", self.ns, name] + (["-c", container] if container else []) + ["--", "sh", "-c", script]
        done = self.k.kubectl(*args, check=check)
        return done.stdout

    def events(self, name):
        """Reasons and messages of a pod's events."""
        found = self.k.api("GET", self.path("events"), status=200)[1]["items"]
        return [(e["type"], e["reason"], e["message"]) for e in found if e["involvedObject"].get("name") == name]

    def event(self, name, reason, pattern):
        """Waits for an event."""
        try:
            return self.until(lambda: [e for e in self.events(name) if e[1] == reason and re.search(pattern, e[2])], "", 20)
        except AssertionError:
            self.fail(f"no event {reason} with {pattern!r}: {self.events(name)}")


def condition(p, kind):
    return next((c["status"] for c in p["status"].get("conditions", []) if c["type"] == kind), None)


def status_of(p, name="c", where="containerStatuses"):
    return next((s for s in p["status"].get(where, []) if s["name"] == name), {"state": {}, "lastState": {}, "restartCount": 0})


def waiting(p, name="c", where="containerStatuses"):
    return status_of(p, name, where)["state"].get("waiting", {})


def terminated(p, name="c", where="containerStatuses", which="state"):
    return status_of(p, name, where)[which].get("terminated", {})
