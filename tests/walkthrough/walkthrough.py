#!/usr/bin/env python3
"""The walkthrough: a pod finds the API server, is forbidden, is granted by a Role. Every step prints its command and the
answer, and is checked against what Kubernetes answers."""
import argparse
import base64
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from cluster import BUILD, ROOT, Cluster  # noqa: E402
from images import Images  # noqa: E402
from terminal import Terminal  # noqa: E402

SA = "/var/run/secrets/kubernetes.io/serviceaccount"
FORBIDDEN = 'pods is forbidden: User \\"?{user}\\"? cannot {verb} resource \\"?pods\\"? in API group \\"?\\"? {where}'


def forbidden(user, verb, where):
    """The sentence, with or without JSON's escapes around quotes."""
    sentence = f'pods is forbidden: User "{user}" cannot {verb} resource "pods" in API group "" {where}'
    return re.escape(sentence).replace('"', r'\\?"')


class Walk:
    def __init__(self, cluster):
        self.cluster = cluster
        self.passed = self.failed = 0

    def title(self, text):
        print(f"\n=== {text}", flush=True)

    def result(self, problems, took=None):
        if problems:
            self.failed += 1
            for problem in problems:
                print(f"    FAIL: {problem}")
            print("--- failed", flush=True)
        else:
            self.passed += 1
            print("--- ok", flush=True)
        return not problems

    def judge(self, text, expect, absent):
        problems = [f"not in the answer: {p}" for p in expect if not re.search(p, text, re.M)]
        return problems + [f"in the answer, but must not be: {p}" for p in absent if re.search(p, text, re.M)]

    def run(self, command, expect=(), absent=(), status=0, within=0, show=None, quiet=False):
        """One step. Repeats for `within` seconds until the answer fits. Returns stdout."""
        print(f"$ {show or command}", flush=True)
        deadline = time.monotonic() + within
        while True:
            done = subprocess.run(["bash", "-c", command], env=self.cluster.env, capture_output=True, text=True, timeout=180,
                                  stdin=subprocess.DEVNULL)
            text = done.stdout + done.stderr
            problems = self.judge(text, expect, absent)
            if status is not None and (done.returncode != status if status >= 0 else done.returncode == 0):
                problems.append(f"exit status {done.returncode}, expected {'not 0' if status < 0 else status}")
            if not problems or time.monotonic() >= deadline:
                break
            time.sleep(0.3)
        if not quiet or problems:
            print(text.rstrip("\n"))
        self.result(problems)
        return done.stdout

    def typed(self, terminal, line, expect=(), absent=(), prompt=r"[#$] $", timeout=30):
        """A line typed at a prompt on a terminal."""
        terminal.send(line)
        text = terminal.expect(prompt, timeout)
        print((text if text is not None else terminal.text).replace("\r", ""), flush=True)
        problems = ["the prompt did not come back"] if text is None else self.judge(text.replace("\r", ""), expect, absent)
        return self.result(problems)


def have_public_registry():
    try:
        socket.setdefaulttimeout(3)
        socket.getaddrinfo("docker.io", 443)
        return True
    except OSError:
        return False


def prepare_images(images, data):
    if have_public_registry():
        print("docker.io resolves here: images come from there")
    else:
        images.start()
        print(f"Images built here and served at {images.address} as docker.io's mirror:\n{images.built}")
        images.configure(data)
    print(f"Images of the programs in examples/, given to k8c as archives:\n{images.examples(data)}")
    k8ctl = images.k8ctl(data)
    print(f"Images of k8ctl-static:\n{k8ctl}" if k8ctl else "k8ctl-static was not built (scripts/setup says why): its part is left out")
    return bool(k8ctl)


def step_a(w):
    w.title("a. The cluster and what every namespace has")
    w.run("kubectl get svc kubernetes", [r"^kubernetes\s+ClusterIP\s+10\.96\.0\.1\s+<none>\s+443/TCP\s"])
    w.run("kubectl get namespaces", [r"^default\s+Active", r"^kube-node-lease\s+Active", r"^kube-public\s+Active", r"^kube-system\s+Active"])
    w.run("kubectl get nodes", [r"\bReady\b"], [r"NotReady"], within=30)
    w.run("kubectl get serviceaccount default", [r"^default\s+"], within=5)
    w.run("kubectl get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}'", [r"-----BEGIN CERTIFICATE-----"], within=5)


