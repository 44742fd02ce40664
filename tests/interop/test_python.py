"""The official Python client, unmodified: discovers, creates, watches, patches, pages, deletes."""
import threading
import unittest

from cluster import Cluster

try:
    from kubernetes import client, config, watch
    from kubernetes.client.rest import ApiException
except ImportError:  # Debian's python3-kubernetes, installed by scripts/setup
    client = None


@unittest.skipIf(client is None, "python3-kubernetes is not installed for this Python")
class Python(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()
        config.load_kube_config(cls.cluster.kubeconfig)
        cls.core = client.CoreV1Api()

    @classmethod
    def tearDownClass(cls):
        status = cls.cluster.stop()
        cls.cluster.remove()
        assert status == 0, f"the server ended with {status}"

    def test_discovers(self):
        groups = {g.name for g in client.ApisApi().get_api_versions().groups}
        self.assertLessEqual({"rbac.authorization.k8s.io", "coordination.k8s.io", "authentication.k8s.io"}, groups)
        self.assertEqual(client.VersionApi().get_code().minor, "34")

    def test_create_watch_patch_delete(self):
        seen, first = [], threading.Event()

        def follow():
            for event in watch.Watch().stream(self.core.list_namespaced_config_map, "default", field_selector="metadata.name=py",
                                              timeout_seconds=20):
                seen.append((event["type"], (event["object"].data or {}).get("a")))
                first.set()
                if event["type"] == "DELETED":
                    return

        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="py", labels={"l": "1"}), data={"a": "1"})
        self.core.create_namespaced_config_map("default", body)
        thread = threading.Thread(target=follow)
        thread.start()
        self.assertTrue(first.wait(10))
        got = self.core.patch_namespaced_config_map("py", "default", {"data": {"a": "2"}})
        self.assertEqual(got.data["a"], "2")
        status = self.core.delete_namespaced_config_map("py", "default")
        self.assertEqual(status.status, "Success")
        thread.join(20)
        self.assertEqual(seen, [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")])

    def test_pages(self):
        for i in range(7):
            self.core.create_namespaced_secret("default", client.V1Secret(metadata=client.V1ObjectMeta(name=f"page-{i}", labels={"page": "y"}),
                                                                         string_data={"k": str(i)}))
        names, token, pages = [], None, 0
        while True:
            page = self.core.list_namespaced_secret("default", label_selector="page=y", limit=3, _continue=token)
            names += [s.metadata.name for s in page.items]
            pages += 1
            token = page.metadata._continue
            if not token:
                break
        self.assertEqual(names, [f"page-{i}" for i in range(7)])
        self.assertEqual(pages, 3)
        self.core.delete_collection_namespaced_secret("default", label_selector="page=y")
        self.assertEqual(self.core.list_namespaced_secret("default", label_selector="page=y").items, [])

    def test_errors_carry_their_status(self):
        with self.assertRaises(ApiException) as caught:
            self.core.read_namespaced_pod("none", "default")
        self.assertEqual(caught.exception.status, 404)
        self.assertIn('pods \\"none\\" not found', caught.exception.body)
        rbac = client.RbacAuthorizationV1Api()
        with self.assertRaises(ApiException) as caught:
            rbac.create_namespaced_role("default", {"metadata": {"name": "r"}, "rules": [{"verbs": []}]})
        self.assertEqual(caught.exception.status, 422)

    def test_token_of_an_account(self):
        self.core.create_namespaced_service_account("default", {"metadata": {"name": "py-sa"}})
        answer = self.core.create_namespaced_service_account_token("py-sa", "default", {"spec": {"audiences": [], "expirationSeconds": 600}})
        settings = client.Configuration(host=self.cluster.url)
        settings.ssl_ca_cert = str(self.cluster.data / "pki/ca.crt")
        settings.api_key = {"authorization": "bearer " + answer.status.token}
        with self.assertRaises(ApiException) as caught:
            client.CoreV1Api(client.ApiClient(settings)).list_namespaced_pod("default")
        self.assertEqual(caught.exception.status, 403)
        self.assertIn("system:serviceaccount:default:py-sa", caught.exception.body)


if __name__ == "__main__":
    unittest.main()
