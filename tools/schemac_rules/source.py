# SPDX-License-Identifier: Apache-2.0
"""Reads rule files: indentation makes blocks, one statement a line."""
import re

KINDS = ['NotFound', 'Required', 'Duplicate', 'Invalid', 'NotSupported', 'Forbidden', 'TooLong', 'TooMany',
         'InternalError', 'TypeInvalid']


class SourceError(Exception):
    def __init__(self, where, text):
        super().__init__('%s: %s' % (where, text))


class Stmt:
    def __init__(self, where, text):
        self.where, self.text, self.body = where, text, []


class Rule:
    def __init__(self, where, name, params, subject, body):
        self.where, self.name, self.params, self.subject, self.body = where, name, params, subject, body


class Entry:
    def __init__(self, where, group, resource, sub, op, body):
        self.where, self.group, self.resource, self.sub, self.op, self.body = where, group, resource, sub, op, body


class Source:
    """Everything that the files say."""

    def __init__(self):
        self.rules, self.entries, self.aliases, self.gates = {}, [], {}, {}

    def read(self, path, name):
        stack = []
        with open(path, encoding='utf-8') as f:
            for n, line in enumerate(f, 1):
                bare = line.strip()
                if not bare or bare.startswith('#'):
                    continue
                depth = len(line) - len(line.lstrip('\t'))
                stmt = Stmt('%s:%d' % (name, n), bare)
                if depth > len(stack):
                    raise SourceError(stmt.where, 'indented too far')
                del stack[depth:]
                if stack:
                    stack[-1].append(stmt)
                    stack.append(stmt.body)
                else:
                    stack.append(self.top(stmt))

    def top(self, s):
        m = re.fullmatch(r'rule ([\w.]+)\(([^)]*)\)(?: on (\w+))?', s.text)
        if m:
            params = [p.strip() for p in m.group(2).split(',') if p.strip()]
            if m.group(1) in self.rules:
                raise SourceError(s.where, 'rule %s again' % m.group(1))
            self.rules[m.group(1)] = Rule(s.where, m.group(1), params, m.group(3), s.body)
            return s.body
        m = re.fullmatch(r'entry (\S+) (\S+) (create|update|warn)', s.text)
        if m:
            group, resource = m.group(1), m.group(2)
            resource, _, sub = resource.partition('/')
            self.entries.append(Entry(s.where, '' if group == 'core' else group, resource, sub, m.group(3), s.body))
            return s.body
        m = re.fullmatch(r'alias (\w+) = (\w+)', s.text)
        if m:
            self.aliases[m.group(1)] = m.group(2)
            return s.body
        m = re.fullmatch(r'gate (\w+) (on|off)', s.text)
        if m:
            self.gates[m.group(1)] = m.group(2) == 'on'
            return s.body
        raise SourceError(s.where, 'cannot read %r' % s.text)


def balanced(text, at):
    """Index of the brace that closes the one at `at`."""
    depth, quoted, i = 0, False, at
    while i < len(text):
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
            if not depth:
                return i
        i += 1
    raise ValueError('no closing bracket in %r' % text)


def template(text):
    """Text with {expressions} as a list of ('lit', s) and ('expr', s); backslash escapes \\n \\{ \\} \\\\."""
    out, lit, i = [], '', 0
    while i < len(text):
        c = text[i]
        if c == '\\':
            lit += {'n': '\n', 't': '\t'}.get(text[i + 1], text[i + 1])
            i += 2
        elif c == '{':
            end = balanced(text, i)
            if lit:
                out.append(('lit', lit))
                lit = ''
            out.append(('expr', text[i + 1:end]))
            i = end + 1
        else:
            lit += c
            i += 1
    if lit:
        out.append(('lit', lit))
    return out