INTERNAL_KUBECTL = """apiVersion: v1
kind: Pod
metadata:
  name: internal-kubectl
spec:
  containers:
  - name: internal-kubectl
    image: eedugon/internal-kubectl:latest
"""


def step_b(w, work):
    w.title("b. kubectl in a pod")
    (work / "internal-kubectl.yaml").write_text(INTERNAL_KUBECTL)
    default = "system:serviceaccount:default:default"
    sentence = r"Error from server \(Forbidden\): " + forbidden(default, "list", 'in the namespace "default"')
    print((ROOT / "tests/images/internal-kubectl/Dockerfile").read_text())
    w.run(f"kubectl create -f {work}/internal-kubectl.yaml", [r"^pod/internal-kubectl created"])
    w.run("kubectl logs internal-kubectl", [sentence], within=60)
    w.run("kubectl get pod internal-kubectl", [r"^internal-kubectl\s+0/1\s+(Error|CrashLoopBackOff)\s"], within=30)
    w.run("kubectl run kubectl-test --image eedugon/internal-kubectl:latest --restart=Never", [r"^pod/kubectl-test created"])
    w.run("kubectl logs kubectl-test", [sentence], within=60)
    w.run("kubectl create role pod-reader --verb=get,list,watch --resource=pods", [r"role.rbac.authorization.k8s.io/pod-reader created"])
    w.run("kubectl create rolebinding default-reads-pods --role=pod-reader --serviceaccount=default:default",
          [r"rolebinding.rbac.authorization.k8s.io/default-reads-pods created"])
    w.run("kubectl run kubectl-test-2 --image eedugon/internal-kubectl:latest --restart=Never", [r"created"])
    w.run("kubectl logs kubectl-test-2", [r"^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE", r"^internal-kubectl\s", r"^kubectl-test-2\s"], within=60)
    w.run("kubectl run kubectl-shell --image eedugon/internal-kubectl:latest --command -- sleep 3600", [r"created"])
    w.run("kubectl wait --for=condition=Ready pod/kubectl-shell --timeout=60s", [r"condition met"])
    w.run("kubectl exec kubectl-shell -- kubectl get po", [r"^kubectl-shell\s+1/1\s+Running"])
    w.run("kubectl exec kubectl-shell -- kubectl auth whoami", [re.escape(default)])
    w.run("kubectl delete rolebinding/default-reads-pods role/pod-reader", [r"deleted"])
    w.run("kubectl exec kubectl-shell -- kubectl get po", [sentence], status=-1, within=5)
    w.run("kubectl delete pod internal-kubectl kubectl-test kubectl-test-2 kubectl-shell --now", [r'pod "kubectl-shell" (force )?deleted'])


