"""The objects of the benchmark: a pod as a Deployment makes it."""


def pod(name=None, generate=None, **spec):
    meta = {"generateName": generate} if generate else {"name": name}
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    container = {"name": "app", "image": "registry.example/shop/frontend:v1.42.0", "args": ["--listen=:8080", "--log-level=info"],
                 "ports": [{"name": "http", "containerPort": 8080}], "readinessProbe": probe, "livenessProbe": probe,
                 "env": [{"name": "REGION", "value": "eu-central"}, {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                 "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}}
    # A scheduler of its own: k8c's would try to place it, which is another row's work.
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {**meta, "namespace": "bench", "labels": {"app": "frontend", "pod-template-hash": "7d4b9c6f5"}},
            "spec": {"schedulerName": "bench", "containers": [container], **spec}}


def lease(name):
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "namespace": "bench"},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40}}
