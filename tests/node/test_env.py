"""What a container is started with: environment, command, folder."""
import unittest

from pods import BUSYBOX, PodTest, config_map, container, pod, secret


class Env(PodTest):
    def test_sources(self):
        env = [
            {"name": "PLAIN", "value": "one"},
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "NS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "ACCOUNT", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
            {"name": "CM", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "colour"}}},
            {"name": "NOT_THERE", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "missing", "optional": True}}},
            {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "word"}}},
            {"name": "JOINED", "value": "$(PLAIN)-$(CM) $$(PLAIN) $(UNKNOWN)"},
        ]
        c = container(script="env", env=env, resources={"limits": {"memory": "64Mi"}},
                      envFrom=[{"prefix": "P_", "configMapRef": {"name": "cm"}}, {"secretRef": {"name": "sec"}}])
        out = self.output(config_map("cm", colour="blue", PLAIN_="x"), secret("sec", word="hush"), pod("env", c, restartPolicy="Never"))
        got = dict(line.split("=", 1) for line in out.splitlines())
        p = self.get("pods", "env")
        want = {"PLAIN": "one", "NAME": "env", "NS": self.ns, "POD_IP": p["status"]["podIP"], "NODE": p["spec"]["nodeName"],
                "ACCOUNT": "default", "LABEL": "env", "LIMIT": "64", "CM": "blue", "SECRET": "hush",
                "JOINED": "one-blue $(PLAIN) $(UNKNOWN)", "P_colour": "blue", "P_PLAIN_": "x", "word": "hush", "HOSTNAME": "env",
                "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "KUBERNETES_PORT_443_TCP_PROTO": "tcp"}
        self.assertEqual(want, {k: got.get(k) for k in want})
        self.assertNotIn("NOT_THERE", got)

    def test_missing_config_map_waits(self):
        c = container(script="echo $V", env=[{"name": "V", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "k"}}}])
        self.create(pod("p", c, restartPolicy="Never"))
        seen = self.wait("p", lambda p: p["status"].get("containerStatuses", [{}])[0].get("state", {}).get("waiting", {}).get("reason")
                         == "CreateContainerConfigError", "waits for its ConfigMap")
        self.assertEqual(seen["status"]["containerStatuses"][0]["state"]["waiting"]["message"], 'configmap "late" not found')
        self.create(config_map("late", k="came"))
        self.ended("p")
        self.assertEqual(self.log("p"), "came\n")

    def test_command_args_folder(self):
        c = {"name": "c", "image": BUSYBOX, "command": ["sh", "-c", 'pwd; echo "$0|$1|$2"'], "args": ["zero", "$(HELLO) you", "$$(HELLO)"],
             "env": [{"name": "HELLO", "value": "hi"}], "workingDir": "/made/here"}
        self.assertEqual(self.output(pod("p", c, restartPolicy="Never")), "/made/here\nzero|hi you|$(HELLO)\n")

    def test_args_only_replace_the_images_command(self):
        c = {"name": "c", "image": BUSYBOX, "args": ["echo", "args", "alone"]}
        self.assertEqual(self.output(pod("p", c, restartPolicy="Never")), "args alone\n")

    def test_files_of_the_node(self):
        script = "cat /etc/hosts; echo --; cat /etc/resolv.conf; echo --; hostname; hostname -f; cat /etc/hostname"
        spec = {"hostAliases": [{"ip": "192.0.2.7", "hostnames": ["one", "two"]}], "hostname": "box", "subdomain": "sub"}
        hosts, resolv, names = self.output(pod("p", container(script=script), restartPolicy="Never", **spec)).split("--\n")
        ip = self.get("pods", "p")["status"]["podIP"]
        first = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        self.assertEqual(hosts[:len(first)], first)
        self.assertIn(f"{ip}\tbox.sub.{self.ns}.svc.cluster.local\tbox\n", hosts)
        self.assertIn("\n192.0.2.7\tone\ttwo\n", hosts)
        self.assertIn(f"search {self.ns}.svc.cluster.local svc.cluster.local cluster.local", resolv)
        self.assertIn("nameserver 10.96.0.10\n", resolv)
        self.assertIn("options ndots:5", resolv)
        self.assertEqual(names, f"box\nbox.sub.{self.ns}.svc.cluster.local\nbox\n")

    def test_hostname_is_the_pods(self):
        self.assertEqual(self.output(pod("nice-name", container(script="hostname; cat /etc/hostname"), restartPolicy="Never")),
                         "nice-name\nnice-name\n")


if __name__ == "__main__":
    unittest.main()