# As tight as a pod may be: nobody's uid, nothing to write to, nothing in the image but the program.
INTERNAL_K8CTL = """apiVersion: v1
kind: Pod
metadata:
  name: internal-k8ctl
spec:
  containers:
  - name: internal-k8ctl
    image: k8c/k8ctl:1
    command: [kubectl, get, po]
    securityContext: {runAsUser: 12345, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


def step_k(w, work):
    """b. once more, with k8ctl on both sides."""
    w.title("b. once more: k8ctl in place of kubectl, here and in images with nothing else in them")
    k = f"{BUILD}/k8ctl"
    sentence = r"Error from server \(Forbidden\): " + forbidden("system:serviceaccount:default:default", "list", 'in the namespace "default"')
    print((ROOT / "packaging/Dockerfile").read_text())
    (work / "internal-k8ctl.yaml").write_text(INTERNAL_K8CTL)
    w.run(f"cat {work}/internal-k8ctl.yaml; {k} create -f {work}/internal-k8ctl.yaml", [r"^pod/internal-k8ctl created"])
    w.run(f"{k} logs internal-k8ctl", [sentence], within=60)
    w.run(f"{k} get pod internal-k8ctl", [r"^internal-k8ctl\s+0/1\s+(Error|CrashLoopBackOff)\s"], within=30)
    w.run(f"{k} run k8ctl-test --image k8c/k8ctl:1 --restart=Never -- kubectl get po", [r"^pod/k8ctl-test created"])
    w.run(f"{k} logs k8ctl-test", [sentence], within=60)
    w.run(f"{k} create role pod-reader --verb=get,list,watch --resource=pods", [r"role.rbac.authorization.k8s.io/pod-reader created"])
    w.run(f"{k} create rolebinding default-reads-pods --role=pod-reader --serviceaccount=default:default",
          [r"rolebinding.rbac.authorization.k8s.io/default-reads-pods created"])
    # The end of its standard input tells the pod that it is attached to.
    w.run(f"{k} run k8ctl-test-2 --image k8c/k8ctl:busybox --restart=Never -i --rm --quiet -- sh -c 'cat; kubectl get po; exit 3'",
          [r"^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE", r"^internal-k8ctl\s", r"^k8ctl-test-2\s"], status=3)
    w.run(f"{k} run k8ctl-shell --image k8c/k8ctl:1 --command -- sleep 3600", [r"created"])
    w.run("kubectl wait --for=condition=Ready pod/k8ctl-shell --timeout=60s", [r"condition met"])
    w.run(f"{k} exec k8ctl-shell -- kubectl get po", [r"^k8ctl-shell\s+1/1\s+Running"])
    w.run(f"{k} exec k8ctl-shell -- cat {SA}/namespace", [r"^default$"])
    w.run(f"{k} delete rolebinding/default-reads-pods role/pod-reader", [r"deleted"])
    w.run(f"{k} exec k8ctl-shell -- kubectl get po", [sentence], status=1, within=5)
    w.run(f"{k} delete pod internal-k8ctl k8ctl-test k8ctl-shell --now", [r'pod "k8ctl-shell" (force )?deleted'])


def step_c(w):
    w.title("c. curl in a pod, on a terminal")
    command = "kubectl run curl-test -it --image=radial/busyboxplus:curl --rm"
    print(f"$ {command}")
    t = Terminal(shlex.split(command), w.cluster.env)
    opened = t.expect(r"[#$] $", 60)
    if opened is None:
        # The prompt may have been printed before the terminal was attached: kubectl says so itself.
        t.send("")
        opened = t.expect(r"[#$] $", 20)
    print((opened if opened is not None else t.text).replace("\r", ""))
    w.result([] if opened is not None else ["no prompt"])
    anonymous = r'forbidden: User \\"system:anonymous\\" cannot get path \\"/\\"'
    who = "system:serviceaccount:default:default"
    w.typed(t, f"ls -l {SA}", [r"ca\.crt -> \.\.data/ca\.crt", r"namespace -> \.\.data/namespace", r"token -> \.\.data/token"])
    w.typed(t, "ping -c1 kubernetes", [r"1 packets transmitted, 1 packets received, 0% packet loss"])
    w.typed(t, "curl -sS -m 5 kubernetes", [r"curl: \((7|28)\)"])
    w.typed(t, "curl -sS -m 5 https://kubernetes", [r"curl: \(60\)"])
    w.typed(t, f"cd {SA}")
    w.typed(t, "curl -sS -m 5 --cacert ca.crt https://kubernetes:443", [anonymous, r'"code": 403'])
    bearer = 'curl -sS -m 5 --cacert ca.crt -H "Authorization: Bearer $(cat token)"'
    w.typed(t, bearer + " https://kubernetes:443/api", [r'"kind": "APIVersions"', r'"v1"'])
    w.typed(t, bearer + " https://kubernetes:443/api/v1/pods", [forbidden(who, "list", "at the cluster scope"), r'"code": 403'])
    for name in ("kubernetes", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"):
        w.typed(t, bearer + f" -o /dev/null -w '%{{http_code}}\\n' https://{name}/api", [r"^200"])
        w.typed(t, f"ping -c1 {name} | head -1", [r"\(10\.96\.0\.1\)"])
    # busybox's nslookup knows no search list: only the full name.
    w.typed(t, "nslookup kubernetes.default.svc.cluster.local | tail -n +3", [r"10\.96\.0\.1"])
    t.send("exit")
    status = t.close(60)
    w.result([] if status == 0 else [f"kubectl run ended with {status}"])
    w.run("kubectl get pod curl-test", [r'Error from server \(NotFound\): pods "curl-test" not found'], status=1, within=20)


THREE = """apiVersion: v1
kind: ServiceAccount
metadata:
  creationTimestamp: null
  name: yaml-sa
  namespace: prueba-rbac
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  creationTimestamp: null
  name: role-yaml
  namespace: prueba-rbac
rules:
- apiGroups:
  - ""
  resources:
  - pods
  verbs:
  - get
  - list
  - delete
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  creationTimestamp: null
  name: role-binding-yaml-sa
  namespace: prueba-rbac
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: role-yaml
subjects:
- kind: ServiceAccount
  name: yaml-sa
  namespace: prueba-rbac
