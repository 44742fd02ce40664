"""Workloads over plain HTTP: what an update of one may change, and their scale."""
import unittest

from plain_client import APPLY, MERGE, STRATEGIC, ApiTest

APPS = "/apis/apps/v1/namespaces/default"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
GENERATION = "deprecated.daemonset.template.generation"


def workload(kind, name, **spec):
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "x:1"}]}}, **spec}}


class Workloads(ApiTest):
    def test_the_template_of_a_daemon_set_may_change(self):
        """It was refused: spec.templateGeneration must be incremented upon template update."""
        made = self.ok("POST", f"{APPS}/daemonsets", workload("DaemonSet", "d"))
        self.assertEqual(made["metadata"]["annotations"], {GENERATION: "1"})
        image = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "x:2"}]}}}}
        seen = self.ok("PATCH", f"{APPS}/daemonsets/d", image, content_type=STRATEGIC)
        self.assertEqual((seen["metadata"]["generation"], seen["metadata"]["annotations"]), (2, {GENERATION: "2"}))
        seen = self.ok("PATCH", f"{APPS}/daemonsets/d", {"metadata": {"annotations": {GENERATION: "77"}}}, content_type=MERGE)
        self.assertEqual((seen["metadata"]["generation"], seen["metadata"]["annotations"]), (2, {GENERATION: "2"}))

    def test_who_applies_a_daemon_set_does_not_own_its_generation(self):
        self.ok("PATCH", f"{APPS}/daemonsets/a?fieldManager=m", workload("DaemonSet", "a"), content_type=APPLY)
        seen = self.ok("PATCH", f"{APPS}/daemonsets/a?fieldManager=m", workload("DaemonSet", "a", minReadySeconds=3), content_type=APPLY)
        self.assertEqual(seen["metadata"]["annotations"], {GENERATION: "1"})
        self.assertNotIn("f:metadata", seen["metadata"]["managedFields"][0]["fieldsV1"])

    def test_a_scale_is_shown_as_a_table(self):
        self.ok("POST", f"{APPS}/deployments", workload("Deployment", "s", replicas=3))
        seen = self.ok("GET", f"{APPS}/deployments/s/scale", accept=TABLE)
        self.assertEqual((seen["kind"], [c["name"] for c in seen["columnDefinitions"]]), ("Table", ["Name", "Desired", "Available", "Age"]))
        self.assertEqual((seen["rows"][0]["cells"][:3], seen["rows"][0]["object"]["kind"]), (["s", 3, 0], "PartialObjectMetadata"))
        status, _, body = self.ask("GET", f"{APPS}/deployments/s/scale?includeObject=All", accept=TABLE)
        self.assertEqual((status, body["reason"]), (400, "BadRequest"))
        seen = self.ok("GET", f"{APPS}/deployments/s/scale", accept="application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
        self.assertEqual((seen["kind"], seen["metadata"]["name"]), ("PartialObjectMetadata", "s"))

    def test_numbers_of_open_values_are_kept_as_they_were_written(self):
        body = '{"metadata":{"name":"%s"},"revision":1,"data":{"n":[1000.0,1e2,2.50,3]}}'
        path, kept = f"{APPS}/controllerrevisions", b'{"n":[1000.0,1e2,2.50,3]}'
        self.ok("POST", path, body % "n")
        self.assertIn(kept, self.ok("GET", f"{path}/n", accept="application/vnd.kubernetes.protobuf"))
        status, _, again = self.ask("PUT", f"{path}/n", body % "n")
        self.assertEqual(status, 200, again)
        status, _, body = self.ask("PUT", f"{path}/n", (body % "n").replace("1000.0", "1000"))
        self.assertEqual((status, body["details"]["causes"][0]["field"]), (422, "data"))

    def test_a_patch_that_makes_another_kind_of_an_object(self):
        self.ok("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "c"}, "data": {"k": "dg=="}})
        for kind, why in (("Secret", "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
                          ("Nothing", 'no kind "Nothing" is registered for version "v1" in scheme')):
            status, _, body = self.ask("PATCH", "/api/v1/namespaces/default/configmaps/c", {"kind": kind}, content_type=MERGE)
            self.assertEqual((status, body["details"]["causes"][0]["field"]), (422, "patch"))
            self.assertIn(why, body["message"])


if __name__ == "__main__":
    unittest.main()
