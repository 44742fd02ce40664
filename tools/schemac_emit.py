# SPDX-License-Identifier: Apache-2.0
"""Writes the model as C: a handful of big constant arrays that point into one another."""
import json

PROPAGATION_NONE = 'none'


def c_str(s):
    if s is None:
        return 'NULL'
    return json.dumps(s, ensure_ascii=True) if '\\u' not in json.dumps(s) else '"%s"' % ''.join('\\x%02x""' % b for b in s.encode())


class Pool:
    """Array elements handed out by position; equal runs are shared."""
    def __init__(self, ctype, name):
        self.ctype, self.name, self.rows, self.seen = ctype, name, [], {}

    def run(self, rows):
        if not rows:
            return 'NULL'
        key = tuple(rows)
        if key not in self.seen:
            self.seen[key] = len(self.rows)
            self.rows += rows
        return '%s + %d' % (self.name, self.seen[key])

    def text(self):
        rows = self.rows or ['0']
        return 'static %s %s[] = {\n%s\n};\n' % (self.ctype, self.name, '\n'.join('\t%s,' % r for r in rows))


class Emitter:
    def __init__(self, model):
        self.m = model
        self.strings = Pool('const char *const', 'str')
        self.names = Pool('const uint8_t', 'by_name')
        self.fields = Pool('const struct schema_field', 'fields')
        self.protos = Pool('const struct schema_proto', 'protos')
        self.unions = Pool('const struct schema_union', 'unions')
        self.conds = Pool('const struct schema_cond', 'conds')
        self.fills = Pool('const struct schema_default_rule', 'fills')
        self.preps = Pool('const struct schema_prep', 'preps')
        self.strategies = Pool('const struct schema_strategy', 'strategies')
        self.columns = Pool('const struct schema_column', 'columns')
        self.cells = Pool('const struct schema_cell', 'cells')
        self.labels = Pool('const struct schema_label', 'labels')
        self.subresources = Pool('const struct schema_subresource', 'subresources')
        self.calls = {'fill': set(), 'prep': set(), 'cell': set()}

    def strs(self, items):
        return self.strings.run([c_str(i) for i in items] + ['NULL']) if items else 'NULL'

    def flags(self, prefix, flags):
        return ' | '.join(prefix + f for f in sorted(flags)) or '0'

    # -- types

    def field(self, f):
        return '{ %s, types + %d, %s, %d, %s, %s, %s, %s }' % (
            c_str(f.name), f.type.index, self.flags('FIELD_', f.flags), len(f.name), c_str(f.merge_key), c_str(f.dflt),
            self.strs(f.enums), c_str(f.description))

    def cond_rows(self, conds, none_set):
        rows = []
        for op, path, value, subs in conds:
            sub_rows = self.cond_rows(subs, none_set)
            if op == 'none-set':
                value = json.dumps(none_set, separators=(',', ':'))
            rows.append('{ COND_%s, %d, %s, %s }' % (op.upper().replace('-', '_'), len(sub_rows), c_str(path), c_str(value)))
            rows += sub_rows
        return rows

    def fill(self, f, none_set):
        rows = self.cond_rows(f.conds, none_set)
        call = 'NULL'
        if f.action == 'call':
            self.calls['fill'].add(f.value)
            call = 'schema_fill_' + f.value
        action = {'merge-keys': 'MERGE_KEYS', 'first-where': 'FIRST_WHERE'}.get(f.action, f.action.upper())
        return '{ DEFAULT_%s, DEFAULT_%s, %d, %s, %s, %s, %s, %s, %s }' % (
            f.when.upper(), action, len(rows), 'true' if f.parents else 'false', c_str(f.path), self.conds.run(rows),
            'NULL' if f.action == 'call' else c_str(f.value), c_str(f.arg), call)

    def type(self, e):
        by_name = sorted(range(len(e.fields)), key=lambda i: e.fields[i].name.encode())
        protos = ['{ %d, %d, %s }' % (tag, i, 'types + %d' % inner.index if inner else 'NULL') for tag, i, inner in e.protos]
        unions = ['{ %s, %s }' % (c_str(d), self.strs(members)) for d, members in e.unions]
        return '{ %s, %s, %s, SCHEMA_%s, SPECIAL_%s, LIST_%s, %s, %d, %d, %d, %s, %s, %s, %s, %s, %s, %s, %s }' % (
            c_str(e.name), c_str(e.go), c_str(e.key), e.kind, e.special, e.list_type, self.flags('TYPE_', e.flags),
            len(e.fields), len(protos), len(e.fills),
            self.fields.run([self.field(f) for f in e.fields]), self.names.run([str(i) for i in by_name]),
            'types + %d' % e.item.index if e.item else 'NULL', self.strs(e.list_keys), self.protos.run(protos),
            self.fills.run([self.fill(f, n) for f, n in e.fills]), self.unions.run(unions + ['{ NULL, NULL }'] if unions else []), c_str(e.description))

    # -- resources

    def prep(self, p):
        when, effect, path, value = p
        call = 'NULL'
        if effect == 'call':
            self.calls['prep'].add(value)
            call, value = 'schema_prep_' + value, None
        return '{ %s, PREP_%s, %s, %s, %s }' % (' | '.join('PREP_' + w.upper() for w in when), effect.upper().replace('-', '_'),
                                                c_str(path), c_str(value), call)

    def strategy(self, r):
        has = lambda flag: 'true' if flag in r.flags else 'false'
        propagation = r.propagation if r.propagation != PROPAGATION_NONE else ''
        generation = any(effect == 'generation' for _, effect, _, _ in r.preps)
        preps = [self.prep(p) for p in r.preps]
        return self.strategies.run(['{ %s, %s, %s, %s, %s, %s, %s, %d, %s }' % (
            has('create-on-update'), has('unconditional-update'), has('graceful-delete'), has('delete-returns-object'),
            'true' if generation else 'false', c_str(propagation), self.preps.run(preps), len(preps), self.strs(r.reset))])

    def cell(self, c):
        op, path, arg = c
        call = 'NULL'
        if op == 'call':
            self.calls['cell'].add(path)
            call, path = 'schema_cell_' + path, None
        return '{ CELL_%s, %s, %s, %s }' % (op.upper(), c_str(path), c_str(arg), call)

    def verbs(self, verbs):
        return ' | '.join('VERB_' + v.upper() for v in verbs) or '0'

    def subresource(self, r, s):
        group, version, kind = r.file.group, r.file.version, s.kind
        if '/' in kind:
            group, version, kind = kind.split('/')
            group = '' if group == '-' else group
        type_ = 'NULL' if s.stream else 'types + %d' % self.m.kind_entry(s.where, group, version, kind).index
        return '{ %s, %s, %s, %s, %s, %s, %s }' % (c_str(s.name), c_str(kind), c_str(group), c_str(version), self.verbs(s.verbs),
                                                   type_, self.strategy(s))

    def resource(self, i, r):
        f = r.file
        e = self.m.kind_entry(r.where, f.group, f.version, r.kind)
        sg, sv, sr = r.storage_as or (f.group, f.version, r.name)
        subs = [self.subresource(r, s) for s in r.subresources]
        columns = ['{ %s, %s, %s, %s, %d, NULL }' % (c_str(n), c_str(t), c_str(fmt), c_str(d), p) for n, t, fmt, d, p in r.columns]
        return '{ %s }' % ', '.join([
            c_str(f.group), c_str(f.version), c_str(r.name), c_str(r.kind), c_str(r.singular), c_str(r.kind + 'List'),
            'true' if r.namespaced else 'false', 'false', self.verbs(r.verbs), self.strs(r.short), self.strs(r.categories),
            c_str(r.hash), c_str(sv), c_str(sg), c_str(sr), 'types + %d' % e.index,
            self.subresources.run(subs), str(len(subs)), self.columns.run(columns), str(len(columns)),
            self.strs([l[0] for l in r.labels]), self.strategy(r), str(i)])

    def more(self, r):
        cells = [self.cell(c) for c in r.cells]
        labels = ['{ %s, LABEL_%s, %s }' % (c_str(k), op.upper(), c_str(path)) for k, op, path in r.labels]
        return '{ %s, %d, %s, %s, %s }' % (self.cells.run(cells), len(cells), self.labels.run(labels), c_str(r.pod_spec),
                                           c_str(r.label_error))

    def text(self):
        m = self.m
        types = [self.type(e) for e in m.entries]
        resources = [self.resource(i, r) for i, r in enumerate(m.resources)]
        more = [self.more(r) for r in m.resources]
        kinds = ['{ %s, %s, %s, types + %d }' % (c_str(g), c_str(v), c_str(k), e.index) for g, v, k, e in m.kinds]
        keyed = sorted((e for e in m.entries if e.key), key=lambda e: e.key.encode())
        groups = ['{ %s, %s }' % (c_str(g), self.strs(versions)) for g, versions in m.groups.items()]
        out = ['/* Made by tools/schemac from schema/. Do not edit. */', '#include "schema/calls.h"', '#include "schema/tables.h"', '',
               'static const struct schema_type types[%d];' % len(types), '']
        for p in (self.strings, self.names, self.fields, self.protos, self.unions, self.conds, self.fills, self.preps,
                  self.strategies, self.columns, self.cells, self.labels, self.subresources):
            out.append(p.text())
        out.append('static const struct schema_type types[%d] = {\n%s\n};\n' % (len(types), '\n'.join('\t%s,' % t for t in types)))
        for ctype, name, rows in (
                ('const struct schema_resource', 'schema_tables_resources', resources),
                ('const struct schema_resource_more', 'schema_tables_more', more),
                ('const struct schema_kind_entry', 'schema_tables_kinds', kinds),
                ('const struct schema_type *const', 'schema_tables_keyed', ['types + %d' % e.index for e in keyed]),
                ('const struct schema_group', 'schema_tables_groups', groups)):
            out.append('%s %s[] = {\n%s\n};' % (ctype, name, '\n'.join('\t%s,' % r for r in rows)))
            out.append('const size_t %s_n = %d;\n' % (name, len(rows)))
        return '\n'.join(out)


def emit(model):
    return Emitter(model).text()
