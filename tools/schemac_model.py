# SPDX-License-Identifier: Apache-2.0
"""Resolves names, flattens inlined structs, and gives every type (unnamed lists and maps, too) its place in one table."""
import re

from schemac_parse import Field, Inline, SchemaError, TypeMeta

PRIMITIVES = {  # expression: (kind, Go's name of it)
    'string': ('STRING', 'string'), 'bool': ('BOOL', 'bool'), 'int32': ('INT32', 'int32'), 'int64': ('INT64', 'int64'),
    'double': ('DOUBLE', 'float64'), 'bytes': ('BYTES', '[]uint8'), 'any': ('SPECIAL', 'interface {}'),
}
SPECIALS = {
    'any': 'ANY', 'quantity': 'QUANTITY', 'time': 'TIME', 'micro-time': 'MICRO_TIME', 'int-or-string': 'INT_OR_STRING',
    'schema-or-array': 'SCHEMA_OR_ARRAY', 'schema-or-bool': 'SCHEMA_OR_BOOL',
    'schema-or-string-array': 'SCHEMA_OR_STRING_ARRAY',
}
ZERO_DEFAULTS = {'STRING': '""', 'INT32': '0', 'INT64': '0', 'DOUBLE': '0', 'BOOL': 'false'}
FIELDS_MAX = 255


class Entry:
    """One struct schema_type."""
    def __init__(self, kind, name='', go='', key=None):
        self.kind, self.name, self.go, self.key = kind, name, go, key
        self.special = 'NONE'
        self.list_type, self.list_keys = 'UNSET', []
        self.flags = set()
        self.fields = []          # OutField, JSON order, flattened
        self.protos = []          # (tag, field index or -1, inlined Entry or None)
        self.fills = []
        self.unions = []
        self.item = None
        self.description = None
        self.index = -1


class OutField:
    def __init__(self, name, type_, flags, merge_key=None, dflt=None, enums=None):
        self.name, self.type, self.flags, self.merge_key, self.dflt, self.enums = name, type_, flags, merge_key, dflt, enums
        self.description = None