"""


def step_d(w, work):
    w.title("d. A ServiceAccount, a Role, a RoleBinding")
    n = "-n prueba-rbac"
    w.run("kubectl create namespace prueba-rbac", [r"^namespace/prueba-rbac created"])
    sa = f"kubectl {n} create serviceaccount prueba-sa"
    role = f"kubectl create role role-prueba {n} --verb get,list,delete --resource pod"
    binding = f"kubectl create rolebinding role-binding-prueba-sa {n} --serviceaccount prueba-rbac:prueba-sa --role role-prueba"
    w.run(sa + " --dry-run=client -o yaml", [r"^kind: ServiceAccount", r"^  name: prueba-sa", r"^  namespace: prueba-rbac"])
    w.run(role + " --dry-run=client -o yaml", [r"^kind: Role$", r"^  - pods$", r"^  - get\n  - list\n  - delete"])
    w.run(binding + " --dry-run=client -o yaml", [r"^kind: RoleBinding", r"^  kind: Role$", r"^- kind: ServiceAccount"])
    w.run(sa, [r"^serviceaccount/prueba-sa created"])
    w.run(role, [r"^role.rbac.authorization.k8s.io/role-prueba created"])
    w.run(binding, [r"^rolebinding.rbac.authorization.k8s.io/role-binding-prueba-sa created"])
    (work / "three.yaml").write_text(THREE)
    w.run(f"kubectl create -f {work}/three.yaml", [r"^serviceaccount/yaml-sa created", r"^role.rbac.authorization.k8s.io/role-yaml created",
                                                  r"^rolebinding.rbac.authorization.k8s.io/role-binding-yaml-sa created"])
    w.run(f"kubectl {n} get role role-yaml -o jsonpath='{{.metadata.creationTimestamp}}'", [r"^20\d\d-\d\d-\d\dT"])
    w.run(f"kubectl {n} auth can-i list pods --as system:serviceaccount:prueba-rbac:prueba-sa", [r"^yes"], within=5)
    w.run(f"kubectl {n} auth can-i create pods --as system:serviceaccount:prueba-rbac:prueba-sa", [r"^no"], status=1)


def step_e(w, work):
    w.title("e. Calling the API with the account of a Role")
    n, file = "-n prueba-rbac", work / "curl-test.yaml"
    who = "system:serviceaccount:prueba-rbac:prueba-sa"
    w.run(f"kubectl run curl-test {n} --image=nginx --dry-run=client -o yaml | tee {file}", [r"^  dnsPolicy: ClusterFirst", r"^  restartPolicy: Always", r"^status: \{\}", r"resources: \{\}"])
    text = file.read_text()
    file.write_text(text.replace("spec:\n", "spec:\n  serviceAccountName: prueba-sa\n", 1))
    w.run(f"cat {file}; kubectl create -f {file}", [r"^pod/curl-test created"])
    w.run(f"kubectl {n} wait --for=condition=Ready pod/curl-test --timeout=60s", [r"condition met"])
    w.run(f"kubectl {n} get pod curl-test -o jsonpath='{{.spec.serviceAccountName}}'", [r"^prueba-sa"])
    w.run(f"kubectl run victim {n} --image=nginx", [r"created"])
    command = f"kubectl {n} exec -it curl-test -- bash"
    print(f"$ {command}")
    t = Terminal(shlex.split(command), w.cluster.env)
    opened = t.expect(r"[#$] $", 30)
    print((opened if opened is not None else t.text).replace("\r", ""))
    w.result([] if opened is not None else ["no prompt"])
    w.typed(t, f"cd {SA}; API=https://kubernetes.default.svc:443/api/v1")
    curl = 'curl -sS -m 10 --cacert ca.crt -H "Authorization: Bearer $(cat token)"'
    code = " -o /dev/null -w '%{http_code}\\n'"
    w.typed(t, curl + " $API/namespaces/prueba-rbac/pods | head -5", [r'"kind": "PodList"'])
    w.typed(t, curl + code + " $API/namespaces/prueba-rbac/pods", [r"^200"])
    w.typed(t, curl + " $API/namespaces/default/pods", [forbidden(who, "list", 'in the namespace "default"'), r'"code": 403'])
    w.typed(t, curl + " -X DELETE $API/namespaces/prueba-rbac/pods/victim | head -5", [r'"kind": "Pod"', r'"name": "victim"'])
    w.typed(t, curl + " -X POST -H 'Content-Type: application/json' -d '{\"kind\":\"Pod\"}' $API/namespaces/prueba-rbac/pods",
            [forbidden(who, "create", 'in the namespace "prueba-rbac"'), r'"code": 403'])
    w.typed(t, curl + " $API/pods", [forbidden(who, "list", "at the cluster scope")])
    w.run("kubectl create clusterrole lists-pods --verb list --resource pods", [r"created"])
    w.run("kubectl create clusterrolebinding prueba-lists-pods --clusterrole lists-pods --serviceaccount prueba-rbac:prueba-sa", [r"created"])
    time.sleep(0.5)
    w.typed(t, curl + code + " $API/pods", [r"^200"])
    t.send("exit")
    w.result([] if t.close(30) == 0 else ["kubectl exec did not end with 0"])
    w.run("kubectl delete clusterrolebinding/prueba-lists-pods clusterrole/lists-pods", [r"deleted"])


POD_WITHOUT = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: prueba-rbac
spec:
  serviceAccountName: {account}
{automount}  containers:
  - name: curl-test
    image: nginx
"""


