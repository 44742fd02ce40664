"""Volumes as a container sees them."""
import pathlib
import tempfile

from pods import PodTest, config_map, container, pod, secret, waiting

SA = "/var/run/secrets/kubernetes.io/serviceaccount"


def mount(name, path, **fields):
    return {"name": name, "mountPath": path, **fields}


class Volumes(PodTest):
    def test_empty_dir_is_shared_and_in_memory(self):
        vols = [{"name": "disk", "emptyDir": {}}, {"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}]
        mounts = [mount("disk", "/disk"), mount("mem", "/mem")]
        first = container("first", script="echo shared > /disk/f; stat -c %a /disk", volumeMounts=mounts)
        second = container("c", script="cat /disk/f; grep ' /mem ' /proc/mounts | cut -d' ' -f3;"
                           " dd if=/dev/zero of=/mem/x bs=1M count=32 2>&1 | grep -o 'No space.*'",
                           volumeMounts=mounts)
        self.create(pod("p", second, initContainers=[first], volumes=vols, restartPolicy="Never"))
        self.ended("p")
        self.assertEqual(self.log("p", "?container=first"), "777\n")
        self.assertEqual(self.log("p", "?container=c"), "shared\ntmpfs\nNo space left on device\n")

    def test_host_path(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "from-host").write_text("host\n")
            vols = [{"name": "h", "hostPath": {"path": folder, "type": "Directory"}},
                    {"name": "n", "hostPath": {"path": folder + "/made", "type": "DirectoryOrCreate"}}]
            c = container(script="cat /h/from-host; echo pod > /n/from-pod", volumeMounts=[mount("h", "/h"), mount("n", "/n")])
            self.assertEqual(self.output(pod("p", c, volumes=vols, restartPolicy="Never")), "host\n")
            self.assertEqual(pathlib.Path(folder, "made/from-pod").read_text(), "pod\n")

    def test_host_path_of_a_wrong_type(self):
        c = container(script="true", volumeMounts=[mount("h", "/h")])
        self.create(pod("p", c, volumes=[{"name": "h", "hostPath": {"path": "/etc/hostname", "type": "Directory"}}]))
        self.event("p", "FailedMount", 'MountVolume.SetUp failed for volume "h" : hostPath type check failed: /etc/hostname is not a directory')
        self.assertEqual(waiting(self.get("pods", "p"))["reason"], "ContainerCreating")

    def test_config_map_change_is_seen(self):
        self.create(config_map("cm", colour="blue", size="big"))
        vols = [{"name": "v", "configMap": {"name": "cm", "defaultMode": 0o640, "items": [{"key": "colour", "path": "deep/colour"},
                                                                                         {"key": "size", "path": "size", "mode": 0o600}]}}]
        c = container(script="stat -L -c %a /v/deep/colour /v/size; cat /v/deep/colour; echo;"
                      " until grep -q green /v/deep/colour; do sleep 0.2; done; echo seen",
                      volumeMounts=[mount("v", "/v")])
        self.create(pod("p", c, volumes=vols, restartPolicy="Never"))
        self.until(lambda: "blue" in (self.k.api("GET", self.path("pods", "p", "/log"))[1] or ""), "the first value is seen")
        self.patch("configmaps", "cm", {"data": {"colour": "green"}})
        self.wait("p", lambda p: p["status"]["phase"] == "Succeeded", "sees the new value", 90)
        self.assertEqual(self.log("p"), "640\n600\nblue\nseen\n")

    def test_secret_is_on_tmpfs(self):
        c = container(script="cat /s/word; echo; stat -L -c %a /s/word; grep ' /s ' /proc/mounts | cut -d' ' -f3; readlink /s/word; touch /s/x",
                      volumeMounts=[mount("s", "/s", readOnly=True)])
        self.create(secret("sec", word="hush"), pod("p", c, volumes=[{"name": "s", "secret": {"secretName": "sec"}}], restartPolicy="Never"))
        self.ended("p", "Failed")
        self.assertEqual(self.log("p"), "hush\n644\ntmpfs\n..data/word\ntouch: /s/x: Read-only file system\n")

    def test_missing_secret_holds_the_pod(self):
        c = container(script="cat /s/word", volumeMounts=[mount("s", "/s")])
        self.create(pod("p", c, volumes=[{"name": "s", "secret": {"secretName": "later"}}], restartPolicy="Never"))
        self.event("p", "FailedMount", 'MountVolume.SetUp failed for volume "s" : secret "later" not found')
        self.assertEqual(self.get("pods", "p")["status"]["phase"], "Pending")
        self.create(secret("later", word="here"))
        self.ended("p")
        self.assertEqual(self.log("p"), "here")

    def test_downward_api(self):
        items = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}, {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}},
                 {"path": "cpu", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu", "divisor": "1m"}}]
        c = container(script="cat /d/labels; echo; cat /d/name; echo; cat /d/cpu; echo", volumeMounts=[mount("d", "/d")],
                      resources={"limits": {"cpu": "250m"}})
        out = self.output(pod("p", c, labels={"b": "2", "a": "1"}, volumes=[{"name": "d", "downwardAPI": {"items": items}}], restartPolicy="Never"))
        self.assertEqual(out, 'a="1"\nb="2"\np\n250\n')

    def test_projected(self):
        sources = [{"configMap": {"name": "cm"}}, {"secret": {"name": "sec", "items": [{"key": "word", "path": "sub/word"}]}},
                   {"downwardAPI": {"items": [{"path": "ns", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
                   {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 600}}]
        c = container(script="cat /p/colour /p/sub/word /p/ns; echo; cut -d. -f2 /p/token | tr -d '\\n' | wc -c | grep -q '^0$' || echo token",
                      volumeMounts=[mount("p", "/p")])
        out = self.output(config_map("cm", colour="blue "), secret("sec", word="hush "),
                          pod("p", c, volumes=[{"name": "p", "projected": {"sources": sources}}], restartPolicy="Never"))
        self.assertEqual(out, f"blue hush {self.ns}\ntoken\n")

    def test_sub_path(self):
        vols = [{"name": "cm", "configMap": {"name": "cm"}}, {"name": "e", "emptyDir": {}}]
        c = container(script="cat /etc/one.conf; echo; ls /etc/passwd; pwd > /data/f; ls /all/inner/p", volumeMounts=[
            mount("cm", "/etc/one.conf", subPath="colour"), mount("e", "/data", subPathExpr="inner/$(N)"), mount("e", "/all")],
            env=[{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])
        out = self.output(config_map("cm", colour="blue"), pod("p", c, volumes=vols, restartPolicy="Never"))
        self.assertEqual(out, "blue\n/etc/passwd\nf\n")

    def test_sub_path_does_not_leave_its_volume(self):
        """CVE-2017-1002101: a link that another container made."""
        e = mount("e", "/e")
        self.create(pod("p", container(script="ls /root-of-the-node; sleep 1000", volumeMounts=[mount("e", "/root-of-the-node", subPath="out/etc")]),
                        initContainers=[container("first", script="ln -s / /e/out", volumeMounts=[e])], volumes=[{"name": "e", "emptyDir": {}}]))
        p = self.wait("p", lambda p: waiting(p).get("reason") == "CreateContainerConfigError", "is refused")
        self.assertRegex(waiting(p)["message"], '^failed to prepare subPath for volumeMount "out/etc" of container "c"')
        self.assertEqual(self.k.api("GET", self.path("pods", "p", "/log"))[0], 400)

    def test_token_files(self):
        """Modes and owners as a kubelet gives them: by the pod's group, by the one user of all containers, else open."""
        script = (f"stat -L -c '%a %u:%g' {SA} {SA}/..data {SA}/token {SA}/ca.crt {SA}/namespace; cat {SA}/namespace; echo;"
                  f" id -u; id -g; id -G; head -c 2 {SA}/token")
        cases = {
            "plain": ({}, "1777 0:0\n755 0:0\n644 0:0\n644 0:0\n644 0:0\nNS\n0\n0\n0\ney"),
            "asuser": ({"runAsUser": 1000}, "1777 0:0\n755 0:0\n600 1000:0\n644 0:0\n644 0:0\nNS\n1000\n0\n0\ney"),
            "fsgroup": ({"fsGroup": 2000}, "3777 0:2000\n2755 0:2000\n640 0:2000\n644 0:2000\n644 0:2000\nNS\n0\n0\n0 2000\ney"),
            "both": ({"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000},
                     "3777 0:2000\n2755 0:2000\n640 1000:2000\n644 0:2000\n644 0:2000\nNS\n1000\n3000\n3000 2000\ney"),
        }
        self.create(*(pod(n, container(script=script), securityContext=s, restartPolicy="Never") for n, (s, _) in cases.items()))
        for name, (_, want) in cases.items():
            with self.subTest(name):
                self.ended(name)
                self.assertEqual(self.log(name), want.replace("NS", self.ns))

    def test_no_token_without_automount(self):
        c = container(script="ls /var/run/secrets; env | grep ^KUBERNETES_PORT=")
        out = self.output(pod("p", c, automountServiceAccountToken=False, restartPolicy="Never"))
        self.assertEqual(out, "ls: /var/run/secrets: No such file or directory\nKUBERNETES_PORT=tcp://10.96.0.1:443\n")
