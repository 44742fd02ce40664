#!/usr/bin/env python3
"""Replays the recorded answers of a real Kubernetes v1.34.9 (../shared/golden, where it is present) against a server of its own,
run with the settings of the recording.

usage: run.py [--datastore none|sqlite|etcd] [--all] [--only GLOB ...] [replay's options]
Without --datastore nothing is durable. Without --all or --only, the scenarios listed in scenarios.txt, all of which have to pass, are run.

The server keeps a short history, and the first part of it is pushed out before: some steps are about what is long gone.
One difference is deliberate and not counted: the descriptions of Table columns and of OpenAPI types are k8c's own words.
"""
import contextlib
import http.client
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import pki  # noqa: E402
from cluster import ROOT, Cluster  # noqa: E402
from etcd import Etcd  # noqa: E402

OWN_WORDS = re.compile(r"\.description:?$|\[\"description\"\]:?$")
WORDS_IN_TEXT = re.compile(r'"description": "(?:[^"\\]|\\.)*"')
WORDS_IN_YAML = re.compile(r"^- description: .*?\n  format:", re.M | re.S)
ADDRESS, REMEMBERED = "172.20.30.40", 4000
REPLAY = pathlib.Path(os.environ.get("K8C_SHARED", ROOT.parent / "shared")) / "golden/replay"


def run_replay(argv):
    """The replay tool in a process of its own (see the end of this file), with our own words left out of the comparison."""
    sys.path.insert(0, str(REPLAY.parent))
    import goldenlib
    compare = goldenlib.compare

    def wordless(answer):
        """A body that is compared as text has the words inside."""
        if not isinstance(answer.get("text"), str):
            return answer
        return {**answer, "text": WORDS_IN_YAML.sub("- format:", WORDS_IN_TEXT.sub('"description": ""', answer["text"]))}

    def without_words(step, want, got, *rest):
        return [d for d in compare(step, wordless(want), wordless(got), *rest) if not OWN_WORDS.search(d.split(" expected ")[0])]

    goldenlib.compare = without_words
    loader = importlib.machinery.SourceFileLoader("replay", str(REPLAY))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("replay", loader))
    sys.argv = [str(REPLAY), *argv]
    loader.exec_module(module)
    return module.main()


def forget_the_beginning(address, keys):
    """More changes than the server remembers, so that revision 1 is gone as it is from a cluster that has run for minutes."""
    tls = ssl.create_default_context(cafile=str(keys / "ca.crt"))
    tls.load_cert_chain(str(keys / "admin.crt"), str(keys / "admin.key"))
    connection = http.client.HTTPSConnection(address, context=tls, timeout=60)

    def ask(method, path, body=None):
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    path = "/api/v1/namespaces/default/configmaps"
    status = ask("POST", path, {"metadata": {"name": "clock"}})
    for tick in range(REMEMBERED):
        status = max(status, ask("PUT", f"{path}/clock", {"metadata": {"name": "clock"}, "data": {"tick": str(tick)}}))
    status = max(status, ask("DELETE", f"{path}/clock"))
    connection.close()
    if status >= 300:
        raise RuntimeError(f"history cannot be made: a write was answered {status}")


def main():
    if sys.argv[1:2] == ["--replay"]:
        return run_replay(sys.argv[2:])
    args = sys.argv[1:]
    if not REPLAY.exists():
        print("skip: the recordings are not beside this checkout")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    if "--all" in args:
        args.remove("--all")
    elif "--only" not in args:
        names = (pathlib.Path(__file__).with_name("scenarios.txt")).read_text().split()
        args += [word for name in names for word in ("--only", name)]
    datastore = args[args.index("--datastore") + 1] if "--datastore" in args else "none"
    if datastore != "none":
        del args[args.index("--datastore"):args.index("--datastore") + 2]
    with contextlib.ExitStack() as stack:
        store = {"none": lambda: ["--ephemeral"], "sqlite": lambda: [], "etcd": lambda: stack.enter_context(Etcd()).flags}[datastore]()
        return replay(store, args)


def replay(store, args):
    # The recordings know some addresses as constants, which the machine's own may be one of.
    cluster = Cluster(*store, "--no-agent", "--service-cidr", "10.96.0.0/16", "--listen", "0.0.0.0:0", "--advertise-address", ADDRESS,
                      "--history-events", str(REMEMBERED))
    keys = pki.make(cluster.data)
    try:
        cluster.start()
        url = cluster.url.replace(ADDRESS, "127.0.0.1")
        forget_the_beginning(url.removeprefix("https://"), keys)
        done = subprocess.run([sys.executable, "-B", __file__, "--replay", "--server", url, "--ca", keys / "ca.crt", "--cert", keys / "admin.crt",
                               "--key", keys / "admin.key", "--ca-key", keys / "ca.key", "--sa-key", keys / "sa.key", "-j", "4", *args],
                              capture_output=True, text=True)
        status = cluster.stop()
        print(done.stdout + done.stderr, end="")
        skipped = re.search(r"^(\d+) skipped$", done.stdout, re.M)
        counts = re.findall(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
        passed, failed = map(int, counts[-1]) if counts else (0, 1)
        if status != 0:
            print(f"FAIL: the server ended with {status}\n" + "\n".join(cluster.log.read_text().splitlines()[-20:]))
            failed += 1
        print(f"{passed} passed, {failed} failed" + (f", {skipped.group(1)} skipped" if skipped else ""))
        return 1 if failed else 0
    finally:
        cluster.stop()
        cluster.remove()


if __name__ == "__main__":
    sys.exit(main())