LIBRARY_POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: prueba-rbac
spec:
  serviceAccountName: library-sa
  containers:
  - name: c
    image: {image}
    command: [sleep, "3600"]
"""


def step_f(w, work):
    w.title("f. Calling the API with a library")
    n = "-n prueba-rbac"
    sentence = forbidden("system:serviceaccount:prueba-rbac:library-sa", "list", 'in the namespace "prueba-rbac"')
    print((ROOT / "examples/list_pods.py").read_text())
    print(f"The same in C with libk8c: {ROOT}/examples/list-pods.c\n")
    w.run(f"kubectl {n} create serviceaccount library-sa", [r"created"])
    for name, image in (("with-libk8c", "k8c/examples:1"), ("with-python", "k8c/python-client:1")):
        (work / f"{name}.yaml").write_text(LIBRARY_POD.format(name=name, image=image))
        w.run(f"cat {work}/{name}.yaml; kubectl create -f {work}/{name}.yaml", [r"created"])
    w.run(f"kubectl {n} wait --for=condition=Ready pod/with-libk8c pod/with-python --timeout=120s", [r"with-libk8c condition met", r"with-python condition met"])
    c, python = f"kubectl {n} exec with-libk8c -- list-pods", f"kubectl {n} exec with-python -- python3 /usr/local/bin/list_pods.py"
    w.run(c, [r"^Error from server \(Forbidden\): " + sentence], status=1)
    w.run(python, [r"^403 Forbidden: " + sentence], status=1)
    w.run(f"kubectl {n} create role pod-lister --verb=list,watch --resource=pods", [r"created"])
    w.run(f"kubectl {n} create rolebinding library-lists-pods --role=pod-lister --serviceaccount=prueba-rbac:library-sa", [r"created"])
    w.run(c, [r"^NAME\s+PHASE$", r"^with-libk8c\s+Running$", r"^with-python\s+Running$"], within=5)
    w.run(python, [r"^with-libk8c\s+Running$", r"^with-python\s+Running$"], within=5)
    w.run(f"{c} default", [r"^Error from server \(Forbidden\): " + forbidden("system:serviceaccount:prueba-rbac:library-sa", "list", 'in the namespace "default"')],
          status=1)
    w.run(f"{c} -A", [r"^Error from server \(Forbidden\): .* at the cluster scope$"], status=1)
    w.run(f"kubectl {n} delete pod with-libk8c with-python --now", [r"deleted"])


def step_g(w, work):
    w.title("g. No API access")
    n = "-n prueba-rbac"
    for name, account, line in (("curl-test-2", "prueba-sa", "  automountServiceAccountToken: false\n"), ("curl-test-3", "closed-sa", "")):
        if account == "closed-sa":
            w.run(f"""kubectl create -f - <<'Y'
