"""The OpenAPI documents as generators and kubectl read them: consistent in themselves, the same in JSON and protobuf, and with custom kinds."""
import json
import re
import ssl
import time
import unittest
import urllib.request

from cluster import Cluster, kubectls

V2_PROTO = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
V3_PROTO = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"
METHODS = {"delete", "get", "head", "options", "patch", "post", "put"}
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [cron]
            properties:
              cron: {type: string, description: When it runs}
              port: {x-kubernetes-int-or-string: true}
              maybe: {type: object, nullable: true, properties: {a: {type: string}}}
              some: {type: string, oneOf: [{pattern: a}, {pattern: b}]}
    subresources: {status: {}}
"""


def refs(node):
    stack = [node]
    while stack:
        x = stack.pop()
        if isinstance(x, dict):
            if isinstance(x.get("$ref"), str):
                yield x["$ref"]
            stack += x.values()
        elif isinstance(x, list):
            stack += x


def resolve(document, ref):
    at = document
    for part in ref.removeprefix("#/").split("/"):
        at = at[part]
    return at


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(tag, value) of a protobuf message; nested ones stay bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = data[at:at + 8], at + 8
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            n, at = varint(data, at)
            assert at + n <= len(data), "a message longer than what holds it"
            value, at = data[at:at + n], at + n
        yield key >> 3, value


def one(data, tag):
    found = [v for t, v in fields(data) if t == tag]
    assert len(found) == 1, f"{len(found)} fields {tag}"
    return found[0]


def names(data, tag):
    return [one(v, 1).decode() for t, v in fields(data) if t == tag]


class OpenAPI(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        cls.tls = ssl.create_default_context(cafile=cls.cluster.data / "pki/ca.crt")
        cls.tls.load_cert_chain(cls.cluster.data / "pki/admin.crt", cls.cluster.data / "pki/admin.key")

    @classmethod
    def tearDownClass(cls):
        status = cls.cluster.stop()
        cls.cluster.remove()
        assert status == 0, f"the server ended with {status}"

    def get(self, path, **headers):
        """(status, headers, body); redirections are not followed."""
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args):
                return None
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.tls), Stay())
        request = urllib.request.Request(self.cluster.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        try:
            answer = opener.open(request)
        except urllib.error.HTTPError as e:
            answer = e
        with answer:
            return answer.status, answer.headers, answer.read()

    def document(self, path):
        status, _, body = self.get(path)
        self.assertEqual(status, 200, path)
        return json.loads(body)

    def index(self):
        return {k: v["serverRelativeURL"] for k, v in self.document("/openapi/v3")["paths"].items()}

    def check(self, document, where):
        for ref in set(refs(document)):
            self.assertIsInstance(resolve(document, ref), dict, f"{where}: {ref}")
        seen = {}
        for path, method, operation in operations(document):
            what = f"{where}: {method} {path}"
            self.assertNotIn(operation["operationId"], seen, what)
            seen[operation["operationId"]] = path
            self.assertIn("401", operation["responses"], what)
            wanted = set(re.findall(r"\{(\w+)\}", path))
            params = operation.get("parameters", []) + document["paths"][path].get("parameters", [])
            params = [resolve(document, p["$ref"]) if "$ref" in p else p for p in params]
            self.assertEqual({p["name"] for p in params if p["in"] == "path"}, wanted, what)
            if "x-kubernetes-action" in operation:
                self.assertEqual(set(operation["x-kubernetes-group-version-kind"]), {"group", "version", "kind"}, what)
        return seen

    def test_v2_is_consistent(self):
        document = self.document("/openapi/v2")
        ids = self.check(document, "v2")
        self.assertEqual(document["swagger"], "2.0")
        self.assertEqual(ids["createCoreV1NamespacedPod"], "/api/v1/namespaces/{namespace}/pods")
        self.assertEqual(ids["connectCoreV1GetNamespacedPodExec"], "/api/v1/namespaces/{namespace}/pods/{name}/exec")
        for word in ('"default"', '"oneOf"', '"nullable"'):
            self.assertNotIn(word + ":{", json.dumps(document["definitions"]["io.k8s.api.core.v1.PodSpec"]).replace(" ", ""))

    def test_v3_documents_are_consistent(self):
        for path, url in self.index().items():
            self.check(self.document(url), path)

    def test_every_kind_has_a_definition(self):
        """kubectl looks definitions up by group, version and kind, and asks PATCH's parameters whether fieldValidation is known."""
        document = self.document("/openapi/v2")
        kinds = {tuple(g[k] for k in ("group", "version", "kind")) for d in document["definitions"].values() for g in d.get("x-kubernetes-group-version-kind", [])}
        patched = {tuple(o["x-kubernetes-group-version-kind"][k] for k in ("group", "version", "kind")) for _, m, o in operations(document)
                   if m == "patch" and any(p.get("name") == "fieldValidation" for p in o.get("parameters", []))}
        groups = ["/api/v1"] + ["/apis/" + v["groupVersion"] for g in self.document("/apis")["groups"] for v in g["versions"]]
        for root in groups:
            listing = self.document(root)
            group, _, version = listing["groupVersion"].rpartition("/")
            for r in listing["resources"]:
                if "/" in r["name"]:
                    continue
                self.assertIn((group, version, r["kind"]), kinds, r["name"])
                if "patch" in r["verbs"]:
                    self.assertIn((group, version, r["kind"]), patched, r["name"])

    def test_protobuf_says_what_json_says(self):
        document = self.document("/openapi/v2")
        status, headers, body = self.get("/openapi/v2", Accept=V2_PROTO)
        self.assertEqual((status, headers["Content-Type"]), (200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"))
        self.assertEqual(one(body, 1), b"2.0")
        self.assertEqual(names(one(body, 8), 2), list(document["paths"]))
        self.assertEqual(names(one(body, 9), 1), list(document["definitions"]))
        pod = next(one(v, 2) for t, v in fields(one(body, 9)) if one(v, 1) == b"io.k8s.api.core.v1.Pod")
        self.assertEqual(names(one(pod, 25), 1), list(document["definitions"]["io.k8s.api.core.v1.Pod"]["properties"]))
        gvk = next(one(v, 2) for t, v in fields(pod) if t == 31 and one(v, 1) == b"x-kubernetes-group-version-kind")
        self.assertEqual(json.loads(one(gvk, 2)), [{"group": "", "version": "v1", "kind": "Pod"}])
        for path, url in self.index().items():
            document = self.document(url)
            status, _, body = self.get(url, Accept=V3_PROTO)
            self.assertEqual((status, one(body, 1)), (200, b"3.0.0"), path)
            self.assertEqual(names(one(body, 4), 1), list(document["paths"]), path)

    def test_hashes(self):
        for path in ("/openapi/v2", "/openapi/v3/api/v1"):
            _, headers, _ = self.get(path)
            tag = headers["Etag"]
            self.assertRegex(tag, r'^"[0-9A-F]{128}"$')
            for accept in ("application/json", V2_PROTO if path.endswith("v2") else V3_PROTO):
                status, headers, body = self.get(path, If_None_Match=f'W/"x", {tag}', Accept=accept)
                self.assertEqual((status, headers["Etag"], body), (304, tag, b""), path)
            self.assertEqual(self.get(path, If_None_Match='"x"')[0], 200)
            self.assertEqual(self.get(path, Accept="text/html")[0], 406)
        url = self.index()["apis/apps/v1"]
        status, headers, _ = self.get(url)
        self.assertEqual((status, headers["Cache-Control"]), (200, "public, immutable"))
        status, headers, body = self.get(url[:-4] + "0000")
        self.assertEqual((status, headers["Location"], body), (301, url, b""))

    def test_custom_kinds_are_published_and_withdrawn(self):
        old = list(kubectls().values())[0]
        before = self.get("/openapi/v2")[1]["Etag"]
        done = self.cluster.run([old, "apply", "-f", "-"], input=CRD)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait(lambda: "apis/stable.example.com/v1" in self.index())
        self.assertNotEqual(self.get("/openapi/v2")[1]["Etag"], before)
        name, path = "com.example.stable.v1.CronTab", "/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"
        v3, v2 = self.document(self.index()["apis/stable.example.com/v1"]), self.document("/openapi/v2")
        for document in (v3, v2):
            self.check(document, "with CronTab")
            self.assertEqual(document["paths"][path]["patch"]["operationId"], "patchStableExampleComV1NamespacedCronTab")
        spec = v3["components"]["schemas"][name]["properties"]["spec"]
        self.assertEqual(spec["required"], ["cron"])
        self.assertEqual(spec["properties"]["port"]["anyOf"], [{"type": "integer"}, {"type": "string"}])
        self.assertTrue(spec["properties"]["maybe"]["nullable"])
        spec = v2["definitions"][name]["properties"]["spec"]
        self.assertEqual(spec["properties"]["maybe"], {})
        self.assertEqual(spec["properties"]["some"], {"type": "string"})
        for version, kubectl in kubectls().items():
            out = self.cluster.run([kubectl, "explain", "crontab.spec.cron"]).stdout
            self.assertIn("When it runs", out, version)
            done = self.cluster.run([kubectl, "apply", "--dry-run=server", "-f", "-"], input="apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: c}\nspec: {cron: x, port: 1}\n")
            self.assertEqual(done.returncode, 0, f"{version}: {done.stderr}")
        self.cluster.run([old, "delete", "crd", "crontabs.stable.example.com"])
        self.wait(lambda: "apis/stable.example.com/v1" not in self.index())
        self.assertEqual(self.get("/openapi/v2")[1]["Etag"], before)

    def wait(self, is_so):
        for _ in range(300):
            if is_so():
                return
            time.sleep(0.1)
        self.fail("it never came about")

    def test_explain_every_kind(self):
        all_of_them = kubectls()
        for version in {list(all_of_them)[0], list(all_of_them)[-1]}:
            kubectl = all_of_them[version]
            rows = [line.split() for line in self.cluster.run([kubectl, "api-resources", "--no-headers"]).stdout.splitlines()]
            self.assertGreater(len(rows), 50)
            for name, group_version in ((row[0], row[-3]) for row in rows):
                done = self.cluster.run([kubectl, "explain", "--recursive", name, "--api-version", group_version])
                self.assertEqual(done.returncode, 0, f"{version} {name}: {done.stderr}")
                self.assertRegex(done.stdout, r"(?s)KIND:.*apiVersion\s+<string>", f"{version} {name}")
                self.assertNotIn("<empty>", done.stdout.split("FIELDS:")[0], f"{version} {name}")
            self.assertIn("User id of its processes", self.cluster.run([kubectl, "explain", "pod.spec.containers.securityContext.runAsUser"]).stdout)


if __name__ == "__main__":
    unittest.main()
