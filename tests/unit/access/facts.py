#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The compiled bootstrap policy (argument) against the objects a Kubernetes v1.34 server starts with (facts/rbac-bootstrap beside
the project's folder, when it is there)."""
import glob
import json
import os
import re
import sys

import yaml

FACTS = os.path.join(sys.argv[2], "..", "shared", "facts", "rbac-bootstrap")
SKIP = 77


def key(o):
    return o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]


def main():
    if not os.path.isdir(FACTS):
        print("skipped: no facts/rbac-bootstrap")
        return SKIP
    ours = {}
    with open(sys.argv[1], encoding="utf-8") as f:
        for text in re.findall(r'SLICE_LIT\("(\{.*\})"\) \},', f.read()):
            o = json.loads(text.replace('\\"', '"').replace("\\\\", "\\"))
            ours[key(o)] = o
    theirs = {}
    for path in sorted(glob.glob(os.path.join(FACTS, "*.yaml"))):
        if "featuregates" in path:
            continue
        with open(path, encoding="utf-8") as f:
            for o in yaml.safe_load(f)["items"]:
                theirs[key(o)] = o
    bad = [k for k in sorted(set(ours) | set(theirs)) if ours.get(k) != theirs.get(k)]
    for k in bad:
        print("%s %s/%s differs\n  ours   %s\n  theirs %s" % (*k, ours.get(k), theirs.get(k)))
    print("%d objects, %d differ" % (len(theirs), len(bad)))
    return 1 if bad or not theirs else 0


sys.exit(main())
