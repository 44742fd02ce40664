# SPDX-License-Identifier: Apache-2.0
"""Reads one schema file into plain records. Knows the notation, not the meaning: names are resolved by schemac_model."""
import json
import re


class SchemaError(Exception):
    """Message starts with file:line."""


class File:
    def __init__(self, path):
        self.path = path
        self.group = None        # None: no API group (meta, machinery)
        self.version = None
        self.order = None
        self.types = []
        self.resources = []


class Type:
    def __init__(self, where, form, name, package):
        self.where, self.form, self.name, self.package = where, form, name, package
        self.kinds = []          # (group, version); ('*', '*') is every one
        self.atomic = False
        self.members = []        # Field, Inline, TypeMeta
        self.fills = []          # Fill
        self.unions = []         # (discriminator, members)
        self.expr = None         # of alias and message-list
        self.special = None
        self.of = None


class Field:
    def __init__(self, where, name, tag, pointer, expr):
        self.where, self.name, self.tag, self.pointer, self.expr = where, name, tag, pointer, expr
        self.attrs = {}


class Inline:
    def __init__(self, where, tag, expr):
        self.where, self.tag, self.expr = where, tag, expr


class TypeMeta:
    pass


class Fill:
    """A default rule. `action` is value, copy, merge-keys, delete, lowercase, suffixed, first-where or call."""
    def __init__(self, where, action, path='', when='always', conds=(), value=None, arg=None, parents=False):
        self.where, self.action, self.path, self.when = where, action, path, when
        self.conds, self.value, self.arg, self.parents = conds, value, arg, parents


class Resource:
    """A resource, or (with `parent`) one of its subresources."""
    def __init__(self, where, name, kind, file):
        self.where, self.name, self.kind, self.file = where, name, kind, file
        self.namespaced = self.stream = False
        self.singular, self.short, self.categories, self.verbs = name, [], [], []
        self.hash = self.storage_as = self.pod_spec = self.propagation = None
        self.flags, self.reset, self.preps, self.columns, self.cells, self.labels = set(), [], [], [], [], []
        self.label_error = 'field label not supported: <label>'
        self.subresources = []


ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
LABEL_KNOWN = '"<label>" is not a known field selector: only "metadata.name", "metadata.namespace"'
FILL_WHEN = ('unset', 'absent', 'empty', 'always')
FILL_ACTIONS = ('copy', 'merge-keys', 'delete', 'lowercase', 'suffixed', 'first-where')
COND_UNARY = ('set', 'absent', 'unset', 'nonempty')
COND_VALUED = ('eq', 'in', 'tag-eq')


class Line:
    """One logical line: depth in tabs, words, and a cursor for what is no plain words (JSON, conditions)."""
    def __init__(self, path, number, text):
        self.where = '%s:%d' % (path, number)
        stripped = text.lstrip('\t')
        self.depth = len(text) - len(stripped)
        self.text = stripped
        self.pos = 0

    def fail(self, why):
        raise SchemaError('%s: %s' % (self.where, why))

    def skip(self):
        while self.pos < len(self.text) and self.text[self.pos] == ' ':
            self.pos += 1

    def at_end(self):
        self.skip()
        return self.pos >= len(self.text)

    def word(self, what='a word'):
        """The next run without blanks; a JSON string is one word."""
        self.skip()
        if self.at_end():
            self.fail('%s is missing' % what)
        if self.text[self.pos] == '"':
            return self.json()
        m = re.compile(r'[^ "]+(?:"[^"]*"[^ "]*)*').match(self.text, self.pos)
        self.pos = m.end()
        return m.group()

    def peek(self):
        pos = self.pos
        w = None if self.at_end() else self.word()
        self.pos = pos
        return w

    def accept(self, text):
        self.skip()
        if self.text.startswith(text, self.pos):
            self.pos += len(text)
            return True
        return False

    def json(self):
        self.skip()
        try:
            value, end = json.JSONDecoder().raw_decode(self.text, self.pos)
        except json.JSONDecodeError as e:
            self.fail('bad JSON: %s' % e)
        self.pos = end
        return value

    def words(self):
        out = []
        while not self.at_end():
            out.append(self.word())
        return out

    def done(self):
        if not self.at_end():
            self.fail('unexpected "%s"' % self.text[self.pos:])


def lines_of(path):
    with open(path, encoding='utf-8') as f:
        for number, text in enumerate(f, 1):
            text = text.rstrip('\n').rstrip()
            if text.strip() and not text.lstrip('\t').startswith('#'):
                yield Line(path, number, text)


