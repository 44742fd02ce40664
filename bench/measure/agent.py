"""Rows that need root: the node agent's memory, and the time from create to Ready with the image on the machine."""
import io
import json
import hashlib
import pathlib
import shutil
import statistics
import tarfile
import time

from . import server as srv

IMAGE = "bench.local/pause:v1"


def image_tar(path):
    """A docker-archive of one layer with a static busybox."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(pathlib.Path(shutil.which("busybox")).resolve(), "bin/busybox")
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/busybox", "sleep", "3600"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, data in (("config.json", config), ("layer.tar", layer.getvalue()), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def create_to_ready(server, name):
    pods = "/api/v1/namespaces/default/pods"
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": IMAGE, "imagePullPolicy": "Never"}]}}
    began = time.monotonic()
    server.must("POST", pods, body)
    while time.monotonic() - began < 45:
        conditions = server.must("GET", f"{pods}/{name}")["status"].get("conditions", [])
        if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            return time.monotonic() - began
        time.sleep(0.002)
    raise RuntimeError(f"pod {name} was not Ready in 45 s")


def node_ready(server):
    for _ in range(1500):
        items = server.must("GET", "/api/v1/nodes")["items"]
        if items and any(c["type"] == "Ready" and c["status"] == "True" for c in items[0]["status"].get("conditions", [])):
            if server.call("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200:
                return
        time.sleep(0.03)
    raise RuntimeError("the node was not Ready in 45 s")


def measure(out, pods):
    """Puts its figures into `out` as it goes."""
    probe = srv.Server()
    (probe.data / "images").mkdir(parents=True)
    image_tar(probe.data / "images" / "pause.tar")
    with probe as server:
        node_ready(server)
        time.sleep(2)
        idle = srv.memory(server.pids)
        out["agent_rss"], out["agent_pss"] = idle["Rss"], idle["Pss"]
        create_to_ready(server, "first")
        took = [create_to_ready(server, f"p{i}") for i in range(pods)]
        out["ready_p50"], out["ready_max"] = statistics.median(took), max(took)
        out["agent_per_pod"] = (srv.memory(server.pids)["Pss"] - idle["Pss"]) / (pods + 1)
        for name in ["first", *(f"p{i}" for i in range(pods))]:
            server.call("DELETE", f"/api/v1/namespaces/default/pods/{name}", headers={"Content-Type": "application/json"})
        time.sleep(1)