apiVersion: v1
kind: ServiceAccount
metadata: {{name: closed-sa, namespace: prueba-rbac}}
automountServiceAccountToken: false
Y""", [r"created"])
        (work / f"{name}.yaml").write_text(POD_WITHOUT.format(name=name, account=account, automount=line))
        w.run(f"cat {work}/{name}.yaml; kubectl create -f {work}/{name}.yaml", [r"created"])
        w.run(f"kubectl {n} wait --for=condition=Ready pod/{name} --timeout=60s", [r"condition met"])
        w.run(f"kubectl {n} exec {name} -- ls /var/run/secrets", [r"No such file or directory"], status=-1)
        w.run(f"kubectl {n} exec {name} -- env", [r"^KUBERNETES_PORT=tcp://10\.96\.0\.1:443"])
        w.run(f"kubectl {n} exec {name} -- curl -sS -k https://kubernetes.default.svc/api/v1/namespaces/prueba-rbac/pods", [r"system:anonymous", r'"code": 403'])
    w.run(f"T=$(kubectl {n} create token prueba-sa); kubectl {n} exec curl-test-2 -- curl -sS -k -o /dev/null -w '%{{http_code}}\\n' "
          "-H \"Authorization: Bearer $T\" https://kubernetes.default.svc/api/v1/namespaces/prueba-rbac/pods", [r"^200"])


# The second container's credentials are those of every pod, but the token lives as short as may be.
ROTATING = """apiVersion: v1
kind: Pod
metadata:
  name: rotating
spec:
  serviceAccountName: watcher
  containers:
  - name: c
    image: nginx
    volumeMounts:
    - {name: short, mountPath: /short}
  - name: watcher
    image: k8c/examples:1
    command: [watch-pods]
    volumeMounts:
    - {name: short, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}
  volumes:
  - name: short
    projected:
      sources:
      - serviceAccountToken: {path: token, expirationSeconds: 600}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
