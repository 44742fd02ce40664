#!/usr/bin/env python3
"""The includes gate itself: violations planted in a tree of their own have to be found, clean trees have to pass."""
import pathlib
import subprocess
import sys
import tempfile

GATE = pathlib.Path(__file__).with_name("includes.py")

# room, include line, is it allowed?
CASES = [
    ("base", '#include "base/arena.h"', True),
    ("base", '#include "codec/json.h"', False),
    ("store", '#include "base/blob.h"', True),
    ("store", '#include "access/access.h"', False),
    ("codec", '#include "loop/loop.h"', False),  # same floor, other room
    ("api", '#include "store/store.h"', True),
    ("control", '#include "client/informer.h"', True),
    ("control", '#include "store/store.h"', False),  # a floor below, but controllers are clients
    ("node", '#include "api/api.h"', False),
    ("ctl", '#include "schema/schema.h"', False),
    ("client", '#include "store/store.h"', False),
    ("net", '#include "../access/access.h"', False),
    ("net", '#include "exchange.h"', False),  # does not name its room
    ("wire", "#include <string.h>", True),
    ("cmd", '#include "node/agent.h"', True),
    ("attic", '#include "base/arena.h"', False),  # no such room
]


def run(room, line):
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root, "src", room)
        folder.mkdir(parents=True)
        (folder / "a.c").write_text("/* SPDX-License-Identifier: Apache-2.0 */\n" + line + "\n")
        done = subprocess.run([sys.executable, GATE, root], capture_output=True, text=True)
        return done.returncode, done.stdout


def main():
    wrong = 0
    for room, line, allowed in CASES:
        status, out = run(room, line)
        if (status == 0) != allowed or (not allowed and "a.c" not in out):
            wrong += 1
            print(f"{room}: {line}: exit status {status}, said {out!r}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
