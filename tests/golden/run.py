#!/usr/bin/env python3
"""Replays the recorded answers of a real Kubernetes v1.34.9 (../shared/golden, where it is present) against a server of its own,
run with the settings of the recording.

usage: run.py [--all] [--only GLOB ...] [replay's options]
Without --all or --only, the scenarios listed in scenarios.txt, all of which have to pass, are run.
"""
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import pki  # noqa: E402
from cluster import ROOT, Cluster  # noqa: E402

REPLAY = pathlib.Path(os.environ.get("K8C_SHARED", ROOT.parent / "shared")) / "golden/replay"


def main():
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
    cluster = Cluster("--ephemeral", "--no-agent", "--service-cidr", "10.96.0.0/16", "--listen", "127.0.0.1:0")
    keys = pki.make(cluster.data)
    try:
        cluster.start()
        done = subprocess.run([sys.executable, "-B", REPLAY, "--server", cluster.url, "--ca", keys / "ca.crt", "--cert", keys / "admin.crt",
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
