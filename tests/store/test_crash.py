"""kill -9 at random moments under 64 concurrent writers, again and again on one database: nothing acknowledged is lost, no write
is half there, no revision is given out twice, and a watch resumed where it was turns the old state into the new one.

K8C_ROUNDS: kills (12). K8C_SEED: the moments and the writes (random, printed)."""
import os
import random
import signal
import threading
import time
import unittest

from api import Api, rv_of
from audit import MAPS, NAMESPACE, SERVICES, SHARED, Follower, History, Writer, audit_maps, audit_services, audit_shared, config_map
from cluster import Cluster

WRITERS = 64
LIFE = 0.9         # seconds of writing before a kill, at most
EARLY_KILLS = 0.25  # so many starts are killed, too,
EARLY = 0.15       # in so many seconds
MARK = "mark"


class Crash(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("K8C_SEED", random.randrange(10**6)))
        self.random = random.Random(self.seed)
        self.cluster = Cluster("--no-agent", "--listen", "127.0.0.1:0").start()
        self.addCleanup(self.cluster.remove)
        self.addCleanup(self.cluster.stop)
        self.history = History()
        api = self.api()
        for path, body in (("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}),
                           (MAPS, config_map(SHARED, 0, 10)), (MAPS, config_map(MARK, 0, 10))):
            code, answer = api.call("POST", path, body)
            self.assertEqual(code, 201, answer)
        self.follower = Follower(api.call("GET", MAPS)[1])
        self.follower.resume(self.api())

    def api(self):
        return Api(self.cluster.url, self.cluster.data)

    def live_and_die(self, n):
        api = self.api()
        writers = [Writer(api, self.history, i, f"{self.seed}/{n}") for i in range(WRITERS)]
        time.sleep(self.random.random() * LIFE)
        self.cluster.stop(signal.SIGKILL)
        for w in writers:
            w.join(60)
        self.follower.ended(self.history)

    def die_early(self):
        """A start that is killed on its way, or shortly after."""
        timer = threading.Timer(self.random.random() * EARLY, lambda: self.cluster.process and self.cluster.process.kill())
        timer.start()
        try:
            self.cluster.start()
        except RuntimeError:
            pass
        timer.join()
        self.cluster.stop(signal.SIGKILL)

    def audit(self, n):
        api = self.api()
        self.follower.resume(self.api())
        code, mark = api.call("PUT", f"{MAPS}/{MARK}", config_map(MARK, n + 1, 10))
        self.assertEqual(code, 200, mark)
        self.history.ack(MARK, rv_of(mark), n + 1)
        self.follower.catch_up(self.history, rv_of(mark))
        listed = api.call("GET", MAPS)[1]
        audit_maps(self.history, listed)
        audit_shared(self.history, listed)
        audit_services(self.history, api.call("GET", SERVICES)[1])
        self.follower.audit(self.history, listed)
        self.history.floor = self.history.highest
        if self.history.problems:
            self.fail("\n".join([f"K8C_SEED={self.seed}, round {n}:", *self.history.problems, self.cluster.log.read_text()[-2000:]]))

    def test_nothing_acknowledged_is_lost(self):
        rounds = int(os.environ.get("K8C_ROUNDS", 12))
        print(f"K8C_SEED={self.seed}", flush=True)
        for n in range(rounds):
            self.live_and_die(n)
            while self.random.random() < EARLY_KILLS:
                self.die_early()
            self.cluster.start()
            self.audit(n)
        self.assertGreater(self.history.writes, rounds * 10)
        print(f"{rounds} kills, {self.history.writes} writes acknowledged, 0 lost, {len(self.follower.seen)} events in order, no list anew", flush=True)


if __name__ == "__main__":
    unittest.main()
