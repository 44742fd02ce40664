#!/usr/bin/env python3
"""Size gate: no source file over 900 lines, no function over 120 lines. The list of exceptions is empty and stays so."""
import pathlib
import re
import sys

FILE_MAX = 900
FUNCTION_MAX = 120
HEAD = re.compile(r"^[A-Za-z_].*\)\s*\{\s*$|^[A-Za-z_][^;=]*\)\s*$")


def functions(lines):
    """(name line, length) of every function: a line in column 0 that ends in `) {`, up to the `}` in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line and not line[0].isspace() and line.rstrip().endswith("{") and "(" in line and "=" not in line.split("(")[0]:
            start = number
        elif start is not None and line.startswith("}"):
            yield start, number - start + 1
            start = None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    bad = 0
    for folder in ("src", "include", "tests", "bench"):
        for path in sorted((root / folder).rglob("*.[ch]")):
            lines = path.read_text().splitlines()
            if len(lines) > FILE_MAX:
                bad += 1
                print(f"{path.relative_to(root)}: {len(lines)} lines, at most {FILE_MAX}")
            for start, length in functions(lines):
                if length > FUNCTION_MAX:
                    bad += 1
                    print(f"{path.relative_to(root)}:{start}: a function of {length} lines, at most {FUNCTION_MAX}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
