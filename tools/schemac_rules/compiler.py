# SPDX-License-Identifier: Apache-2.0
"""Rules to tables: resolves every name, gives variables slots, and shares equal expressions."""
import re

from .expr import ParseError, parse
from .regex import compile_dfa
from .source import KINDS, SourceError, balanced, template

OPS = {'||': 'OR', '&&': 'AND', '==': 'EQ', '!=': 'NE', '<': 'LT', '<=': 'LE', '>': 'GT', '>=': 'GE', 'in': 'IN',
       '+': 'ADD', '-': 'SUB', '*': 'MUL', '/': 'DIV', '%': 'MOD'}
UNARY = {'present': 'PRESENT', 'absent': 'ABSENT', 'empty': 'EMPTY', 'nonempty': 'NONEMPTY', 'len': 'LEN'}
HINTS = {'int': 'RULE_HINT_INT', 'bool': 'RULE_HINT_BOOL', 'ptr': 'RULE_HINT_PTR', 'list': 'RULE_HINT_LIST',
         'map': 'RULE_HINT_LIST'}
SLOTS_MAX = 60
LINK = re.compile(r'[\w.]+')


class Pool:
    """Values with an index each; equal values share one."""

    def __init__(self, values=()):
        self.at, self.list = {}, []
        for v in values:
            self.add(v)

    def add(self, v):
        if v not in self.at:
            self.at[v] = len(self.list)
            self.list.append(v)
        return self.at[v]


class Frame:
    """Names of one rule."""

    def __init__(self, params, subject, variables=()):
        self.slots, self.loops, self.sets, self.filled = {}, [], {}, set()
        for p in params:
            self.slot('$' + p)
        for v in variables:
            self.slot(v)
        if subject:
            self.slots['$'] = self.slots['$' + subject]
        self.n = len(self.slots) - (1 if subject else 0)

    def slot(self, name):
        if name not in self.slots:
            self.slots[name] = len(set(self.slots.values()))
        return self.slots[name]

    def fresh(self, name, count=1):
        at = self.n
        self.n += count
        self.slots[name] = at
        return at


