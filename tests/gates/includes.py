#!/usr/bin/env python3
"""The floors gate: a source file includes only from its own room and from rooms on lower floors.

usage: includes.py [ROOT]    prints every violation; exit status 1 if there is one
"""
import pathlib
import re
import sys

FLOORS = {
    "base": 0, "codec": 1, "loop": 1, "schema": 2, "wire": 2, "net": 3, "store": 3,
    "client": 4, "access": 4, "etcd": 4, "api": 5, "control": 6, "node": 6, "ctl": 6, "cmd": 7,
}
# Rooms that see the API only as a client does, whatever floor they stand on.
CLIENT_SIDE = {
    "control": {"base", "codec", "loop", "schema", "wire", "net", "client"},
    "node": {"base", "codec", "loop", "schema", "wire", "net", "client"},
    "ctl": {"base", "codec", "loop", "wire", "net", "client"},
    # Nothing of k8c itself in the client floor: it works against any Kubernetes.
    "client": {"base", "codec", "loop", "wire", "net"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def allowed(room, target):
    if target == room:
        return True
    if room in CLIENT_SIDE:
        return target in CLIENT_SIDE[room]
    return FLOORS[target] < FLOORS[room]


def violations(root):
    src = root / "src"
    for path in sorted(src.rglob("*.[ch]")):
        room = path.relative_to(src).parts[0]
        where = path.relative_to(root)
        if room not in FLOORS:
            yield f"{where}: room {room!r} is not in the list of floors"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1).split("/")[0]
            if "/" not in match.group(1) or target not in FLOORS:
                yield f"{where}:{number}: include {match.group(1)!r} does not name a room"
            elif not allowed(room, target):
                yield f"{where}:{number}: {room} may not include {match.group(1)}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(violations(root))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