def parse_file(path):
    file = File(path)
    package = None
    block = sub = None
    for line in lines_of(path):
        if line.depth == 2:
            if not isinstance(sub, Resource):
                line.fail('indented too far')
            resource_line(line, sub)
        elif line.depth == 1:
            if isinstance(block, Resource):
                sub = resource_line(line, block)
            elif isinstance(block, Type):
                type_line(line, block)
            else:
                line.fail('belongs to nothing')
        else:
            block = sub = None
            key = line.word()
            if key == 'group':
                file.group, file.version = no_dash(line.word()), line.word()
            elif key == 'order':
                file.order = int(line.word())
            elif key == 'package':
                package = (line.word('alias'), line.word('Go package'), line.word('key prefix'))
            elif key == 'resource':
                block = resource_head(line, file)
            elif key in ('type', 'alias', 'special', 'message-list'):
                block = type_head(line, key, package, file)
            else:
                line.fail('unknown keyword "%s"' % key)
            line.done()
    return file


def no_dash(w):
    return '' if w == '-' else w


def type_head(line, form, package, file):
    if package is None:
        line.fail('no package yet')
    t = Type(line.where, form, line.word('name'), package)
    if form in ('alias', 'message-list'):
        t.expr = line.word('type')
    elif form == 'special':
        t.special = line.word('encoding')
        if line.accept('of '):
            t.of = line.word()
    else:
        for w in line.words():
            if w == 'atomic':
                t.atomic = True
            elif w == 'kind':
                t.kinds.append((file.group, file.version))
            elif w == 'kind=*':
                t.kinds.append(('*', '*'))
            elif w.startswith('kind='):
                group, version = w[5:].split('/')
                t.kinds.append((no_dash(group), version))
            else:
                line.fail('unknown word "%s"' % w)
    file.types.append(t)
    return t


def type_line(line, t):
    if line.text.startswith('%'):
        type_directive(line, t)
    elif t.form != 'type':
        line.fail('only types have members')
    else:
        name = line.word()
        tag = line.word('tag')
        pointer = line.accept('*')
        f = Field(line.where, name, None if tag == '-' else int(tag), pointer, line.word('type'))
        while not line.at_end():
            attribute(line, f)
        t.members.append(f)


def attribute(line, f):
    line.skip()
    m = re.compile(r'([a-z]+)(=?)').match(line.text, line.pos)
    if not m:
        line.fail('bad attribute')
    line.pos = m.end()
    name = m.group(1)
    if not m.group(2):
        f.attrs[name] = True
    elif name == 'default':
        f.attrs[name] = None if line.accept('none') else json.dumps(line.json(), separators=(',', ':'))
    elif name == 'enum' and line.text.startswith('[', line.pos):
        f.attrs[name] = line.json()
    elif name == 'enum':
        m = re.compile(r'\S+').match(line.text, line.pos)
        line.pos = m.end()
        f.attrs[name] = ['' if v == '""' else v for v in m.group().split('|')]
    else:
        f.attrs[name] = line.word()


def type_directive(line, t):
    key = line.word()
    if key == '%typemeta':
        t.members.append(TypeMeta())
    elif key == '%inline':
        t.members.append(Inline(line.where, int(line.word('tag')), line.word('type')))
    elif key == '%union':
        t.unions.append((line.word('discriminator'), line.words()))
    elif key == '%call':
        t.fills.append(Fill(line.where, 'call', value=line.word('name')))
    elif key in ('%fill', '%fill-parents'):
        t.fills.append(fill(line, key == '%fill-parents'))
    else:
        line.fail('unknown directive "%s"' % key)
    line.done()


def fill(line, parents):
    path, when, conds = line.word('path'), line.word('when'), []
    if when not in FILL_WHEN:
        line.fail('"%s" is none of %s' % (when, ', '.join(FILL_WHEN)))
    if line.accept('if '):
        conds.append(condition(line))
        while line.accept('and '):
            conds.append(condition(line))
    f = Fill(line.where, 'value', path, when, conds, parents=parents)
    if line.accept('= '):
        f.value = json.dumps(line.json(), separators=(',', ':'))
        return f
    f.action = line.word('action')
    if f.action not in FILL_ACTIONS:
        line.fail('unknown action "%s"' % f.action)
    if f.action != 'delete':
        f.value = line.word('path')
    if f.action == 'suffixed':
        f.arg = line.json()
    return f


