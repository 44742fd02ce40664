# SPDX-License-Identifier: Apache-2.0
"""Regular expressions to byte automata: Python's own parser reads them, subset construction makes them deterministic."""
import re
import warnings
try:
    from re import _parser as sre_parse, _constants as sre
except ImportError:  # Python < 3.11
    import sre_parse
    import sre_constants as sre

STATES_MAX = 250
CLASSES = {
    sre.CATEGORY_DIGIT: b'0123456789',
    sre.CATEGORY_SPACE: b' \t\n\r\f\v',
    sre.CATEGORY_WORD: b'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_',
}


class Nfa:
    def __init__(self):
        self.eps, self.edges = [], []

    def state(self):
        self.eps.append([])
        self.edges.append([])
        return len(self.eps) - 1

    def bytes_of(self, items):
        out, negate = set(), False
        for op, arg in items:
            if op is sre.NEGATE:
                negate = True
            elif op is sre.LITERAL:
                out.add(arg)
            elif op is sre.RANGE:
                out.update(range(arg[0], arg[1] + 1))
            elif op is sre.CATEGORY:
                out.update(CLASSES[arg])
            else:
                raise ValueError('class member %s' % op)
        return frozenset(set(range(256)) - out if negate else out)

    def seq(self, items, at):
        """Adds `items` behind state `at`; the state behind them."""
        for op, arg in items:
            at = self.one(op, arg, at)
        return at

    def one(self, op, arg, at):
        if op in (sre.LITERAL, sre.IN, sre.ANY):
            what = (frozenset([arg]) if op is sre.LITERAL else self.bytes_of(arg) if op is sre.IN
                    else frozenset(range(256)) - {10})
            end = self.state()
            self.edges[at].append((what, end))
            return end
        if op is sre.NOT_LITERAL:
            end = self.state()
            self.edges[at].append((frozenset(range(256)) - {arg}, end))
            return end
        if op is sre.SUBPATTERN:
            return self.seq(arg[-1], at)
        if op is sre.BRANCH:
            end = self.state()
            for alternative in arg[1]:
                start = self.state()
                self.eps[at].append(start)
                self.eps[self.seq(alternative, start)].append(end)
            return end
        if op is sre.MAX_REPEAT:
            return self.repeat(*arg, at)
        if op is sre.AT:
            raise ValueError('an anchor inside')
        raise ValueError('operator %s' % op)

    def repeat(self, least, most, items, at):
        for _ in range(least):
            at = self.seq(items, at)
        if most is sre.MAXREPEAT:
            loop, end = self.state(), self.state()
            self.eps[at] += [loop, end]
            last = self.seq(items, loop)
            self.eps[last] += [loop, end]
            return end
        end = self.state()
        self.eps[at].append(end)
        for _ in range(most - least):
            at = self.seq(items, at)
            self.eps[at].append(end)
        return end

    def closure(self, states):
        out, todo = set(states), list(states)
        while todo:
            for s in self.eps[todo.pop()]:
                if s not in out:
                    out.add(s)
                    todo.append(s)
        return frozenset(out)


def compile_dfa(pattern):
    """(class of each byte, rows of next states by class, accepting states, sticky): state 0 is dead, 1 the start.
    `sticky`: a match anywhere ending suffices (no $)."""
    body, nfa = pattern, Nfa()
    with warnings.catch_warnings():
        # A bracket within brackets is only a bracket here.
        warnings.simplefilter('ignore', FutureWarning)
        items = list(sre_parse.parse(body, re.ASCII))
    anchored, sticky = False, True
    if items and items[0] == (sre.AT, sre.AT_BEGINNING):
        anchored, items = True, items[1:]
    if items and items[-1] == (sre.AT, sre.AT_END):
        sticky, items = False, items[:-1]
    start = nfa.state()
    if not anchored:
        nfa.edges[start].append((frozenset(range(256)), start))
        first = nfa.state()
        nfa.eps[start].append(first)
        end = nfa.seq(items, first)
    else:
        end = nfa.seq(items, start)
    begin = nfa.closure([start])
    ids, rows, todo = {frozenset(): 0, begin: 1}, [[0] * 256, None], [begin]
    while todo:
        here = todo.pop()
        row = [0] * 256
        reach = {}
        for s in here:
            for what, to in nfa.edges[s]:
                for b in what:
                    reach.setdefault(b, set()).add(to)
        for b, to in reach.items():
            to = nfa.closure(to)
            if to not in ids:
                ids[to] = len(rows)
                rows.append(None)
                todo.append(to)
            row[b] = ids[to]
        rows[ids[here]] = row
    if len(rows) > STATES_MAX:
        raise ValueError('%s needs %d states' % (pattern, len(rows)))
    accept = [end in s for s, _ in sorted(ids.items(), key=lambda kv: kv[1])]
    columns, klass = {}, []
    for b in range(256):
        column = tuple(row[b] for row in rows)
        klass.append(columns.setdefault(column, len(columns)))
    order = sorted(columns, key=columns.get)
    return klass, [[c[s] for c in order] for s in range(len(rows))], accept, sticky