class Compiler:
    def __init__(self, source, functions, options):
        self.src, self.functions, self.options = source, functions, options
        self.strings, self.ints = Pool(['']), Pool([0])
        self.exprs, self.args, self.regexes, self.templates, self.paths = Pool([('NIL', 0, 0, 0, 0)]), [], Pool(), Pool([()]), Pool([(0, ())])
        self.lists = {}
        self.stmts, self.rules, self.unexpressed, self.errors = [], Pool(), [], []
        self.used = set()

    # ---- expressions

    def node(self, op, n=0, a=0, b=0, c=0):
        return self.exprs.add((op, n, a, b, c))

    def arglist(self, ids):
        key = tuple(ids)
        if key not in self.lists:
            self.lists[key] = len(self.args)
            self.args.extend(ids)
        return self.lists[key]

    def expr(self, text, f, where):
        try:
            return self.build(parse(text), f)
        except (ParseError, KeyError, ValueError) as e:
            raise SourceError(where, '%s in %r' % (e, text))

    def build(self, e, f):
        return getattr(self, 'on_' + e[0])(e, f)

    def on_nil(self, e, f):
        return self.node('NIL')

    def on_bool(self, e, f):
        return self.node('TRUE' if e[1] else 'FALSE')

    def on_num(self, e, f):
        if isinstance(e[1], float):
            raise ValueError('a fraction')
        return self.node('INT', 0, self.ints.add(e[1]))

    def on_str(self, e, f):
        return self.node('STR', 0, self.strings.add(e[1]))

    def on_var(self, e, f):
        name = e[1]
        if name == 'here':
            return self.node('HERE')
        if name in f.slots:
            return self.node('SLOT', 0, f.slots[name])
        fn = self.function(name)
        if fn is not None:
            return self.node('FN', 0, fn)
        raise ValueError('unknown name %s' % name)

    def on_seen(self, e, f):
        if e[1] not in f.sets:
            f.sets[e[1]] = f.fresh('seen:' + e[1])
        return self.node('SLOT', 0, f.sets[e[1]])

    def on_member(self, e, f):
        if e[1][0] == 'var' and e[1][1] == '$opts':
            return self.node('OPT', 0, self.option(e[2]))
        return self.node('MEMBER', 0, self.build(e[1], f), self.strings.add(e[2]))

    def on_index(self, e, f):
        if e[2][0] == 'var':
            for var, src, at in reversed(f.loops):
                if var == e[2][1] and src == e[1]:
                    return self.node('SLOT', 0, at + 1)
        return self.node('INDEX', 0, self.build(e[1], f), self.build(e[2], f))

    def on_list(self, e, f):
        ids = [self.build(x, f) for x in e[1]]
        return self.node('LIST', len(ids), self.arglist(ids))

    def on_struct(self, e, f):
        ids = []
        for k, v in e[1]:
            ids += [self.node('STR', 0, self.strings.add(k)), self.build(v, f)]
        return self.node('STRUCT', len(ids), self.arglist(ids))

    def on_not(self, e, f):
        return self.node('NOT', 0, self.build(e[1], f))

    def on_neg(self, e, f):
        if e[1][0] == 'num':
            return self.node('INT', 0, self.ints.add(-e[1][1]))
        return self.node('SUB', 0, self.node('INT', 0, 0), self.build(e[1], f))

    def on_bin(self, e, f):
        if e[1] == 'in' and e[3][0] == 'list' and all(x[0] == 'str' for x in e[3][1]):
            ids = [self.strings.add(x[1]) for x in e[3][1]]
            return self.node('INSTR', len(ids), self.build(e[2], f), self.arglist(ids))
        return self.node(OPS[e[1]], 0, self.build(e[2], f), self.build(e[3], f))

    def on_call(self, e, f):
        name, args = e[1], e[2]
        if name in UNARY and len(args) == 1:
            return self.node(UNARY[name], 0, self.build(args[0], f))
        if name == 'clean':
            return self.node('CLEAN')
        if name == 'gate':
            return self.node('TRUE' if self.src.gates[args[0][1]] else 'FALSE')
        if name == 'match':
            return self.node('MATCH', 0, self.build(args[0], f), self.regexes.add(args[1][1]))
        fn = self.function(name)
        if fn is None:
            raise ValueError('unknown function %s' % name)
        lo, hi = self.functions[fn][1], self.functions[fn][2]
        if not lo <= len(args) <= hi:
            raise ValueError('%s takes %d to %d arguments' % (name, lo, hi))
        ids = [self.build(x, f) for x in args]
        return self.node('CALL', len(ids), fn, self.arglist(ids))

    def on_callvar(self, e, f):
        ids = [self.build(x, f) for x in e[2]]
        return self.node('CALLVAR', len(ids), self.build(e[1], f), self.arglist(ids))

    def function(self, name):
        seen = set()
        while name in self.src.aliases and name not in seen:
            seen.add(name)
            name = self.src.aliases[name]
        for i, fn in enumerate(self.functions):
            if fn[0] == name:
                self.used.add(name)
                return i
        return None

    def option(self, name):
        return self.options.index(name)

    # ---- paths and templates

    def template(self, text, f, where):
        parts = []
        for kind, s in template(text):
            if kind == 'lit':
                parts.append((self.strings.add(s), 0))
            else:
                parts.append((0, self.expr(s, f, where)))
        return self.templates.add(tuple(parts))

    def path(self, text, f, where):
        if text == '.':
            text = ''
        absolute = text.startswith('^')
        text = text.lstrip('^')
        segments, i = [], 0
        while i < len(text):
            c = text[i]
            if c == '.':
                i += 1
            elif c == '[':
                end = balanced(text, i)
                inner = text[i + 1:end]
                if inner.startswith('{'):
                    segments.append(('KEY', self.expr(inner[1:-1], f, where)))
                elif inner == '':
                    segments.append(('KEY', self.node('STR', 0, 0)))
                elif inner in f.slots:
                    segments.append(('INDEX', self.node('SLOT', 0, f.slots[inner])))
                elif inner.isdigit():
                    segments.append(('INDEX', self.node('INT', 0, self.ints.add(int(inner)))))
                else:
                    segments.append(('KEY', self.node('STR', 0, self.strings.add(inner))))
                i = end + 1
            elif c == '{':
                end = balanced(text, i)
                segments.append(('EXPR', self.expr(text[i + 1:end], f, where)))
                i = end + 1
            else:
                m = re.compile(r'[^.\[{]+').match(text, i)
                segments.append(('NAME', self.strings.add(m.group())))
                i = m.end()
        return self.paths.add((1 if absolute else 0, tuple(segments)))

    # ---- statements

    def emit(self, op, where, **kw):
        self.stmts.append(dict(op=op, where=where, **kw))
        return self.stmts[-1]

    def block(self, body, f):
        for s in body:
            try:
                self.statement(s, f)
            except SourceError as e:
                self.errors.append(str(e))

    def nested(self, st, s, f):
        self.block(s.body, f)
        st['skip'] = len(self.stmts)

    def statement(self, s, f):
        word, _, rest = s.text.partition(' ')
        handler = getattr(self, 'st_' + word, None)
        if word in KINDS:
            self.complaint(word, rest, s, f)
        elif handler:
            handler(rest, s, f)
        else:
            raise SourceError(s.where, 'cannot read %r' % s.text)

    def st_if(self, rest, s, f):
        self.nested(self.emit('IF', s.where, expr=self.expr(rest, f, s.where)), s, f)

    def st_for(self, rest, s, f):
        m = re.fullmatch(r'(\$?\w+) (in|of|keys|containers) (.*)', rest)
        if not m:
            raise SourceError(s.where, 'cannot read %r' % s.text)
        var, how, text = m.groups()
        e = self.expr(text, f, s.where)
        saved = dict(f.slots)
        at = f.fresh(var, 2)
        if how == 'containers':
            f.slots['$c'] = at + 1
            f.slots['cpath'] = at
        f.loops.append((var, parse(text), at))
        self.nested(self.emit({'containers': 'CONTAINERS'}.get(how, 'EACH'), s.where, expr=e, slot=at, n=how == 'of'), s, f)
        f.loops.pop()
        f.slots = dict(saved, **{k: v for k, v in f.slots.items() if k.startswith('seen:')})

    def st_let(self, rest, s, f):
        name, _, text = rest.partition(' = ')
        e = self.expr(text, f, s.where)
        at = f.slots[name] if name in f.slots else f.fresh(name)
        self.emit('LET', s.where, expr=e, slot=at)

    def st_mark(self, rest, s, f):
        name, _, text = rest.partition(' ')
        self.on_seen(('seen', name), f)
        f.filled.add(name)
        self.emit('MARK', s.where, expr=self.expr(text, f, s.where), slot=f.sets[name])

    def st_put(self, rest, s, f):
        name, _, pair = rest.partition(' ')
        key, _, value = pair.partition(' = ')
        self.on_seen(('seen', name), f)
        f.filled.add(name)
        self.emit('PUT', s.where, expr=self.expr(key, f, s.where), slot=f.sets[name], shape=self.expr(value, f, s.where))

    def st_new(self, rest, s, f):
        self.on_seen(('seen', rest), f)
        self.emit('NEW', s.where, slot=f.sets[rest])

    def st_warn(self, rest, s, f):
        parts = split_bars(rest)
        self.emit('WARN', s.where, path=self.path(parts[0].strip(), f, s.where), msg=self.template(parts[-1].strip(), f, s.where))

    def st_stop(self, rest, s, f):
        self.emit('STOP', s.where)

    def st_unexpressed(self, rest, s, f):
        self.unexpressed.append((s.where, rest))

    def st_apply(self, rest, s, f):
        m = re.match(r'([\w.]+)\(', rest)
        if not m:
            raise SourceError(s.where, 'cannot read %r' % s.text)
        end = balanced(rest, m.end() - 1)
        name, args, tail = m.group(1), rest[m.end():end], rest[end + 1:].strip()
        if name not in self.src.rules:
            raise SourceError(s.where, 'no rule %s' % name)
        params = self.src.rules[name].params
        given = {}
        try:
            e = parse('{' + args.replace(' = ', ': ') + '}' if '=' in args else '{}')
        except ParseError as err:
            raise SourceError(s.where, str(err))
        for k, v in e[1]:
            if k not in params:
                raise SourceError(s.where, 'rule %s has no parameter %s' % (name, k))
            if k != 'opts':
                try:
                    given[k] = self.build(v, f)
                except (KeyError, ValueError) as err:
                    raise SourceError(s.where, str(err))
        ids = [given.get(p, 0) for p in params]
        path = self.path(tail[3:] if tail.startswith('at ') else '', f, s.where)
        self.emit('APPLY', s.where, rule=name, args=self.arglist(ids), n=len(ids), path=path)

    def complaint(self, kind, rest, s, f):
        parts = split_bars(rest)
        path = self.path(parts[0].strip(), f, s.where)
        value, hint, shape = 0, [], 0
        words = parts[1].strip() if len(parts) > 1 else ''
        while True:
            head, _, tail = words.partition(' ')
            if head in HINTS and tail:
                hint.append(HINTS[head])
            elif head.startswith('as:'):
                shape = self.strings.add(head[3:])
            else:
                break
            words = tail
        if words:
            value = self.expr(words, f, s.where)
        msg = self.template(parts[2].strip(), f, s.where) if len(parts) > 2 else 0
        self.emit('ERROR', s.where, kind=KINDS.index(kind), path=path, expr=value, msg=msg,
                  hint=' | '.join(sorted(set(hint))) or '0', shape=shape)

    # ---- all

    def rule(self, name, frame, body, where):
        first = len(self.stmts)
        self.block(body, frame)
        for name in sorted(set(frame.sets) - frame.filled):
            self.errors.append('%s: nothing is ever added to %s' % (where, name))
        if frame.n > SLOTS_MAX:
            self.errors.append('%s: %d variables' % (where, frame.n))
        return dict(name=name, first=first, end=len(self.stmts), slots=frame.n)

    def run(self):
        out = []
        for name in sorted(self.src.rules):
            r = self.src.rules[name]
            out.append(self.rule(name, Frame(r.params, r.subject), r.body, r.where))
        entries = []
        for e in sorted(self.src.entries, key=lambda e: (e.group, e.resource, e.sub, e.op)):
            entries.append(dict(self.rule('', Frame([], None, ['$obj', '$old', '$group', '$namespaced']), e.body, e.where), group=e.group,
                                resource=e.resource, sub=e.sub, op=e.op))
        ids = {r['name']: i for i, r in enumerate(out)}
        for st in self.stmts:
            if 'rule' in st:
                st['rule'] = ids[st['rule']]
        self.rules_out, self.entries_out = out, entries


def split_bars(text):
    """Cuts at ' | ', at most twice; not inside brackets or strings."""
    out, depth, quoted, start, i = [], 0, False, 0, 0
    while i < len(text) and len(out) < 2:
        c = text[i]
        if quoted:
            if c == '\\':
                i += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c in '([{':
            depth += 1
        elif c in ')]}':
            depth -= 1
        elif c == '|' and not depth and text[i - 1:i] == ' ' and text[i + 1:i + 2] in (' ', ''):
            out.append(text[start:i])
            start = i + 2 if text[i + 1:i + 2] == ' ' else i + 1
        i += 1
    out.append(text[start:])
    return out