"""


def claims(token):
    part = token.strip().split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


CLOCK_LEEWAY_S = 60
WATCHED = "kubectl logs rotating -c watcher"


def start_watching(w, work):
    w.title("h. (first half) A program that watches, with a token that lives ten minutes, looked at again at the end")
    w.run("kubectl create role watches-pods --verb=list,watch --resource=pods", [r"created"])
    w.run("kubectl create serviceaccount watcher", [r"created"])
    w.run("kubectl create rolebinding watcher-watches-pods --role=watches-pods --serviceaccount=default:watcher", [r"created"])
    (work / "rotating.yaml").write_text(ROTATING)
    w.run(f"cat {work}/rotating.yaml; kubectl create -f {work}/rotating.yaml", [r"created"])
    w.run("kubectl wait --for=condition=Ready pod/rotating --timeout=60s", [r"condition met"])
    w.run(WATCHED, [r"^added rotating at \d+", r"^synced"], within=10)
    return w.run("kubectl exec rotating -c c -- cat /short/token", [r"^ey"], quiet=True)


def wait_for_rotation(w, first):
    """Until another token is mounted and the first has ended."""
    c = claims(first)
    print(f"first token: issued {c['iat']}, ends {c['exp']}: waiting for another one in its place")
    second, deadline = first, c["exp"] + 5
    while second == first and time.time() < deadline:
        time.sleep(3)
        second = w.cluster.run(["kubectl", "exec", "rotating", "-c", "c", "--", "cat", "/short/token"]).stdout or first
    if second == first:
        w.result(["the token was not replaced before it ended"])
        return
    d = claims(second)
    print(f"second token: issued {d['iat']} ({c['exp'] - d['iat']} s before the end of the first), ends {d['exp']}")
    w.result([] if c["iat"] < d["iat"] < c["exp"] else ["the second token was not issued within the life of the first"])
    w.run("kubectl exec rotating -c c -- sh -c 'kill -0 1 && echo same process'", [r"same process"])
    print("waiting for the end of the first token and the minute that clocks may differ by")
    time.sleep(max(0, c["exp"] + CLOCK_LEEWAY_S + 1 - time.time()))
    w.run(refused_or_not(w, first), [r"^401"], show=refused_or_not(w, "<the first token>"), within=20)


def refused_or_not(w, token):
    return f"curl -sS --cacert {w.cluster.data}/pki/ca.crt -o /dev/null -w '%{{http_code}}\\n' -H 'Authorization: Bearer '{shlex.quote(token.strip())} {w.cluster.url}/api"


def restart_server(w):
    print("the server ends and starts again; the pods go on")
    status = w.cluster.stop()
    w.result([] if status == 0 else [f"k8c server ended with {status} on SIGTERM"])
    w.cluster.start(60)
    print(f"k8c is up at {w.cluster.url}")


def step_h(w, first):
    w.title("h. Rotation, a restart of the server, and the end of a pod's token")
    if first:
        wait_for_rotation(w, first)
    before = w.cluster.run(shlex.split(WATCHED)).stdout.splitlines()
    restart_server(w)
    w.run("kubectl run after-the-restart --image nginx", [r"created"])
    after = w.run(WATCHED, [r"^added after-the-restart at \d+"], within=60).splitlines()
    added = [line.split(" at ")[0] for line in after if line.startswith("added ")]
    w.result([] if after[:len(before)] == before and len(set(added)) == len(added) else ["the watcher told something twice"])
    w.run("kubectl get pod rotating -o jsonpath='{.status.containerStatuses[*].restartCount}'", [r"^0 0"])
    w.run("kubectl delete pod after-the-restart --now", [r"deleted"])
    w.run(WATCHED, [r"^deleted after-the-restart at \d+"], within=20, quiet=True)
    token = w.cluster.run(["kubectl", "exec", "rotating", "-c", "c", "--", "cat", f"{SA}/token"]).stdout
    show = refused_or_not(w, "<token of the pod>")
    w.run(refused_or_not(w, token), [r"^200"], show=show)
    w.run("kubectl delete pod rotating --now", [r"deleted"])
    w.run(refused_or_not(w, token), [r"^401"], show=show, within=20)


def leftovers(data):
    """What a node agent could have left on this machine."""
    found = []
    mounts = pathlib.Path("/proc/self/mounts").read_text()
    found += [f"mount {line.split()[1]}" for line in mounts.splitlines() if str(data) in line]
    for command, word in ((["ip", "-o", "link"], "k8c"), (["nft", "list", "tables"], "k8c"), (["ip", "netns"], "k8c")):
        out = subprocess.run(command, capture_output=True, text=True).stdout
        found += [line for line in out.splitlines() if word in line]
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True).stdout
    found += [f"iptables: {line}" for line in rules.splitlines() if "k8c" in line or "CNI-" in line]
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            cmdline = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(data) in cmdline and int(proc.name) != os.getpid():
            found.append(f"process {proc.name}: {cmdline[:120]}")
    return found


def finish(w, images, cluster):
    w.title("The end: nothing stays behind")
    status = cluster.stop()
    w.result([] if status == 0 else [f"k8c server ended with {status} on SIGTERM"])
    done = cluster.cleanup()
    w.result([] if done.returncode == 0 else [f"k8c cleanup: {done.stderr}"])
    images.stop()
    w.result(leftovers(cluster.data))
    cluster.remove()


def main():
    parser = argparse.ArgumentParser(prog="./walkthrough")
    parser.add_argument("--keep", action="store_true", help="leave the cluster up and say how to reach it")
    parser.add_argument("--without-rotation", action="store_true", help="leave out the wait of ten minutes for a token's rotation and end")
    args = parser.parse_args()
    cluster = Cluster()
    work = cluster.dir
    images = Images(work)
    w = Walk(cluster)
    try:
        with_k8ctl = prepare_images(images, cluster.data)
        cluster.start(60)
        print(f"k8c is up at {cluster.url}, kubeconfig {cluster.kubeconfig}")
        step_a(w)
        first = start_watching(w, work)
        step_b(w, work)
        if with_k8ctl:
            step_k(w, work)
        step_c(w)
        step_d(w, work)
        step_e(w, work)
        step_f(w, work)
        step_g(w, work)
        step_h(w, None if args.without_rotation else first)
        if args.keep:
            print(f"\nThe cluster stays up: export KUBECONFIG={cluster.kubeconfig}\n"
                  f"To end it: kill {cluster.process.pid}; {BUILD}/k8c cleanup --data-dir {cluster.data}; "
                  f"scripts/test-registry stop {work}/registry; rm -rf {work}")
            cluster.process = None
        else:
            finish(w, images, cluster)
    except BaseException as err:
        w.failed += 1
        print(f"FAIL: {type(err).__name__}: {err}")
        if cluster.log.exists():
            print("last lines of the server's log:\n" + "\n".join(cluster.log.read_text().splitlines()[-30:]))
        if not args.keep:
            cluster.stop()
            cluster.cleanup()
            images.stop()
            cluster.remove()
    finally:
        print(f"walkthrough: {w.passed} steps passed, {w.failed} failed")
    return 1 if w.failed or not w.passed else 0


if __name__ == "__main__":
    sys.exit(main())
