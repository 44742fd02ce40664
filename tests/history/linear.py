"""Is a history linearizable? One object at a time, as porcupine does it (Lowe, "Testing for linearizability"): an order is looked for
in which every operation takes effect between its call and its return and every answer fits.

An object's state is the value last written (all are different), None when there is no object. Operations, with what was answered:
  get -> value or None;  create(value) -> ok, exists;  put(old, value) -> ok, conflict, gone;  delete -> ok, gone
An operation whose answer is unknown may have taken effect at any time after its call, or never."""
import dataclasses
import math

UNKNOWN = "unknown"


@dataclasses.dataclass
class Op:
    kind: str
    call: float
    ret: float
    old: object = None
    value: object = None
    answer: object = None

    def effect(self, state):
        """The states this operation may leave behind, none when its answer does not fit. One without an answer that would change
        nothing has no place: it never has to have one."""
        if self.kind == "get":
            return [state] if self.value == state else []
        holds = {"create": state is None, "put": state is not None and state == self.old, "delete": state is not None}[self.kind]
        refusal = {"create": "exists", "put": "gone" if state is None else "conflict", "delete": "gone"}[self.kind]
        after = None if self.kind == "delete" else self.value
        if self.answer == UNKNOWN:
            return [after] if holds else []
        return [after] if holds and self.answer == "ok" else [state] if not holds and self.answer == refusal else []


def events_of(ops):
    """Calls and returns in order of time; at the same time calls come first, which forgives most."""
    known = [(op.call, 0, i) for i, op in enumerate(ops)]
    known += [(op.ret if op.answer != UNKNOWN else math.inf, 1, i) for i, op in enumerate(ops)]
    return [(kind, i) for _, kind, i in sorted(known)]


class Line:
    """The calls and returns that are left, in order; those of an operation can be taken out and put back."""

    def __init__(self, ops):
        self.events = events_of(ops)
        n = len(self.events)
        self.after, self.before = list(range(1, n + 2)), list(range(-1, n))  # n is the end
        self.head, self.place = 0, {event: at for at, event in enumerate(self.events)}

    def _out(self, at):
        b, f = self.before[at], self.after[at]
        if b >= 0:
            self.after[b] = f
        else:
            self.head = f
        self.before[f] = b

    def _back(self, at):
        b, f = self.before[at], self.after[at]
        if b >= 0:
            self.after[b] = at
        else:
            self.head = at
        self.before[f] = at

    def take(self, i):
        self._out(self.place[0, i])
        self._out(self.place[1, i])

    def put_back(self, i):
        """In the reverse order of take. Returns the place behind the call."""
        self._back(self.place[1, i])
        self._back(self.place[0, i])
        return self.after[self.place[0, i]]


def check(ops, initial=None, most=2_000_000):
    """None when there is such an order; else the operations of the longest one found, and the first that fits nowhere behind them."""
    line, end = Line(ops), 2 * len(ops)
    state, done, seen, stack, best, at = initial, 0, set(), [], [], 0
    while line.head < end:
        kind, i = line.events[at] if at < end else (1, None)
        if kind == 0:
            effect = ops[i].effect(state)
            mark = (done | 1 << i, effect[0]) if effect else None
            if mark is None or mark in seen:
                at = line.after[at]
                continue
            if len(seen) == most:
                raise RuntimeError("the history is too entangled to be decided")
            seen.add(mark)
            stack.append((i, state))
            best = max(best, [k for k, _ in stack], key=len)
            done, state = mark
            line.take(i)
            at = line.head
        elif i is not None and ops[i].answer == UNKNOWN:
            return None  # all that were answered have their place; the others never have to
        elif stack:
            i, state = stack.pop()  # an answer came before any place was found for it
            done &= ~(1 << i)
            at = line.put_back(i)
        else:
            left = [op for k, op in enumerate(ops) if k not in best]
            return [ops[k] for k in best] + sorted(left, key=lambda op: op.call)[:1]
    return None


def check_all(histories):
    """{object: operations} -> {object: what check found} of those that have no order."""
    found = {key: check(ops) for key, ops in histories.items()}
    return {key: bad for key, bad in found.items() if bad}
