"""Aggregated API servers: an APIService is watched over, and requests for its group reach a real HTTPS server in the user's name."""
import base64
import http.client
import json
import pathlib
import socket
import threading
import time
import unittest

from cluster import Cluster
from rest import Rest, Server, make_certificate

GROUP = "agg.example.com"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
WIDGETS = f"/apis/{GROUP}/v1/namespaces/n/widgets"
WIDGET = {"kind": "Widget", "apiVersion": f"{GROUP}/v1", "metadata": {"name": "w", "namespace": "n"}}
RESOURCES = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/v1", "resources": [
    {"name": "widgets", "singularName": "widget", "namespaced": True, "kind": "Widget", "verbs": ["get", "list"], "shortNames": ["wd"]},
    {"name": "widgets/status", "singularName": "", "namespaced": True, "kind": "Widget", "verbs": ["get"]}]}


def own_address():
    """An address of this machine that is not the loopback's, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            address = s.getsockname()[0]
        except OSError:
            return None
        return None if address.startswith("127.") else address


class Aggregation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.rest = Rest(cls.cluster)
        cls.rest.must("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
        trust = cls.rest.must("GET", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")["data"]
        cls.trust = trust
        front = cls.cluster.dir / "front-proxy-ca.crt"
        front.write_text(trust["requestheader-client-ca-file"])
        cls.ca, cert, key = make_certificate(cls.cluster.dir / "agg", ["DNS:api.n.svc"])
        cls.seen, cls.paths = [], {}
        cls.server = Server(cert, key, cls.answer, client_ca=front)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        status = cls.cluster.stop()
        log = cls.cluster.log.read_text()
        cls.cluster.remove()
        assert status == 0, log[-3000:]

    @classmethod
    def answer(cls, request):
        subject = {key: value for part in (request.connection.getpeercert() or {}).get("subject", ()) for key, value in part}
        path = request.path.partition("?")[0]
        if request.headers.get("X-Remote-User") != "system:kube-aggregator":
            cls.seen.append((request.command, request.path, request.headers, request.body, subject.get("commonName")))
        if path == f"/apis/{GROUP}/v1":
            request.say(200, cls.resources)
        elif path in cls.paths:
            cls.paths[path](request)
        else:
            request.say(404, b"nothing here\n", content_type="text/plain")

    def setUp(self):
        self.seen.clear()
        self.paths.clear()
        type(self).resources = RESOURCES
        self.paths[WIDGETS] = lambda r: r.say(200, {"kind": "WidgetList", "apiVersion": f"{GROUP}/v1", "metadata": {"resourceVersion": "1"}, "items": [WIDGET]})
        self.rest.must("POST", "/api/v1/namespaces/n/services", {"metadata": {"name": "api"}, "spec": {"type": "ExternalName", "externalName": "localhost"}})

    def tearDown(self):
        self.rest.call("DELETE", f"{SERVICES}/v1.{GROUP}")
        self.rest.must("DELETE", "/api/v1/namespaces/n/services/api")

    def register(self, **spec):
        self.rest.must("POST", SERVICES, {"metadata": {"name": f"v1.{GROUP}"}, "spec": {
            "group": GROUP, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10, "caBundle": base64.b64encode(self.ca.encode()).decode(),
            "service": {"namespace": "n", "name": "api", "port": self.server.port}, **spec}})

    def until(self, reason):
        """The condition with this reason; the wait only bounds a failure."""
        for _ in range(600):
            conditions = self.rest.must("GET", f"{SERVICES}/v1.{GROUP}").get("status", {}).get("conditions", [])
            if conditions and conditions[0]["reason"] == reason:
                return conditions[0]
            time.sleep(0.05)
        self.fail(f"{conditions}, wanted {reason}")

    def registered(self, **spec):
        self.register(**spec)
        self.until("Passed")
        self.seen.clear()

    # ---- availability ----

    def test_the_condition_says_what_is_missing(self):
        address = own_address()
        if not address:
            self.skipTest("this machine has no address but the loopback's")
        where = "service/backend in \"n\""
        self.register(service={"namespace": "n", "name": "backend", "port": 443})
        self.assertEqual(self.until("ServiceNotFound")["message"], f"{where} is not present")
        self.assertEqual(self.rest.call("GET", WIDGETS)[:2], (503, "service unavailable\n"))
        service = {"metadata": {"name": "backend"}, "spec": {"ports": [{"name": "https", "port": 444}]}}
        self.rest.must("POST", "/api/v1/namespaces/n/services", service)
        self.assertEqual(self.until("ServicePortError")["message"], f"{where} is not listening on port 443")
        self.rest.must("PATCH", "/api/v1/namespaces/n/services/backend", {"spec": {"ports": [{"name": "https", "port": 443}]}}, content_type="application/merge-patch+json")
        self.assertEqual(self.until("EndpointsNotFound")["message"], f"cannot find endpointslices for {where}")
        slices = "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices"
        self.rest.must("POST", slices, {"metadata": {"name": "backend", "labels": {"kubernetes.io/service-name": "backend"}}, "addressType": "IPv4",
                                        "ports": [{"name": "https", "port": self.server.port}], "endpoints": [{"addresses": [address], "conditions": {"ready": False}}]})
        self.assertEqual(self.until("MissingEndpoints")["message"], 'endpointslices for service/backend in "n" have no addresses with port name "https"')
        ready = {"endpoints": [{"addresses": [address], "conditions": {"ready": True}}], "ports": [{"name": "https", "port": 1}]}
        self.rest.must("PATCH", f"{slices}/backend", ready, content_type="application/merge-patch+json")
        failed = self.until("FailedDiscoveryCheck")
        url = f"https://{address}:1/apis/{GROUP}/v1"
        self.assertEqual((failed["status"], failed["message"]),
                         ("False", f'failing or missing response from {url}: Get "{url}": dial tcp {address}:1: connect: connection refused'))
        self.rest.must("PATCH", f"{slices}/backend", {"ports": [{"name": "https", "port": self.server.port}]}, content_type="application/merge-patch+json")
        self.assertEqual(self.until("Passed")["status"], "True")
        # Its certificate names another service: requests verify what the check did not.
        self.assertIn("x509", self.rest.call("GET", WIDGETS)[1])
        self.rest.must("DELETE", "/api/v1/namespaces/n/services/backend")
        self.until("ServiceNotFound")
        self.rest.must("DELETE", f"{slices}/backend")

    def test_a_group_goes_with_its_api_service(self):
        self.registered()
        self.rest.must("DELETE", f"{SERVICES}/v1.{GROUP}")
        self.assertEqual(self.rest.call("GET", WIDGETS)[:2], (404, "404 page not found\n"))

    # ---- passing on ----

    def test_the_server_hears_who_asks_from_a_peer_it_can_trust(self):
        self.registered()
        headers = {"Impersonate-User": "alice", "Impersonate-Group": "system:masters", "Impersonate-Extra-Example.com%2FScope": "a b",
                   "X-Remote-User": "mallory", "X-Remote-Group": "system:masters", "X-Remote-Extra-Role": "root", "Authorization": "", "X-Other": "kept"}
        self.assertEqual(self.rest.call("GET", f"{WIDGETS}?limit=1&labelSelector=a%3Db", headers=headers)[1]["items"], [WIDGET])
        method, path, got, _, peer = self.seen[0]
        self.assertEqual((method, path, peer), ("GET", f"{WIDGETS}?limit=1&labelSelector=a%3Db", "front-proxy-client"))
        self.assertEqual(got.get_all("X-Remote-User"), ["alice"])
        self.assertEqual(sorted(got.get_all("X-Remote-Group")), ["system:authenticated", "system:masters"])
        self.assertEqual(got.get_all("X-Remote-Extra-example.com%2Fscope"), ["a b"])
        self.assertEqual([got.get(name) for name in ("X-Remote-Extra-Role", "Authorization", "Impersonate-User", "X-Other")], [None, None, None, "kept"])
        self.assertEqual(json.loads(self.trust["requestheader-allowed-names"]), ["front-proxy-client"])

    def test_who_may_not_is_refused_here(self):
        self.registered()
        status, answer, _ = self.rest.call("GET", WIDGETS, headers={"Impersonate-User": "bob"})
        self.assertEqual((status, answer["reason"], self.seen), (403, "Forbidden", []))

    def test_bodies_and_answers_pass_as_they_are(self):
        self.registered()
        self.paths[WIDGETS] = lambda r: r.say(201, r.body, headers=[("X-Answer", "1"), ("Warning", '299 - "w"')])
        body = {"kind": "Widget", "data": "x" * 300_000}
        status, answer, headers = self.rest.call("POST", WIDGETS, body)
        self.assertEqual((status, answer, headers["X-Answer"], headers["Warning"]), (201, body, "1", '299 - "w"'))
        self.assertEqual(self.rest.call("DELETE", f"{WIDGETS}/none")[:2], (404, "nothing here\n"))

    def test_a_redirect_is_not_followed_nor_passed_on(self):
        self.registered()
        self.paths[WIDGETS] = lambda r: r.say(302, b"", headers=[("Location", "https://evil.example/")])
        status, answer, headers = self.rest.call("GET", WIDGETS)
        self.assertEqual((status, answer, headers.get("Location")), (502, "the backend attempted to redirect this request, which is not permitted\n", None))

    def test_a_watch_is_passed_on_as_it_comes(self):
        self.registered()
        go_on = threading.Event()
        def watch(r):
            r.send_response(200)
            r.send_header("Content-Type", "application/json")
            r.send_header("Transfer-Encoding", "chunked")
            r.end_headers()
            for name in ("a", "b"):
                line = json.dumps({"type": "ADDED", "object": {**WIDGET, "metadata": {"name": name}}}).encode() + b"\n"
                r.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                r.wfile.flush()
                go_on.wait(60)
            r.wfile.write(b"0\r\n\r\n")
        self.paths[WIDGETS] = watch
        connection = http.client.HTTPSConnection(self.rest.host, self.rest.port, context=self.rest.context, timeout=60)
        connection.request("GET", f"{WIDGETS}?watch=true")
        answer = connection.getresponse()
        self.assertEqual(json.loads(answer.readline())["object"]["metadata"]["name"], "a")
        go_on.set()
        self.assertEqual(json.loads(answer.readline())["object"]["metadata"]["name"], "b")
        self.assertEqual(answer.read(), b"")
        connection.close()

    def test_strangers_are_not_believed(self):
        other, _, _ = make_certificate(self.cluster.dir / "other", ["DNS:api.n.svc"])
        self.registered(caBundle=base64.b64encode(other.encode()).decode())
        status, answer, _ = self.rest.call("GET", WIDGETS)
        self.assertEqual((status, answer), (503, "tls: failed to verify certificate: x509: certificate signed by unknown authority\n"))
        self.assertEqual(self.seen, [])

    # ---- controllers ----

    def until_gone(self, path):
        for _ in range(600):
            if self.rest.call("GET", path)[0] == 404:
                return
            time.sleep(0.05)
        self.fail(f"{path} is still there")

    def test_a_server_that_cannot_list_holds_up_neither_garbage_collection_nor_namespaces(self):
        widgets = {**RESOURCES["resources"][0], "verbs": ["delete", "deletecollection", "get", "list", "watch"]}
        type(self).resources = {**RESOURCES, "resources": [widgets]}
        listed = threading.Event()
        def fail(request):
            listed.set()
            request.say(500, b"broken\n", content_type="text/plain")
        self.paths[f"/apis/{GROUP}/v1/widgets"] = fail
        self.registered()
        self.assertTrue(listed.wait(60))
        maps = "/api/v1/namespaces/n/configmaps"
        owner = self.rest.must("POST", maps, {"metadata": {"name": "owner"}})
        ref = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
        self.rest.must("POST", maps, {"metadata": {"name": "owned", "ownerReferences": [ref]}})
        self.rest.must("DELETE", f"{maps}/owner")
        self.until_gone(f"{maps}/owned")
        self.paths[f"/apis/{GROUP}/v1/namespaces/m/widgets"] = lambda r: r.say(200, {"kind": "WidgetList", "apiVersion": f"{GROUP}/v1", "metadata": {"resourceVersion": "1"}, "items": []})
        self.rest.must("POST", "/api/v1/namespaces", {"metadata": {"name": "m"}})
        self.rest.must("DELETE", "/api/v1/namespaces/m")
        self.until_gone("/api/v1/namespaces/m")

    # ---- discovery ----

    def test_discovery_lists_the_group(self):
        self.registered()
        version = {"groupVersion": f"{GROUP}/v1", "version": "v1"}
        group = {"name": GROUP, "versions": [version], "preferredVersion": version}
        self.assertIn(group, self.rest.must("GET", "/apis")["groups"])
        self.assertEqual(self.rest.must("GET", f"/apis/{GROUP}"), {"kind": "APIGroup", "apiVersion": "v1", **group})
        self.assertEqual(self.rest.must("GET", f"/apis/{GROUP}/v1"), RESOURCES)
        v2 = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
        _, answer, headers = self.rest.call("GET", "/apis", headers=v2)
        got = [g for g in answer["items"] if g["metadata"]["name"] == GROUP][0]["versions"]
        kind = {"group": GROUP, "version": "v1", "kind": "Widget"}
        self.assertEqual(got, [{"version": "v1", "freshness": "Current", "resources": [{
            "resource": "widgets", "responseKind": kind, "scope": "Namespaced", "singularResource": "widget", "verbs": ["get", "list"], "shortNames": ["wd"],
            "subresources": [{"subresource": "status", "responseKind": kind, "verbs": ["get"]}]}]}])
        self.assertEqual(self.rest.call("GET", "/apis", headers={**v2, "If-None-Match": headers["ETag"]})[0], 304)
        self.assertEqual(self.cluster.kubectl("-n", "n", "get", "wd", "-o", "name").stdout, f"widget.{GROUP}/w\n")

    def test_a_group_that_is_away_is_stale(self):
        self.register(service={"namespace": "n", "name": "nosuch", "port": 443})
        self.until("ServiceNotFound")
        v2 = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
        got = [g for g in self.rest.call("GET", "/apis", headers=v2)[1]["items"] if g["metadata"]["name"] == GROUP]
        self.assertEqual(got[0]["versions"], [{"version": "v1", "resources": [], "freshness": "Stale"}])


class Keys(unittest.TestCase):
    def test_the_front_proxy_has_a_ca_of_its_own_that_stays(self):
        cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        try:
            pki = pathlib.Path(cluster.data, "pki")
            first = (pki / "front-proxy-ca.crt").read_text()
            self.assertNotEqual(first, (pki / "ca.crt").read_text())
            cluster.stop()
            cluster.start()
            self.assertEqual((pki / "front-proxy-ca.crt").read_text(), first)
            found = json.loads(cluster.kubectl("-n", "kube-system", "get", "cm", "extension-apiserver-authentication", "-o", "json").stdout)["data"]
            self.assertEqual((found["requestheader-client-ca-file"], found["client-ca-file"]), (first, (pki / "ca.crt").read_text()))
        finally:
            cluster.stop()
            cluster.remove()
