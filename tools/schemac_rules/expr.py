# SPDX-License-Identifier: Apache-2.0
"""Expressions of the rule language: tokens, a Pratt parser."""
import re

TOKEN = re.compile(r'''\s*(?:
  (?P<num>\d+(?:\.\d+)?)
 |(?P<str>"(?:[^"\\]|\\.)*")
 |(?P<regex>~"(?:[^"\\]|\\.)*")
 |(?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:-[a-z]+)*|\$)
 |(?P<op>\|\||&&|==|!=|<=|>=|[-<>!+*/%.,()\[\]{}\#:?])
)''', re.X)


class ParseError(Exception):
    pass


def tokens(text):
    out, at = [], 0
    text = text.rstrip()
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m or m.end() == at:
            raise ParseError('cannot read %r' % text[at:])
        out.append((m.lastgroup, m.group(m.lastgroup)))
        at = m.end()
    out.append(('end', ''))
    return out


BINARY = {'||': 1, '&&': 2, '==': 4, '!=': 4, '<': 4, '<=': 4, '>': 4, '>=': 4, 'in': 4, 'not': 4,
          '+': 5, '-': 5, '*': 6, '/': 6, '%': 6}


class Parser:
    def __init__(self, text):
        self.t, self.i, self.text = tokens(text), 0, text

    def peek(self):
        return self.t[self.i][1]

    def take(self, want=None):
        kind, tok = self.t[self.i]
        if want is not None and tok != want:
            raise ParseError('expected %r before %r in %s' % (want, tok, self.text))
        self.i += 1
        return kind, tok

    def expr(self, floor=0):
        left = self.unary()
        while True:
            kind, op = self.t[self.i]
            level = BINARY.get(op) if kind in ('op', 'name') else None
            if level is None or level <= floor:
                return left
            self.take()
            if op == 'not':
                self.take('in')
                left = ('not', ('bin', 'in', left, self.expr(level)))
            else:
                left = ('bin', op, left, self.expr(level))

    def unary(self):
        if self.peek() == '!':
            self.take()
            return ('not', self.unary())
        if self.peek() == '-':
            self.take()
            return ('neg', self.unary())
        return self.postfix(self.primary())

    def args(self):
        out = []
        self.take('(')
        while self.peek() != ')':
            out.append(self.expr())
            if self.peek() != ')':
                self.take(',')
        self.take(')')
        return tuple(out)

    def postfix(self, e):
        while True:
            tok = self.peek()
            if tok == '.':
                self.take()
                kind, name = self.take()
                if kind not in ('name',):
                    raise ParseError('bad member %r in %s' % (name, self.text))
                if self.peek() == '(':
                    e = ('call', name, (e,) + self.args())
                else:
                    e = ('member', e, name)
            elif tok == '[':
                self.take()
                k = self.expr()
                self.take(']')
                e = ('index', e, k)
            elif tok == '#':
                self.take()
                _, n = self.take()
                e = ('nth', e, int(n))
            elif tok == '(' and e[0] == 'var' and e[1].startswith('$'):
                e = ('callvar', e, self.args())
            else:
                return e

    def primary(self):
        kind, tok = self.take()
        if kind == 'num':
            return ('num', float(tok) if '.' in tok else int(tok))
        if kind == 'str':
            return ('str', unquote(tok))
        if kind == 'regex':
            return ("regex", unquote(tok[1:]))
        if tok == '(':
            e = self.expr()
            self.take(')')
            return e
        if tok == '[':
            out = []
            while self.peek() != ']':
                out.append(self.expr())
                if self.peek() != ']':
                    self.take(',')
            self.take(']')
            return ('list', tuple(out))
        if tok == '{':
            out = []
            while self.peek() != '}':
                kind, key = self.take()
                if kind != 'name':
                    raise ParseError('bad struct key %r in %s' % (key, self.text))
                self.take(':')
                out.append((key, self.expr()))
                if self.peek() != '}':
                    self.take(',')
            self.take('}')
            return ('struct', tuple(out))
        if kind == 'name':
            if tok in ('true', 'false'):
                return ('bool', tok == 'true')
            if tok == 'nil':
                return ('nil',)
            if tok == 'seen' and self.peek() == ':':
                self.take()
                return ('seen', self.take()[1])
            if self.peek() == '(' and not tok.startswith('$'):
                return ('call', tok, self.args())
            return ('var', tok)
        raise ParseError('unexpected %r in %s' % (tok, self.text))


def unquote(tok):
    import json
    return json.loads(tok)


def parse(text):
    p = Parser(text)
    e = p.expr()
    if p.t[p.i][0] != 'end':
        raise ParseError('trailing %r in %s' % (p.peek(), text))
    return e
