#!/usr/bin/env python3
"""Words gate: every source starts with its licence line; number parsing, clocks, randomness and unbounded string calls are
base's alone; libraries neither print nor exit."""
import pathlib
import re
import sys

EVERYWHERE = {
    r"\b(atoi|atol|atoll|sprintf|vsprintf|strcpy|strcat|gets|strtok)\s*\(": "use base/slice.h, base/buf.h",
    r"\b(rand|random|srand|drand48)\s*\(\s*\)": "use base/env.h",
    r"\bsystem\s*\(": "spawn with an argument vector",
}
ABOVE_BASE = {r"\b(clock_gettime|gettimeofday|getrandom)\s*\(": "use base/env.h"}
LIBRARIES = {"base", "codec", "loop", "schema", "wire", "net", "store", "client", "access"}
IN_LIBRARIES = {r"(?<![\w.>])(exit|abort|printf|puts|perror)\s*\(": "libraries never print or exit"}
# base/log.c is the one place that writes to stderr.


def rules(room):
    yield from EVERYWHERE.items()
    if room != "base":
        yield from ABOVE_BASE.items()
    if room in LIBRARIES:
        yield from IN_LIBRARIES.items()


def strip(text):
    """Comments and string literals blanked, lines kept."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    bad = 0
    for path in sorted((root / "src").rglob("*.[ch]")):
        room = path.relative_to(root / "src").parts[0]
        text = path.read_text()
        if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */"):
            bad += 1
            print(f"{path.relative_to(root)}: no licence line")
        for number, line in enumerate(strip(text).splitlines(), 1):
            for pattern, advice in rules(room):
                match = re.search(pattern, line)
                if match:
                    bad += 1
                    print(f"{path.relative_to(root)}:{number}: {match.group(0)}: {advice}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
