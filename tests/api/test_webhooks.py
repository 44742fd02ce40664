"""Admission webhooks: a real HTTPS server is asked about every write, believed when it answers well, and otherwise not."""
import base64
import concurrent.futures
import http.client
import json
import socket
import threading
import unittest

from cluster import Cluster
from rest import Rest, Server, make_certificate

CONFIGS = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/n/configmaps"


def review(question, **response):
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
            "response": {"uid": question["request"]["uid"], "allowed": True, **response}}


def patch(question, *ops):
    return review(question, patchType="JSONPatch", patch=base64.b64encode(json.dumps(ops).encode()).decode())


def config_map(name, **data):
    return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": data}


class Webhooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.rest = Rest(cls.cluster)
        cls.ca, cert, key = make_certificate(cls.cluster.dir / "hook", ["IP:127.0.0.1", "DNS:hook.n.svc"])
        cls.hooks, cls.seen, cls.lock = {}, [], threading.Lock()
        cls.server = Server(cert, key, cls.answer)
        cls.rest.must("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        status = cls.cluster.stop()
        log = cls.cluster.log.read_text()
        cls.cluster.remove()
        assert status == 0, log[-3000:]

    @classmethod
    def answer(cls, request):
        """The path's hook: what it returns is the review; one that writes by itself returns None."""
        question = json.loads(request.body)
        path, _, query = request.path.partition("?")
        with cls.lock:
            cls.seen.append((path, query, question["request"]))
        got = cls.hooks[path](request, question)
        if got is not None:
            request.say(200, got)

    def setUp(self):
        self.hooks.clear()
        self.seen.clear()
        self.configs = []

    def tearDown(self):
        for path in self.configs:
            self.rest.must("DELETE", path)
        self.rest.must("DELETE", MAPS)

    def configure(self, kind, *hooks, name="hooks"):
        """Hooks: (path, what answers, more of the webhook)."""
        made = []
        for i, (path, answer, more) in enumerate(hooks):
            self.hooks[path] = answer
            made.append({
                "name": f"h{i}.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 20,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "n"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}],
                "clientConfig": {"url": f"https://127.0.0.1:{self.server.port}{path}", "caBundle": base64.b64encode(self.ca.encode()).decode()}, **more})
        self.rest.must("POST", f"{CONFIGS}/{kind}webhookconfigurations", {"metadata": {"name": name}, "webhooks": made})
        self.configs.append(f"{CONFIGS}/{kind}webhookconfigurations/{name}")

    def create(self, name, query="", **data):
        return self.rest.call("POST", MAPS + query, config_map(name, **data))

    # ---- what is asked ----

    def test_the_question_says_who_does_what_to_which_object(self):
        self.configure("validating", ("/ok", lambda _, q: review(q), {}))
        self.assertEqual(self.create("a", x="1")[0], 201)
        self.rest.must("PUT", f"{MAPS}/a?fieldManager=me", config_map("a", x="2"))
        self.rest.must("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"x": "3"}}, content_type="application/merge-patch+json")
        self.rest.must("DELETE", f"{MAPS}/a?gracePeriodSeconds=0")
        self.assertEqual([query for _, query, _ in self.seen], ["timeout=20s"] * 4)
        create, put, dry, delete = [request for _, _, request in self.seen]
        self.assertEqual([r["operation"] for r in (create, put, dry, delete)], ["CREATE", "UPDATE", "UPDATE", "DELETE"])
        self.assertEqual(create["kind"], {"group": "", "version": "v1", "kind": "ConfigMap"})
        self.assertEqual(create["requestResource"], {"group": "", "version": "v1", "resource": "configmaps"})
        self.assertEqual((create["name"], create["namespace"], create["dryRun"], create["oldObject"]), ("a", "n", False, None))
        self.assertEqual(create["userInfo"]["username"], "kubernetes-admin")
        self.assertIn("system:masters", create["userInfo"]["groups"])
        self.assertEqual(create["object"]["data"], {"x": "1"})
        self.assertEqual((put["object"]["data"], put["oldObject"]["data"]), ({"x": "2"}, {"x": "1"}))
        self.assertEqual(put["options"], {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me"})
        self.assertEqual((dry["dryRun"], dry["options"]["dryRun"]), (True, ["All"]))
        self.assertEqual((delete["object"], delete["oldObject"]["data"]), (None, {"x": "2"}))
        self.assertEqual(delete["options"], {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "gracePeriodSeconds": 0})
        self.assertEqual(len({r["uid"] for r in (create, put, dry, delete)}), 4)

    def test_a_service_is_called_by_its_name(self):
        self.rest.must("POST", "/api/v1/namespaces/n/services", {"metadata": {"name": "hook"}, "spec": {"type": "ExternalName", "externalName": "localhost"}})
        where = {"service": {"namespace": "n", "name": "hook", "port": self.server.port, "path": "/svc"}, "caBundle": base64.b64encode(self.ca.encode()).decode()}
        hosts = []
        self.configure("validating", ("/svc", lambda request, q: hosts.append(request.headers["Host"]) or review(q), {"clientConfig": where}))
        self.assertEqual(self.create("a")[0], 201)
        self.assertEqual(hosts, [f"hook.n.svc:{self.server.port}"])
        self.rest.must("DELETE", "/api/v1/namespaces/n/services/hook")

    def test_equivalent_versions_are_converted_both_ways(self):
        scaler = {"metadata": {"name": "h"}, "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}}
        rules = [{"apiGroups": ["autoscaling"], "apiVersions": ["v2"], "operations": ["CREATE"], "resources": ["horizontalpodautoscalers"]}]
        self.configure("mutating", ("/v2", lambda _, q: patch(q, {"op": "replace", "path": "/spec/maxReplicas", "value": 7}), {"rules": rules}))
        made = self.rest.must("POST", "/apis/autoscaling/v1/namespaces/n/horizontalpodautoscalers", scaler)
        self.assertEqual((made["apiVersion"], made["spec"]["maxReplicas"], made["spec"]["targetCPUUtilizationPercentage"]), ("autoscaling/v1", 7, 50))
        request = self.seen[0][2]
        self.assertEqual((request["kind"]["version"], request["requestKind"]["version"], request["object"]["apiVersion"]), ("v2", "v1", "autoscaling/v2"))
        self.rest.must("DELETE", "/apis/autoscaling/v1/namespaces/n/horizontalpodautoscalers/h")

    def test_connections_are_asked_about_with_their_options(self):
        pod = {"metadata": {"name": "p"}, "spec": {"schedulerName": "none", "containers": [{"name": "c", "image": "x"}]}}
        self.rest.must("POST", "/api/v1/namespaces/n/pods", pod)
        rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CONNECT"], "resources": ["pods/exec", "pods/attach", "pods/portforward"]}]
        self.configure("validating", ("/no", lambda _, q: review(q, allowed=False, status={"message": "no shells"}), {"rules": rules}))
        path = "/api/v1/namespaces/n/pods/p"
        for query in ("exec?command=ls&command=-l&stdout=true&container=c", "attach?stdin=1&tty=false", "portforward?ports=80,443&ports=x"):
            status, answer, _ = self.rest.call("POST", f"{path}/{query}")
            self.assertEqual((status, answer["message"]), (400, 'admission webhook "h0.example.com" denied the request: no shells'))
        kind = {"apiVersion": "v1"}
        self.assertEqual([r["object"] for _, _, r in self.seen], [
            {"kind": "PodExecOptions", **kind, "stdout": True, "container": "c", "command": ["ls", "-l"]},
            {"kind": "PodAttachOptions", **kind, "stdin": True}, {"kind": "PodPortForwardOptions", **kind, "ports": [80, 443]}])
        asked = self.seen[0][2]
        self.assertEqual((asked["operation"], asked["subResource"], asked["kind"]["kind"], asked["name"], asked["options"]), ("CONNECT", "exec", "PodExecOptions", "p", None))
        # Who may not connect at all is told so before anybody is asked.
        self.seen.clear()
        self.assertEqual(self.rest.call("POST", f"{path}/exec", headers={"Impersonate-User": "bob"})[0], 403)
        self.assertEqual(self.seen, [])
        self.hooks["/no"] = lambda _, q: review(q)
        self.assertIn("does not have a host assigned", self.rest.call("POST", f"{path}/exec?command=ls")[1]["message"])
        self.rest.must("DELETE", f"{path}?gracePeriodSeconds=0")

    def test_a_change_of_scale_is_one_of_the_scale(self):
        apps = "/apis/apps/v1/namespaces/n/deployments"
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
        self.rest.must("POST", apps, {"metadata": {"name": "d"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}})
        def rules(what):
            return {"rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": [what]}]}
        self.configure("mutating", ("/scale", lambda _, q: patch(q, {"op": "replace", "path": "/spec/replicas", "value": 7}), rules("deployments/scale")))
        self.configure("validating", ("/main", lambda _, q: review(q, allowed=False), rules("deployments")), ("/both", lambda _, q: review(q), rules("deployments/*")))
        for answer in (self.rest.must("PATCH", f"{apps}/d/scale", {"spec": {"replicas": 3}}, content_type="application/merge-patch+json"),
                       self.rest.must("GET", f"{apps}/d")):
            self.assertEqual(answer["spec"]["replicas"], 7)
        self.assertEqual([path for path, _, _ in self.seen], ["/scale", "/both"])
        scale, both = [request for _, _, request in self.seen]
        self.assertEqual((scale["kind"], scale["resource"]["resource"], scale["subResource"]), ({"group": "autoscaling", "version": "v1", "kind": "Scale"}, "deployments", "scale"))
        self.assertEqual([r["object"]["spec"] for r in (scale, both)], [{"replicas": 3}, {"replicas": 7}])
        self.assertEqual((scale["oldObject"]["kind"], scale["oldObject"]["spec"]), ("Scale", {"replicas": 1}))
        self.rest.must("DELETE", f"{apps}/d")

    # ---- what comes of it ----

    def test_mutations_are_stored_and_seen_by_those_that_follow(self):
        add = {"op": "add", "path": "/metadata/labels", "value": {"by": "webhook"}}
        self.configure("mutating", ("/label", lambda _, q: patch(q, add) if "labels" not in q["request"]["object"]["metadata"] else review(q), {}),
                       ("/data", lambda _, q: patch(q, {"op": "add", "path": "/data", "value": {"saw": q["request"]["object"]["metadata"]["labels"]["by"]}}), {}))
        self.configure("validating", ("/check", lambda _, q: review(q, allowed=q["request"]["object"]["data"] == {"saw": "webhook"}), {}))
        status, made, _ = self.create("a")
        self.assertEqual((status, made["metadata"]["labels"], made["data"]), (201, {"by": "webhook"}, {"saw": "webhook"}))
        self.assertEqual(self.rest.must("GET", f"{MAPS}/a")["data"], {"saw": "webhook"})

    def test_only_those_that_wish_it_are_asked_again(self):
        again = {"reinvocationPolicy": "IfNeeded"}
        def once(key):
            return lambda _, q: review(q) if key in (q["request"]["object"].get("data") or {}) else patch(
                q, {"op": "add", "path": f"/data/{key}", "value": "1"})
        self.configure("mutating", ("/first", lambda _, q: review(q), again), ("/never", lambda _, q: review(q), {}), ("/change", once("k"), again))
        self.assertEqual(self.create("a", x="1")[1]["data"], {"x": "1", "k": "1"})
        self.assertEqual([path for path, _, _ in self.seen], ["/first", "/never", "/change", "/first"])

    def test_a_refusal_names_the_webhook(self):
        self.configure("validating", ("/no", lambda _, q: review(q, allowed=False, status={"code": 403, "reason": "Forbidden", "message": "not you"}), {}))
        status, answer, _ = self.create("a")
        self.assertEqual((status, answer["message"], answer["reason"]), (403, 'admission webhook "h0.example.com" denied the request: not you', "Forbidden"))
        self.hooks["/no"] = lambda _, q: review(q, allowed=False, status={"code": 200})
        status, answer, _ = self.create("a")
        self.assertEqual((status, answer["message"]), (400, 'admission webhook "h0.example.com" denied the request without explanation'))
        self.assertEqual(self.rest.call("GET", f"{MAPS}/a")[0], 404)

    def test_warnings_reach_the_client(self):
        self.configure("validating", ("/warn", lambda _, q: review(q, warnings=["mind the \"gap\"", "twice"]), {}))
        self.assertEqual(self.create("a")[2].get_all("Warning"), ['299 - "mind the \\"gap\\""', '299 - "twice"'])

    def test_dry_runs_reach_only_those_without_side_effects(self):
        self.configure("mutating", ("/m", lambda _, q: patch(q, {"op": "add", "path": "/data/m", "value": str(q["request"]["dryRun"])}), {}))
        self.assertEqual(self.create("a", "?dryRun=All", x="1")[1]["data"], {"x": "1", "m": "True"})
        self.assertEqual(self.rest.call("GET", f"{MAPS}/a")[0], 404)

    def test_a_deletion_can_be_refused_but_not_patched(self):
        self.assertEqual(self.create("a")[0], 201)
        self.configure("mutating", ("/del", lambda _, q: patch(q, {"op": "add", "path": "/data", "value": {}}), {}))
        status, answer, _ = self.rest.call("DELETE", f"{MAPS}/a")
        self.assertEqual((status, answer["message"]), (500, 'Internal error occurred: admission webhook "h0.example.com" attempted to modify the object, '
                                                            "which is not supported for this operation"))
        self.hooks["/del"] = lambda _, q: review(q, allowed=False)
        self.assertEqual(self.rest.call("DELETE", f"{MAPS}/a")[0], 400)
        self.hooks["/del"] = lambda _, q: review(q)

    def test_conditions_are_refused_as_expressions_that_do_not_compile(self):
        hook = {"name": "c.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:1/x"},
                "matchConditions": [{"name": "c", "expression": "true"}]}
        status, answer, _ = self.rest.call("POST", f"{CONFIGS}/validatingwebhookconfigurations", {"metadata": {"name": "c"}, "webhooks": [hook]})
        self.assertEqual((status, answer["details"]["causes"][0]["field"]), (422, "webhooks[0].matchConditions[0].expression"))

    # ---- what goes wrong ----

    def failure(self, answer, kind="validating", **more):
        """The reason of a create that fails, and that the same is let through by failurePolicy Ignore."""
        self.configure(kind, ("/bad", answer, more), name="bad")
        status, said, _ = self.create("a")
        self.assertEqual((status, said["reason"]), (500, "InternalError"), said)
        head = 'Internal error occurred: failed calling webhook "h0.example.com": '
        self.assertTrue(said["message"].startswith(head), said["message"])
        path = self.configs.pop()
        self.rest.must("PATCH", path, [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}], content_type="application/json-patch+json")
        self.assertEqual(self.create("a")[0], 201)
        self.rest.must("DELETE", path)
        self.rest.must("DELETE", f"{MAPS}/a")
        return said["message"][len(head):]

    def test_hostile_answers_are_failures_not_decisions(self):
        invalid = "received invalid webhook response: "
        cases = [
            (lambda r, q: r.say(200, b"garbage"), "failed to call webhook: couldn't get version/kind; json parse error: invalid character 'g' looking for beginning of value"),
            (lambda r, q: r.say(200, b""), "failed to call webhook: 0-length response with status code: 200 and content type: "),
            (lambda r, q: {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}, invalid + "webhook response was absent"),
            (lambda r, q: {"response": {"uid": q["request"]["uid"], "allowed": True}}, invalid + "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind="),
            (lambda r, q: review(q, allowed="yes"), "failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool"),
            (lambda r, q: patch(q, {"op": "remove", "path": "/data"}), invalid + "validating webhook may not return response.patch"),
            (lambda r, q: r.say(404, b"no"), "failed to call webhook: the server could not find the requested resource"),
            (lambda r, q: r.say(500, b"boom\n"), 'failed to call webhook: an error on the server ("boom") has prevented the request from succeeding'),
            (lambda r, q: r.say(302, b"", headers=[("Location", "https://127.0.0.1:1/")]), "failed to call webhook: the server responded with the status code 302 but did not return more information"),
        ]
        for answer, want in cases:
            with self.subTest(want):
                self.assertEqual(self.failure(answer), want)
        self.assertRegex(self.failure(lambda r, q: {**review(q), "response": {"uid": "x", "allowed": True}}), invalid + r'expected response.uid="[0-9a-f-]{36}", got "x"')
        self.assertIn("the answer is larger than", self.failure(lambda r, q: r.say(200, b" " * (5 << 20))))
        self.assertIn("EOF", self.failure(lambda r, q: r.connection.shutdown(socket.SHUT_RDWR)))

    def test_patches_that_make_no_sense(self):
        self.assertEqual(self.failure(lambda r, q: review(q, patch="e30="), kind="mutating"), "received invalid webhook response: webhook returned response.patch but not response.patchType")
        self.assertEqual(self.failure(lambda r, q: review(q, patchType="JSONPatch", patch="!"), kind="mutating"), "failed to call webhook: illegal base64 data at input byte 0")
        self.assertIn("received undecodable patch in webhook response: ", self.failure(lambda r, q: review(q, patchType="JSONPatch", patch=base64.b64encode(b"{}").decode()), kind="mutating"))
        # These were understood and are the webhook's fault: no policy lets them through.
        self.configure("mutating", ("/bad", lambda _, q: patch(q, {"op": "remove", "path": "/nothing"}), {"failurePolicy": "Ignore"}))
        self.assertEqual(self.create("a")[0], 500)
        for op in ({"op": "replace", "path": "", "value": 1}, {"op": "add", "path": "/data", "value": 1}):
            self.hooks["/bad"] = lambda _, q, op=op: patch(q, op)
            self.assertEqual(self.create("a")[0], 500, op)
        self.hooks["/bad"] = lambda _, q: patch(q, {"op": "add", "path": "/metadata/namespace", "value": "default"})
        self.assertEqual(self.create("a")[0], 400)

    def test_strangers_are_not_believed(self):
        other, _, _ = make_certificate(self.cluster.dir / "other", ["IP:127.0.0.1"])
        where = {"url": f"https://127.0.0.1:{self.server.port}/bad", "caBundle": base64.b64encode(other.encode()).decode()}
        self.assertIn("x509: certificate signed by unknown authority", self.failure(lambda _, q: review(q), clientConfig=where))
        self.assertEqual(self.seen, [])

    def test_a_stalled_webhook_delays_only_whom_it_concerns(self):
        go_on, arrived = threading.Event(), threading.Event()
        def stall(_, q):
            arrived.set()
            go_on.wait(60)
            return review(q)
        self.configure("validating", ("/stall", stall, {"objectSelector": {"matchLabels": {"slow": "yes"}}}))
        slow = {**config_map("slow"), "metadata": {"name": "slow", "labels": {"slow": "yes"}}}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = [pool.submit(self.rest.call, "POST", MAPS, {**slow, "metadata": {**slow["metadata"], "name": f"slow{i}"}}) for i in range(4)]
            self.assertTrue(arrived.wait(60))
            for i in range(20):
                self.assertEqual(self.create(f"quick{i}")[0], 201)
            self.assertFalse(any(w.done() for w in waiting))
            go_on.set()
            self.assertEqual([w.result()[0] for w in waiting], [201] * 4)

    def test_what_a_webhook_says_is_kept_out_of_the_log(self):
        self.failure(lambda r, q: r.say(500, b"a secret of the network"))
        log = self.cluster.log.read_text()
        self.assertIn("failing open h0.example.com: what it answered is of no use", log)
        self.assertNotIn("a secret of the network", log)

    def test_one_that_never_answers_is_given_up(self):
        go_on = threading.Event()
        def stall(_, q):
            go_on.wait(60)
            return review(q)
        self.assertEqual(self.failure(stall, timeoutSeconds=1), f'failed to call webhook: Post "https://127.0.0.1:{self.server.port}/bad?timeout=1s": context deadline exceeded')
        go_on.set()

    def test_retries_after_lost_races_ask_once_and_keep_the_mutation(self):
        self.rest.must("POST", "/api/v1/namespaces/n/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": {"count/configmaps": "1000"}}})
        for _ in range(1000):
            if "used" in self.rest.must("GET", "/api/v1/namespaces/n/resourcequotas/q").get("status", {}):
                break
        self.configure("mutating", ("/m", lambda _, q: patch(q, {"op": "add", "path": "/data/m", "value": "1"}), {}))
        self.configure("validating", ("/v", lambda _, q: review(q), {}))
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            made = list(pool.map(lambda i: self.create(f"c{i}", x="1"), range(64)))
        self.assertEqual({(status, str(answer.get("data"))) for status, answer, _ in made}, {(201, "{'m': '1', 'x': '1'}")})
        self.assertEqual(sorted(path for path, _, _ in self.seen), ["/m"] * 64 + ["/v"] * 64)
        self.rest.must("DELETE", "/api/v1/namespaces/n/resourcequotas/q")


