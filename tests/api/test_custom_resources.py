"""CustomResourceDefinitions and their instances over plain HTTP: what no recording shows, or where none is at hand."""
import unittest

from plain_client import APPLY, MERGE, ApiTest

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def version(name, properties, **more):
    spec = {"type": "object", "properties": properties}
    return {"name": name, "served": True, "storage": False,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}, **more}


class CustomResources(ApiTest):
    def define(self, group, plural, kind, versions, names=None, scope="Cluster"):
        name = f"{plural}.{group}"
        self.ok("POST", DEFINITIONS, {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
                                      "spec": {"group": group, "scope": scope, "names": {"plural": plural, "kind": kind, **(names or {})},
                                               "versions": versions}})
        return f"{DEFINITIONS}/{name}"

    @staticmethod
    def condition(crd, kind):
        """Of a definition just made they are null."""
        return next((c for c in crd["status"].get("conditions") or [] if c["type"] == kind), {})

    def established(self, crd):
        spec = self.until(crd, lambda s, b: self.condition(b, "Established").get("status") == "True")["spec"]
        stored = next(v["name"] for v in spec["versions"] if v["storage"])
        served = f"/apis/{spec['group']}/{stored}/{spec['names']['plural']}"
        self.assertEqual(self.ask("GET", served)[0], 200, "it was established a moment before it was served")

    def warned(self, answer):
        self.assertIn(answer[0], (200, 201), answer[2])
        return [w.split('"')[1] for w in answer[1].get_all("Warning") or []]

    def test_rules_that_nothing_evaluates_are_told_of(self):
        told, quiet = ({"a": {"type": "string", "x-kubernetes-validations": [{"rule": "self != \'x\'"}]}}, {"x-kubernetes-validations": {"type": "string"}})
        body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "rules.cel.example.org"},
                "spec": {"group": "cel.example.org", "scope": "Cluster", "names": {"plural": "rules", "kind": "Rule"},
                         "versions": [version("v1", told, storage=True), version("v2", quiet)]}}
        words = ["version v1: x-kubernetes-validations are stored, but not evaluated"]
        self.assertEqual(self.warned(self.ask("POST", DEFINITIONS, body)), words)
        crd, rules = f"{DEFINITIONS}/rules.cel.example.org", "/apis/cel.example.org/v1/rules"
        self.established(crd)
        self.assertEqual(self.warned(self.ask("PATCH", crd, {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)), words)
        one = {"apiVersion": "cel.example.org/v1", "kind": "Rule", "metadata": {"name": "r"}, "spec": {"a": "x"}}
        told = ["rules.cel.example.org/v1: x-kubernetes-validations were not evaluated"]
        self.assertEqual(self.warned(self.ask("POST", rules, one)), told)
        self.assertEqual(self.warned(self.ask("PATCH", f"{rules}/r", {"spec": {"a": "y"}}, content_type=MERGE)), told)
        self.assertEqual(self.warned(self.ask("GET", f"{rules}/r")), [])
        self.assertEqual(self.warned(self.ask("PATCH", "/apis/cel.example.org/v2/rules/r", {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)), [])

    def test_definitions_in_kubernetes_own_groups_say_who_approved(self):
        name, conformant = "things.test.k8s.io", "KubernetesAPIApprovalPolicyConformant"
        body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": name, "annotations": {"api-approved.kubernetes.io": "unapproved, a test"}},
                "spec": {"group": "test.k8s.io", "scope": "Cluster", "names": {"plural": "things", "kind": "Thing"}, "versions": [version("v1", {}, storage=True)]}}
        self.ok("POST", DEFINITIONS, body)
        seen = self.condition(self.until(f"{DEFINITIONS}/{name}", lambda s, b: self.condition(b, conformant)), conformant)
        self.assertEqual((seen["status"], seen["reason"], seen["message"]), ("False", "UnapprovedAnnotation", 'not approved: "unapproved, a test"'))
        self.ok("PATCH", f"{DEFINITIONS}/{name}", {"metadata": {"annotations": {"api-approved.kubernetes.io": "https://example.org/1"}}}, content_type=MERGE)
        seen = self.until(f"{DEFINITIONS}/{name}", lambda s, b: self.condition(b, conformant)["status"] == "True")
        self.assertEqual(self.condition(seen, conformant)["message"], "approved in https://example.org/1")

    def test_a_changed_schema_shows_in_what_was_stored_before(self):
        crd = self.define("read.example.org", "notes", "Note", [version("v1", {"a": {"type": "string"}, "b": {"type": "string"}}, storage=True)])
        self.established(crd)
        notes = "/apis/read.example.org/v1/notes"
        self.ok("POST", notes, {"apiVersion": "read.example.org/v1", "kind": "Note", "metadata": {"name": "n"}, "spec": {"a": "x", "b": "y"}})
        changed = [version("v1", {"a": {"type": "string"}, "c": {"type": "integer", "default": 7}}, storage=True)]
        self.ok("PATCH", crd, {"spec": {"versions": changed}}, content_type=MERGE)
        self.until(f"{notes}/n", lambda s, b: b.get("spec") == {"a": "x", "c": 7})
        self.assertEqual(self.ok("GET", notes)["items"][0]["spec"], {"a": "x", "c": 7})

    def test_versions_are_converted_and_what_is_stored_is_kept_in_mind(self):
        versions = [version("v1", {"a": {"type": "string"}}, storage=True), version("v2", {"a": {"type": "string"}, "b": {"type": "integer", "default": 1}})]
        crd = self.define("ver.example.org", "gears", "Gear", versions)
        self.established(crd)
        self.ok("POST", "/apis/ver.example.org/v1/gears", {"apiVersion": "ver.example.org/v1", "kind": "Gear", "metadata": {"name": "g"}, "spec": {"a": "x"}})
        seen = self.ok("GET", "/apis/ver.example.org/v2/gears/g")
        self.assertEqual((seen["apiVersion"], seen["spec"]), ("ver.example.org/v2", {"a": "x", "b": 1}))
        self.assertEqual(self.ok("GET", crd)["status"]["storedVersions"], ["v1"])
        versions[0]["storage"], versions[1]["storage"] = False, True
        self.assertEqual(self.ok("PATCH", crd, {"spec": {"versions": versions}}, content_type=MERGE)["status"]["storedVersions"], ["v1", "v2"])
        status, _, body = self.ask("PATCH", crd, {"spec": {"versions": versions[1:]}}, content_type=MERGE)
        self.assertEqual((status, body["details"]["causes"][0]["field"]), (422, "status.storedVersions[0]"))
        status, _, body = self.ask("PATCH", crd, {"spec": {"scope": "Namespaced"}}, content_type=MERGE)
        self.assertEqual((status, [c["field"] for c in body["details"]["causes"]]), (422, ["spec.scope"]))

    def test_bodies_of_another_kind_or_version(self):
        self.established(self.define("body.example.org", "cups", "Cup", [version("v1", {"n": {"type": "integer", "minimum": 1}}, storage=True)]))
        cups = "/apis/body.example.org/v1/cups"
        status, _, body = self.ask("POST", cups, {"apiVersion": "body.example.org/v1", "kind": "Mug", "metadata": {"name": "c"}, "spec": {"n": 0}})
        self.assertEqual((status, [c["field"] for c in body["details"]["causes"]], body["details"]["kind"]), (422, ["kind"], "Mug"))
        status, _, body = self.ask("POST", cups, {"apiVersion": "body.example.org/v9", "kind": "Cup", "metadata": {"name": "c"}})
        self.assertEqual((status, body["message"]), (400, "the API version in the data (body.example.org/v9) does not match the expected API version "
                                                          "(body.example.org/v1)"))
        status, _, body = self.ask("POST", cups, {"metadata": {"name": "c"}})
        self.assertEqual(status, 400)
        self.assertIn("Object 'Kind' is missing in", body["message"])
        status, _, body = self.ask("POST", cups, {"apiVersion": "body.example.org/v1", "kind": "Cup", "metadata": {"name": "c"}, "spec": {"n": 0}})
        self.assertEqual((status, len(body["details"]["causes"])), (422, 1))
        self.assertEqual(self.ask("GET", f"{cups}/c")[0], 404)

    def test_paths_nobody_serves(self):
        self.established(self.define("path.example.org", "pins", "Pin", [version("v1", {}, storage=True), version("v0", {}, served=False)]))
        for path in ("/apis/path.example.org/v0/pins", "/apis/path.example.org/v1/nails", "/apis/path.example.org/v1/namespaces/default/pins"):
            status, headers, body = self.ask("GET", path)
            self.assertEqual((path, status, headers["Content-Type"], body), (path, 404, "text/plain; charset=utf-8", "404 page not found\n"))
        self.assertEqual(self.ask("HEAD", "/apis/path.example.org/v1/pins")[0], 200)
        status, _, body = self.ask("GET", "/apis/path.example.org/v1/pins/p/status")
        self.assertEqual((status, body["message"]), (404, 'pins.path.example.org "p" not found'))

    def test_a_scale_without_a_revision_is_taken(self):
        scale = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}
        self.established(self.define("scale.example.org", "sets", "Set", [version("v1", {"n": {"type": "integer"}}, storage=True, subresources={"scale": scale})]))
        one = "/apis/scale.example.org/v1/sets/s"
        self.ok("POST", "/apis/scale.example.org/v1/sets", {"apiVersion": "scale.example.org/v1", "kind": "Set", "metadata": {"name": "s"}, "spec": {"n": 1}})
        put = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "s"}, "spec": {"replicas": 4}}
        self.assertEqual(self.ok("PUT", f"{one}/scale", put)["spec"], {"replicas": 4})
        self.assertEqual(self.ok("GET", one)["spec"], {"n": 4})
        put["metadata"]["resourceVersion"] = "1"
        self.assertEqual(self.ask("PUT", f"{one}/scale", put)[0], 409)
        status, _, body = self.ask("PATCH", one, {"spec": {"n": -1}}, content_type=MERGE)
        self.assertEqual((status, body["details"]["causes"][0]["message"]), (422, "Invalid value: -1: should be a non-negative integer"))

    def test_a_name_that_is_taken_is_not_served(self):
        self.established(self.define("name.example.org", "firsts", "First", [version("v1", {}, storage=True)], {"shortNames": ["fi"]}))
        crd = self.define("name.example.org", "seconds", "Second", [version("v1", {}, storage=True)], {"shortNames": ["fi"]})
        seen = self.until(crd, lambda s, b: self.condition(b, "NamesAccepted"))
        self.assertEqual((self.condition(seen, "NamesAccepted")["status"], self.condition(seen, "NamesAccepted")["reason"]), ("False", "ShortNamesConflict"))
        self.assertEqual(self.condition(seen, "Established")["status"], "False")
        self.assertEqual([r["name"] for r in self.ok("GET", "/apis/name.example.org/v1")["resources"]], ["firsts"])
        self.ok("PATCH", crd, {"spec": {"names": {"shortNames": ["se"]}}}, content_type=MERGE)
        self.established(crd)
        short = {r["name"]: r["shortNames"] for r in self.ok("GET", "/apis/name.example.org/v1")["resources"]}
        self.assertEqual(short, {"firsts": ["fi"], "seconds": ["se"]})

    def test_a_definition_waits_for_its_last_instance(self):
        crd = self.define("end.example.org", "tails", "Tail", [version("v1", {}, storage=True)])
        self.established(crd)
        tails = "/apis/end.example.org/v1/tails"
        for name, finalizers in (("held", ["example.org/hold"]), ("free", [])):
            self.ok("POST", tails, {"apiVersion": "end.example.org/v1", "kind": "Tail", "metadata": {"name": name, "finalizers": finalizers}})
        self.ok("DELETE", crd)
        self.until(f"{tails}/free", lambda s, b: s == 404)
        self.assertIn("deletionTimestamp", self.until(f"{tails}/held", lambda s, b: "deletionTimestamp" in b["metadata"])["metadata"])
        seen = self.until(crd, lambda s, b: self.condition(b, "Terminating"))
        self.assertIn("deletionTimestamp", seen["metadata"])
        self.assertEqual((self.condition(seen, "Terminating")["status"], self.condition(seen, "Terminating")["reason"]), ("True", "InstanceDeletionInProgress"))
        status, _, body = self.ask("POST", tails, {"apiVersion": "end.example.org/v1", "kind": "Tail", "metadata": {"name": "new"}})
        self.assertEqual((status, body["message"]), (405, "create not allowed while custom resource definition is terminating"))
        self.ok("PATCH", f"{tails}/held", {"metadata": {"finalizers": None}}, content_type=MERGE)
        self.until(crd, lambda s, b: s == 404)
        self.until(tails, lambda s, b: s == 404)

    def test_apply_merges_lists_by_their_type(self):
        items = {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}, "v": {"type": "string"}}}
        text = {"type": "string"}
        lists = {"map": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": items},
                 "set": {"type": "array", "x-kubernetes-list-type": "set", "items": text}, "atomic": {"type": "array", "items": text}}
        self.established(self.define("apply.example.org", "bags", "Bag", [version("v1", lists, storage=True)]))
        one = "/apis/apply.example.org/v1/bags/b"

        def apply(manager, spec, force=""):
            body = {"apiVersion": "apply.example.org/v1", "kind": "Bag", "metadata": {"name": "b"}, "spec": spec}
            return self.ask("PATCH", f"{one}?fieldManager={manager}{force}", body, content_type=APPLY)
        self.assertEqual(apply("x", {"map": [{"k": "a", "v": "1"}], "set": ["a"], "atomic": ["a"]})[0], 201)
        status, _, body = apply("y", {"map": [{"k": "b", "v": "2"}], "set": ["b"]})
        self.assertEqual((status, body["spec"]), (200, {"map": [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}], "set": ["a", "b"], "atomic": ["a"]}))
        status, _, body = apply("y", {"map": [{"k": "a", "v": "9"}], "atomic": ["b"]})
        self.assertEqual((status, sorted(c["field"] for c in body["details"]["causes"])), (409, [".spec.atomic", '.spec.map[k="a"].v']))
        status, _, body = apply("y", {"atomic": ["b"]}, "&force=true")
        self.assertEqual((status, body["spec"]), (200, {"map": [{"k": "a", "v": "1"}], "set": ["a"], "atomic": ["b"]}))


if __name__ == "__main__":
    unittest.main()
