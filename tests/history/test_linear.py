"""The checker itself: histories that have an order, and the same ones with one answer wrong."""
import random
import unittest

from linear import UNKNOWN, Op, check


def op(kind, call, ret, answer=None, value=None, old=None):
    return Op(kind, call, ret, old=old, value=value, answer=answer)


class Linear(unittest.TestCase):
    def good(self, *ops):
        self.assertIsNone(check(list(ops)))

    def bad(self, *ops):
        self.assertIsNotNone(check(list(ops)))

    def test_one_after_another(self):
        made = op("create", 0, 1, "ok", "a")
        self.good(made, op("get", 2, 3, value="a"), op("put", 4, 5, "ok", "b", "a"), op("get", 6, 7, value="b"), op("delete", 8, 9, "ok"), op("get", 10, 11))
        self.bad(made, op("get", 2, 3, value=None))

    def test_a_stale_read(self):
        made, put = op("create", 0, 1, "ok", "a"), op("put", 2, 5, "ok", "b", "a")
        self.good(made, put, op("get", 3, 4, value="a"))
        self.good(made, put, op("get", 3, 4, value="b"))
        self.bad(made, put, op("get", 6, 7, value="a"))
        self.bad(made, put, op("get", 3, 4, value="b"), op("get", 4.5, 4.8, value="a"))

    def test_two_winners(self):
        made = op("create", 0, 1, "ok", "a")
        self.good(made, op("put", 2, 5, "ok", "b", "a"), op("put", 2, 5, "conflict", "c", "a"))
        self.bad(made, op("put", 2, 5, "ok", "b", "a"), op("put", 2, 5, "ok", "c", "a"))
        self.bad(op("create", 0, 5, "ok", "a"), op("create", 0, 5, "ok", "b"))

    def test_no_loser_without_a_winner(self):
        made = op("create", 0, 1, "ok", "a")
        self.bad(made, op("put", 2, 3, "conflict", "b", "a"))
        self.bad(made, op("put", 2, 3, "gone", "b", "a"))
        self.bad(made, op("delete", 2, 3, "gone"))
        self.bad(op("create", 0, 1, "exists", "a"))

    def test_an_acknowledged_write_is_lost(self):
        self.bad(op("create", 0, 1, "ok", "a"), op("put", 2, 3, "ok", "b", "a"), op("get", 4, 5, value="a"))
        self.bad(op("create", 0, 1, "ok", "a"), op("get", 4, 5))

    def test_the_unknown_may_have_been_or_not_and_late(self):
        made, lost = op("create", 0, 1, "ok", "a"), op("put", 2, 3, UNKNOWN, "b", "a")
        self.good(made, lost)
        self.good(made, lost, op("get", 4, 5, value="a"))
        self.good(made, lost, op("get", 4, 5, value="a"), op("get", 8, 9, value="b"))
        self.bad(made, lost, op("get", 4, 5, value="b"), op("get", 8, 9, value="a"))
        self.bad(made, lost, op("get", 1.5, 1.8, value="b"))

    def test_many_unanswered_are_decided(self):
        """A server that is away for long leaves many of them; trying each in every order never ended."""
        lost = [op(kind, 2 + i / 100, 3, UNKNOWN, f"x{i}", "other") for i, kind in enumerate(["put", "create"] * 30)]
        self.good(op("create", 0, 1, "ok", "a"), *lost, op("get", 4, 5, value="a"))
        self.bad(op("create", 0, 1, "ok", "a"), *lost, op("get", 4, 5, value="b"))

    def test_random_histories(self):
        """Made by a real register, with calls and returns moved apart: they have an order. With a value from nowhere they have none."""
        for seed in range(60):
            rng, state, ops = random.Random(seed), None, []
            for t in range(60):
                kind = rng.choice(["get", "get", "create", "put", "delete"])
                o = op(kind, t - rng.uniform(0, 4), t + rng.uniform(0, 4))
                if kind == "get":
                    o.value = state
                else:
                    o.value, o.old = (None if kind == "delete" else f"v{t}"), state if rng.random() < 0.7 else "other"
                    holds = {"create": state is None, "put": state is not None and state == o.old, "delete": state is not None}[kind]
                    o.answer = "ok" if holds else {"create": "exists", "put": "gone" if state is None else "conflict", "delete": "gone"}[kind]
                    state = state if not holds else o.value
                    if rng.random() < 0.1:
                        o.answer = UNKNOWN
                ops.append(o)
            self.assertIsNone(check(ops), f"seed {seed}")
            rng.choice([o for o in ops if o.kind == "get"]).value = "from nowhere"
            self.assertIsNotNone(check(ops), f"seed {seed}")


if __name__ == "__main__":
    unittest.main()