class Ending(unittest.TestCase):
    def test_a_server_ends_while_a_webhook_stalls(self):
        cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        arrived, go_on = threading.Event(), threading.Event()
        def stall(request):
            arrived.set()
            go_on.wait(120)
        try:
            rest = Rest(cluster)
            ca, cert, key = make_certificate(cluster.dir / "hook", ["IP:127.0.0.1"])
            server = Server(cert, key, stall)
            rest.must("POST", f"{CONFIGS}/validatingwebhookconfigurations", {"metadata": {"name": "h"}, "webhooks": [{
                "name": "h.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 30,
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
                "clientConfig": {"url": f"https://127.0.0.1:{server.port}/", "caBundle": base64.b64encode(ca.encode()).decode()}}]})
            with concurrent.futures.ThreadPoolExecutor() as pool:
                def create():
                    try:
                        return rest.call("POST", "/api/v1/namespaces/default/configmaps", config_map("a"))[0]
                    except (OSError, http.client.HTTPException):
                        return None
                waiting = pool.submit(create)
                self.assertTrue(arrived.wait(60))
                self.assertEqual(cluster.stop(timeout=60), 0, cluster.log.read_text()[-3000:])
                self.assertNotEqual(waiting.result(), 201)
        finally:
            go_on.set()
            server.close()
            cluster.stop()
            cluster.remove()
