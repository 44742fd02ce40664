#!/usr/bin/env python3
"""The pods of a pod's own namespace, with the Kubernetes client for Python and what is mounted in the pod."""
import json
import pathlib
import sys

from kubernetes import client, config

config.load_incluster_config()
namespace = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text()
try:
    for pod in client.CoreV1Api().list_namespaced_pod(namespace).items:
        print(f"{pod.metadata.name:25} {pod.status.phase}")
except client.ApiException as err:
    sys.exit(f"{err.status} {err.reason}: {json.loads(err.body)['message']}")
