# SPDX-License-Identifier: Apache-2.0
"""Writes the tables as C."""
from .regex import compile_dfa


def c_string(s):
    out = ''
    for b in s.encode():
        ch = chr(b)
        if ch in '"\\':
            out += '\\' + ch
        elif 32 <= b < 127 and ch != '?':
            out += ch
        else:
            out += '\\%03o' % b
    return '"' + out + '"'


def fits(what, n, limit=0xffff):
    if n > limit:
        raise SystemExit('schemac_rules: %d %s do not fit' % (n, what))


def rows(out, ctype, name, items):
    out.append('static const %s %s[] = {' % (ctype, name))
    out.extend('\t%s,' % i for i in (items or ['{ 0 }']))
    out.append('};')


def tables(c):
    out = ['/* Made by tools/schemac_rules.py from schema/rules. */', '#include "schema/validate/rule_table.h"', '']
    for what, n in (('strings', len(c.strings.list)), ('expressions', len(c.exprs.list)), ('arguments', len(c.args)),
                    ('statements', len(c.stmts)), ('templates', len(c.templates.list)), ('paths', len(c.paths.list))):
        fits(what, n)
    rows(out, 'struct slice', 'strings', ['{ %s, %d }' % (c_string(s), len(s.encode())) for s in c.strings.list])
    rows(out, 'int64_t', 'ints', ['INT64_C(%d)' % i for i in c.ints.list])
    rows(out, 'struct rule_expr', 'exprs', ['{ RULE_%s, %d, %d, %d }' % e[:4] for e in c.exprs.list])
    rows(out, 'uint16_t', 'args', c.args)
    parts, tmpl = [], []
    for t in c.templates.list:
        tmpl.append('{ %d, %d }' % (len(parts), len(t)))
        parts.extend('{ %d, %d }' % p for p in t)
    rows(out, 'struct rule_part', 'parts', parts)
    rows(out, 'struct rule_range', 'templates', tmpl)
    segs, paths = [], []
    for absolute, p in c.paths.list:
        fits('path segments', len(p), 12)
        paths.append('{ %d, %d, %d }' % (len(segs), len(p), absolute))
        segs.extend('{ RULE_SEG_%s, %d }' % s for s in p)
    rows(out, 'struct rule_segment', 'segments', segs)
    rows(out, 'struct rule_path', 'paths', paths)
    rows(out, 'struct rule_stmt', 'stmts', [
        '{ .op = RULE_ST_%s, .kind = %d, .hint = %s, .n = %d, .skip = %d, .expr = %d, .slot = %d, .path = %d, .msg = %d, .ref = %d }' %
        (s['op'], s.get('kind', 0), s.get('hint', '0'), int(s.get('n', 0)), s.get('skip', 0), s.get('expr', 0), s.get('slot', 0),
         s.get('path', 0), s.get('args', s.get('msg', 0)), s.get('rule', s.get('shape', 0))) for s in c.stmts])
    rows(out, 'struct rule', 'rules', ['{ %d, %d, %d, %s }' % (r['first'], r['end'], r['slots'], c_string(r['name'])) for r in c.rules_out])
    rows(out, 'struct rule_entry', 'entries', ['{ %s, %s, %s, %s, { %d, %d, %d, %s } }' % (
        c_string(e['group']), c_string(e['resource']), c_string(e['sub']), 'RULE_ON_' + e['op'].upper(),
        e['first'], e['end'], e['slots'], c_string('entry')) for e in c.entries_out])
    dfas(out, c)
    out.append('const struct rule_tables rule_tables = {')
    for name in 'strings ints exprs args parts templates segments paths stmts rules regexes'.split():
        out.append('\t.%s = %s,' % (name, name))
    out.append('\t.entries = entries,\n\t.n_entries = %d,\n\t.n_rules = %d,\n\t.n_unexpressed = %d,\n};' % (
        len(c.entries_out), len(c.rules_out), len(c.unexpressed)))
    return '\n'.join(out) + '\n'


def dfas(out, c):
    items = []
    for i, text in enumerate(c.regexes.list):
        klass, states, accept, sticky = compile_dfa(text)
        width = len(states[0])
        out.append('static const uint8_t dfa_class_%d[256] = { %s };' % (i, ','.join(map(str, klass))))
        out.append('static const uint8_t dfa_next_%d[] = { %s };' % (i, ','.join(str(x) for r in states for x in r)))
        out.append('static const uint8_t dfa_accept_%d[] = { %s };' % (i, ','.join('1' if a else '0' for a in accept)))
        items.append('{ dfa_class_%d, dfa_next_%d, dfa_accept_%d, %d, %d }' % (i, i, i, width, 1 if sticky else 0))
    rows(out, 'struct rule_regex', 'regexes', items or ['{ 0 }'])