def condition(line):
    """(op, path, JSON text or None, sub-conditions)"""
    for op in ('any', 'all'):
        if line.accept(op + '('):
            subs = [condition(line)]
            while line.accept(','):
                subs.append(condition(line))
            if not line.accept(')'):
                line.fail('")" is missing')
            return (op, '', None, subs)
    if line.accept('none-set '):
        return ('none-set', '', line.word('type'), [])
    path = line.word('path')
    line.skip()
    m = re.compile(r'[a-z-]+').match(line.text, line.pos)   # not a word: a ")" may follow
    op = m.group() if m else ''
    line.pos += len(op)
    if op in COND_UNARY:
        return (op, path, None, [])
    if op in COND_VALUED:
        return (op, path, json.dumps(line.json(), separators=(',', ':')), [])
    line.fail('unknown operator "%s"' % op)


def resource_head(line, file):
    r = Resource(line.where, line.word('resource'), line.word('kind'), file)
    for w in line.words():
        if w != 'namespaced':
            line.fail('unknown word "%s"' % w)
        r.namespaced = True
    file.resources.append(r)
    return r


def verbs(line, words):
    for w in words:
        if w not in ALL_VERBS:
            line.fail('unknown verb "%s"' % w)
    return words


def resource_line(line, r):
    """Returns the block that deeper lines belong to."""
    key = line.word()
    handler = RESOURCE_KEYS.get(key)
    if not handler:
        line.fail('unknown keyword "%s"' % key)
    sub = handler(line, r)
    line.done()
    return sub


def set_words(attr):
    def handler(line, r):
        setattr(r, attr, line.words())
    return handler


def set_word(attr):
    def handler(line, r):
        setattr(r, attr, line.word())
    return handler


def key_verbs(line, r):
    words = line.words()
    r.verbs = ALL_VERBS if words == ['all'] else verbs(line, words)


def key_storage(line, r):
    r.hash = line.word('hash')
    if line.accept('as '):
        group, version, resource = line.word('group/version/resource').split('/')
        r.storage_as = (no_dash(group), version, resource)


def key_strategy(line, r):
    known = ('create-on-update', 'unconditional-update', 'graceful-delete', 'delete-returns-object')
    for w in line.words():
        if w not in known:
            line.fail('unknown word "%s"' % w)
        r.flags.add(w)


def key_on(line, r):
    when = line.word().split(',')
    effect = line.word('effect')
    path = value = None
    if effect == 'call':
        value = line.word('name')
    elif effect == 'keep-all-but':
        value = line.word('paths')
    elif effect in ('keep', 'remove'):
        path = line.word('path')
    elif effect in ('set', 'append'):
        path, value = line.word('path'), json.dumps(line.json(), separators=(',', ':'))
    else:
        line.fail('unknown effect "%s"' % effect)
    if not set(when) <= {'create', 'update'}:
        line.fail('bad "on"')
    r.preps.append((when, effect, path, value))


def key_generation(line, r):
    first = line.word()
    if first != '-':
        r.preps.append((['create'], 'generation', None, str(int(first))))
    for path in line.words():
        r.preps.append((['update'], 'bump', path, None))


def key_column(line, r):
    name, type_, fmt, priority = line.word('name'), line.word('type'), no_dash(line.word('format')), int(line.word('priority'))
    description = line.json() if not line.at_end() and line.peek() != ':' else ''
    if not line.accept(': '):
        line.fail('":" is missing')
    r.columns.append((name, type_, fmt, description, priority))
    key_cell(line, r)


def key_cell(line, r):
    op = line.word('cell')
    r.cells.append((op, line.word('path'), line.word() if not line.at_end() else None))


def key_select(line, r):
    key = line.word()
    r.labels.append((key, line.word(), line.word('path')) if not line.at_end() else (key, 'string', key))


def key_select_error(line, r):
    r.label_error = LABEL_KNOWN if line.accept('known') else line.json()


def key_subresource(line, r):
    s = Resource(line.where, line.word('name'), line.word('kind'), r.file)
    words = line.words()
    if 'stream' in words:
        words.remove('stream')
        s.stream = True
    s.verbs = verbs(line, words)
    r.subresources.append(s)
    return s


RESOURCE_KEYS = {
    'singular': set_word('singular'), 'short': set_words('short'), 'categories': set_words('categories'),
    'propagation': set_word('propagation'), 'pod-spec': set_word('pod_spec'), 'reset': set_words('reset'),
    'verbs': key_verbs, 'storage': key_storage, 'strategy': key_strategy, 'on': key_on, 'generation': key_generation,
    'column': key_column, 'cell': key_cell, 'select': key_select, 'select-error': key_select_error,
    'subresource': key_subresource,
}
