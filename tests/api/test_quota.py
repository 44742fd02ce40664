"""ResourceQuota: what is charged on creation comes back when something goes, ends or becomes cheaper."""
import json
import time
import unittest

from cluster import Cluster

QUOTA = {"kind": "ResourceQuota", "apiVersion": "v1", "metadata": {"name": "q"}, "spec": {"hard": {
    "pods": "2", "requests.cpu": "1", "count/secrets": "3", "services.nodeports": "2", "count/deployments.apps": "1"}}}


def pod(name, cpu):
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name}, "spec": {
        "schedulerName": "none", "containers": [{"name": "c", "image": "x", "resources": {"requests": {"cpu": cpu}}}]}}


class Quota(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        self.cluster.kubectl("create", "namespace", "n")

    def tearDown(self):
        status = self.cluster.stop()
        self.cluster.remove()
        self.assertEqual(status, 0)

    def k(self, *args, **kw):
        return self.cluster.kubectl("-n", "n", *args, **kw)

    def create(self, obj, check=True):
        return self.k("create", "--validate=false", "-f", "-", input=json.dumps(obj), check=check)

    def until_used(self, **want):
        """The status the controller arrives at; the wait only bounds a failure."""
        want = {name.replace("__", "/").replace("_", "."): value for name, value in want.items()}
        for _ in range(300):
            used = json.loads(self.k("get", "quota", "q", "-o", "json").stdout).get("status", {}).get("used", {})
            if all(used.get(name) == value for name, value in want.items()):
                return
            time.sleep(0.1)
        self.fail(f"used {used}, wanted {want}")

    def test_what_goes_is_given_back(self):
        self.create(QUOTA)
        self.until_used(pods="0", requests_cpu="0", count__secrets="0", services_nodeports="0", count__deployments_apps="0")
        self.create(pod("a", "600m"))
        self.assertIn("exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1",
                      self.create(pod("b", "600m"), check=False).stderr)
        self.k("create", "secret", "generic", "s")
        self.k("create", "service", "nodeport", "np", "--tcp=80")
        self.k("create", "deployment", "d", "--image=x")
        self.until_used(pods="1", requests_cpu="600m", count__secrets="1", services_nodeports="1", count__deployments_apps="1")
        self.k("delete", "pod", "a", "--now")
        self.k("delete", "secret", "s")
        self.k("delete", "deployment", "d")
        self.k("patch", "service", "np", "-p", json.dumps({"spec": {"type": "ClusterIP"}}))
        self.until_used(pods="0", requests_cpu="0", count__secrets="0", services_nodeports="0", count__deployments_apps="0")

    def test_ended_pods_use_nothing(self):
        self.create(QUOTA)
        self.until_used(pods="0")
        self.create(pod("a", "1"))
        self.until_used(pods="1", requests_cpu="1")
        self.k("patch", "pod", "a", "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Succeeded"}}')
        self.until_used(pods="0", requests_cpu="0")

    def test_objects_older_than_the_quota_and_new_limits_are_counted(self):
        self.create(pod("a", "250m"))
        self.create(QUOTA)
        self.until_used(pods="1", requests_cpu="250m")
        self.k("create", "configmap", "c")
        self.k("patch", "quota", "q", "--type=merge", "-p", '{"spec":{"hard":{"configmaps":"9","pods":null}}}')
        self.until_used(configmaps="2", requests_cpu="250m")
        self.assertNotIn("pods", json.loads(self.k("get", "quota", "q", "-o", "json").stdout)["status"]["used"])
