"""Unmodified kubectl, every version at hand, against one server."""
import json
import re
import unittest

from cluster import Cluster, kubectls

POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {{app: web, round: "{round}"}}
spec:
  containers:
  - name: web
    image: nginx:1.25
    ports: [{{containerPort: 80, name: http}}]
"""


def each_kubectl(test):
    """The test once with every kubectl; one that fails does not keep the others from being tried."""
    def run(self):
        for version, path in kubectls().items():
            with self.subTest(kubectl=version):
                test(self, version, f"v{version.replace('.', '-')}", path)
    return run


class Kubectl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0").start()

    @classmethod
    def tearDownClass(cls):
        status = cls.cluster.stop()
        cls.cluster.remove()
        assert status == 0, f"the server ended with {status}"

    def k(self, path, *args, status=0, stdin=None):
        done = self.cluster.run([path, *args], input=stdin)
        self.assertEqual(done.returncode, status, f"{args}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    @each_kubectl
    def test_discovery(self, version, ns, path):
        out = self.k(path, "api-resources", "-o", "wide")
        for row in (r"^pods\s+po\s+v1\s+true\s+Pod\s", r"^rolebindings\s+rbac\.authorization\.k8s\.io/v1\s+true\s+RoleBinding\s",
                    r"^serviceaccounts\s+sa\s+v1\s+true\s+ServiceAccount\s"):
            self.assertRegex(out, re.compile(row, re.M))
        self.assertIn("rbac.authorization.k8s.io/v1", self.k(path, "api-versions"))
        self.assertRegex(self.k(path, "version"), r"Server Version: .*v?1\.34|GitVersion:\"v1\.34")

    @each_kubectl
    def test_create_get_change_delete(self, version, ns, path):
        self.k(path, "create", "namespace", ns)
        self.assertIn("created", self.k(path, "-n", ns, "create", "-f", "-", stdin=POD.format(name="p", round="1")))
        self.assertRegex(self.k(path, "-n", ns, "get", "pods"), r"NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\np\s+0/1\s+Pending\s+0\s")
        self.assertIn("labeled", self.k(path, "-n", ns, "label", "pod", "p", "colour=red"))
        # kubectl 1.27 says "annotate".
        self.assertIn("pod/p annotate", self.k(path, "-n", ns, "annotate", "pod", "p", "note=x"))
        got = json.loads(self.k(path, "-n", ns, "get", "pod", "p", "-o", "json"))
        self.assertEqual(got["metadata"]["labels"]["colour"], "red")
        self.assertEqual(got["spec"]["containers"][0]["terminationMessagePath"], "/dev/termination-log")
        self.assertRegex(self.k(path, "-n", ns, "get", "pods", "-l", "app=web,round in (1,2)", "-o", "name"), r"^pod/p$")
        self.assertIn("deleted", self.k(path, "-n", ns, "delete", "pod", "p", "--now"))
        self.assertIn("NotFound", self.k(path, "-n", ns, "get", "pod", "p", status=1))

    @each_kubectl
    def test_apply_and_its_second_time(self, version, ns, path):
        body = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: apply-{ns}}}\ndata: {{a: '1'}}\n"
        self.assertIn("created", self.k(path, "apply", "-f", "-", stdin=body))
        self.assertIn("unchanged", self.k(path, "apply", "-f", "-", stdin=body))
        self.assertIn("configured", self.k(path, "apply", "-f", "-", stdin=body.replace("'1'", "'2'")))
        self.assertEqual(self.k(path, "get", "cm", f"apply-{ns}", "-o", "jsonpath={.data.a}"), "2")
        self.k(path, "delete", "cm", f"apply-{ns}")

    @each_kubectl
    def test_access(self, version, ns, path):
        ns = "access-" + ns
        self.k(path, "create", "namespace", ns)
        self.k(path, "-n", ns, "create", "serviceaccount", "bob")
        self.k(path, "-n", ns, "create", "role", "r", "--verb=get,list", "--resource=pods,pods/log")
        self.k(path, "-n", ns, "create", "rolebinding", "b", "--role=r", f"--serviceaccount={ns}:bob")
        bob = f"--as=system:serviceaccount:{ns}:bob"
        self.assertEqual(self.k(path, "-n", ns, "auth", "can-i", "list", "pods", bob).strip(), "yes")
        self.assertIn("no", self.k(path, "-n", ns, "auth", "can-i", "delete", "pods", bob, status=1))
        self.assertRegex(self.k(path, "-n", ns, "auth", "can-i", "--list", bob), r"pods/log\s+\[\]\s+\[\]\s+\[get list\]")
        token = self.k(path, "-n", ns, "create", "token", "bob").strip()
        self.assertEqual(token.count("."), 2)
        out = self.k(path, "-n", ns, "--token", token, "--kubeconfig", "/dev/null", "--server", self.cluster.url,
                     "--insecure-skip-tls-verify", "get", "secrets", status=1)
        self.assertIn(f'secrets is forbidden: User "system:serviceaccount:{ns}:bob" cannot list resource "secrets" in API group "" in the namespace "{ns}"', out)

    @each_kubectl
    def test_errors(self, version, ns, path):
        self.assertIn('Error from server (NotFound): pods "none" not found', self.k(path, "get", "pod", "none", status=1))
        out = self.k(path, "create", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'Bad Name'}\n", status=1)
        self.assertIn('The ConfigMap "Bad Name" is invalid: metadata.name: Invalid value: "Bad Name": a lowercase RFC 1123 subdomain', out)
        out = self.k(path, "create", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nfoo: 1\n", status=1)
        self.assertIn('unknown field "foo"', out)
        self.assertIn("AlreadyExists", self.k(path, "create", "namespace", "default", status=1))

    @each_kubectl
    def test_explain(self, version, ns, path):
        out = self.k(path, "explain", "pod.spec.containers.securityContext")
        self.assertRegex(out, r"runAsUser\s+<integer>")
        self.assertRegex(out, r"KIND:\s+Pod")


if __name__ == "__main__":
    unittest.main()