class Model:
    def __init__(self, files):
        self.files = files
        self.entries = []
        self.interned = {}
        self.named = {}           # (package alias, name): Type
        self.packages = {}        # alias: package
        self.by_type = {}         # Type: Entry
        self.kinds = []           # (group, version, kind, Entry)
        for f in files:
            for t in f.types:
                self.declare(t)
        for f in files:
            for t in f.types:
                self.entry_of(t)
        for f in files:
            for t in f.types:
                self.complete(t)
        self.mark_defaults()
        self.resources = [r for f in sorted((f for f in files if f.order), key=lambda f: f.order) for r in f.resources]
        self.kind_index = {(g, v, k): e for g, v, k, e in self.kinds}
        self.groups = {}
        for r in self.resources:
            versions = self.groups.setdefault(r.file.group, [])
            if r.file.version not in versions:
                versions.append(r.file.version)
        for i, e in enumerate(self.entries):
            e.index = i

    def declare(self, t):
        alias = t.package[0]
        if (alias, t.name) in self.named:
            raise SchemaError('%s: %s.%s exists twice' % (t.where, alias, t.name))
        self.named[alias, t.name] = t
        self.packages[alias] = t.package

    def lookup(self, where, expr, alias):
        pkg, _, name = expr.rpartition('.')
        t = self.named.get((pkg or alias, name))
        if t is None:
            raise SchemaError('%s: no type %s.%s' % (where, pkg or alias, name))
        return t

    def entry_of(self, t):
        """The entry of a named type, made on first use; members follow in complete()."""
        if t in self.by_type:
            return self.by_type[t]
        alias, go_pkg, prefix = t.package
        e = Entry('OBJECT', t.name, '%s.%s' % (go_pkg, t.name), '%s.%s' % (prefix, t.name))
        self.by_type[t] = e
        self.entries.append(e)
        if t.form in ('alias', 'message-list'):
            base = self.resolve(t.where, t.expr, alias)
            e.kind, e.special, e.item = base.kind, base.special, base.item
            if t.form == 'message-list':
                e.flags.add('MESSAGE_LIST')
        elif t.form == 'special':
            e.kind, e.special = 'SPECIAL', SPECIALS[t.special]
            if t.of:
                e.item = self.entry_of(self.lookup(t.where, t.of, alias))
        if t.atomic:
            e.flags.add('ATOMIC')
        for group, version in t.kinds:
            self.kinds.append((group, version, t.name, e))
        return e

    def resolve(self, where, expr, alias, list_type='UNSET', list_keys=()):
        if expr in PRIMITIVES:
            kind, go = PRIMITIVES[expr]
            return self.intern((expr,), lambda: Entry(kind, go, go), special='ANY' if expr == 'any' else 'NONE')
        if expr.startswith('[]'):
            item = self.resolve(where, expr[2:], alias)
            return self.intern(('[]', id(item), list_type, tuple(list_keys)),
                               lambda: Entry('LIST', '', '[]' + item.go), item=item, list_type=list_type, list_keys=list(list_keys))
        m = re.match(r'map\[([^\]]+)\](.+)$', expr)
        if m:
            key = self.resolve(where, m.group(1), alias)
            item = self.resolve(where, m.group(2), alias)
            if key.kind != 'STRING':
                raise SchemaError('%s: map keys are strings' % where)
            return self.intern(('map', key.go, id(item)), lambda: Entry('MAP', '', 'map[%s]%s' % (key.go, item.go)), item=item)
        return self.entry_of(self.lookup(where, expr, alias))

    def intern(self, key, make, **attrs):
        e = self.interned.get(key)
        if e is None:
            e = make()
            for name, value in attrs.items():
                setattr(e, name, value)
            self.interned[key] = e
            self.entries.append(e)
        return e

    def complete(self, t):
        e = self.by_type[t]
        if getattr(e, 'complete', False):
            return
        e.complete = True
        for m in t.members:
            self.member(t, e, m)
        e.fills += [(f, self.none_set_names(t, f)) for f in t.fills]
        e.unions = t.unions
        e.protos.sort(key=lambda p: p[0])
        names = [f.name for f in e.fields]
        if len(set(names)) != len(names) or len(names) > FIELDS_MAX:
            raise SchemaError('%s: members of %s clash or are too many' % (t.where, t.name))

    def member(self, t, e, m):
        if isinstance(m, TypeMeta):
            string = self.resolve('', 'string', t.package[0])
            for name in ('kind', 'apiVersion'):
                e.fields.append(OutField(name, string, {'OMITEMPTY', 'TYPE_META'}))
        elif isinstance(m, Inline):
            it = self.lookup(m.where, m.expr, t.package[0])
            self.complete(it)
            inner = self.by_type[it]
            e.protos.append((m.tag, -1, inner))
            e.fields += inner.fields
            e.fills += inner.fills
        else:
            if m.tag is not None:
                e.protos.append((m.tag, len(e.fields), None))
            e.fields.append(self.field(t, m))

    def field(self, t, m):
        a = dict(m.attrs)
        flags = set()
        list_type, keys = 'UNSET', []
        lt = a.pop('list', None)
        is_list = m.expr.startswith('[]')
        if lt and not is_list:
            flags.add('LIST_ATOMIC')
        elif lt and lt.startswith('map('):
            list_type, keys = 'MAP', lt[4:-1].split(',')
        elif lt:
            list_type = lt.upper()
        type_ = self.resolve(m.where, m.expr, t.package[0], list_type, keys)
        if m.pointer:
            flags.add('POINTER')
        if not a.pop('always', False):
            flags.add('OMITEMPTY')
        for name, flag in (('omitzero', 'OMITZERO'), ('required', 'REQUIRED')):
            if a.pop(name, False):
                flags.add(flag)
        mt = a.pop('map', None)
        if mt:
            flags.add({'atomic': 'ATOMIC', 'granular': 'GRANULAR'}[mt])
        merge_key = None
        for p in (a.pop('patch', None) or '').split('+'):
            if p.startswith('merge('):
                merge_key, p = p[6:-1], 'merge'
            if p:
                flags.add({'merge': 'MERGE', 'replace': 'REPLACE', 'retainKeys': 'RETAIN_KEYS'}[p])
        dflt = a.pop('default') if 'default' in a else self.derived_default(type_, flags)
        enums = a.pop('enum', None)
        if a:
            raise SchemaError('%s: unknown attribute %s' % (m.where, ', '.join(a)))
        return OutField(m.name, type_, flags, merge_key, dflt, enums)

    @staticmethod
    def derived_default(type_, flags):
        """OpenAPI publishes the zero value of members that are no pointers."""
        if 'POINTER' in flags:
            return None
        if type_.kind == 'OBJECT':
            return '{}'
        return None if 'OMITEMPTY' in flags else ZERO_DEFAULTS.get(type_.kind)

    def none_set_names(self, t, f):
        """Member names of the type a none-set condition names."""
        for op, _, value, _ in f.conds:
            if op == 'none-set':
                it = self.lookup(f.where, value, t.package[0])
                self.complete(it)
                return [x.name for x in self.by_type[it].fields]
        return None

    def mark_defaults(self):
        for e in self.entries:
            if e.fills:
                e.flags.add('HAS_DEFAULTS')
        changed = True
        while changed:
            changed = False
            for e in self.entries:
                below = [f.type for f in e.fields] + ([e.item] if e.item else [])
                if 'HAS_DEFAULTS' not in e.flags and any('HAS_DEFAULTS' in b.flags for b in below):
                    e.flags.add('HAS_DEFAULTS')
                    changed = True

    def kind_entry(self, where, group, version, kind):
        e = self.kind_index.get((group, version, kind))
        if e is None:
            raise SchemaError('%s: no kind %s in %s/%s' % (where, kind, group, version))
        return e
