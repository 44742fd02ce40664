#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles validation rules: schemac_rules.py OUT.c FUNCTIONS.def OPTIONS.def RULES...; --list names what is not expressed."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from schemac_rules.compiler import Compiler  # noqa: E402
from schemac_rules.emit import tables  # noqa: E402
from schemac_rules.source import Source, SourceError  # noqa: E402


def definitions(path, macro):
    with open(path, encoding='utf-8') as f:
        return [[p.strip() for p in m.split(',')] for m in re.findall(r'^%s\((.*)\)' % macro, f.read(), re.M)]


def main(args):
    listing = '--list' in args
    out, functions, options, *files = [a for a in args if a != '--list']
    source = Source()
    try:
        for path in files:
            source.read(path, os.path.basename(path))
        c = Compiler(source, [(f[0], int(f[1]), int(f[2])) for f in definitions(functions, 'RULE_FN')],
                     [o[0] for o in definitions(options, 'RULE_OPT')])
        c.run()
    except SourceError as e:
        sys.exit('schemac_rules: %s' % e)
    if c.errors:
        sys.exit('\n'.join('schemac_rules: ' + e for e in c.errors))
    if listing:
        print('\n'.join('%s: %s' % u for u in c.unexpressed))
    with open(out, 'w', encoding='utf-8') as f:
        f.write(tables(c))
    print('schemac_rules: %d rules, %d entries, %d expressions, %d statements; %d statements not expressed' % (
        len(c.rules_out), len(c.entries_out), len(c.exprs.list), len(c.stmts), len(c.unexpressed)))


if __name__ == '__main__':
    main(sys.argv[1:])
