"""What writers were told, against what a server has: the audit of a history that crashes interrupted.

Every writer has keys of its own, so that the state of a key is its last acknowledged write or the one whose answer never came.
One more key is raised by all writers with the revision they read: no raise may be lost or counted twice."""
import random
import threading
import time

from api import Unknown, Watch, rv_of

NAMESPACE = "audit"
MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"
SHARED = "shared"
KEYS_PER_WRITER = 3
SERVICE_EVERY = 8  # one writer in so many also makes services


def config_map(name, value, pad):
    """The value stands in it twice, around the padding: half a write would show."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": str(value), "pad": "x" * pad, "z": str(value)}}


def value_of(obj):
    data = obj["data"]
    if data["a"] != data["z"]:
        raise AssertionError(f"half a write: {obj}")
    return int(data["a"])


class History:
    """What was told over all lives of the server."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acked = {}       # key: (revision, value), value None when deleted
        self.unknown = {}     # key: list of values (None: deleted) that may have been written since
        self.revisions = {}   # revision: key; one revision is one write
        self.fresh = []       # revisions acknowledged since the last audit
        self.highest = 0      # highest revision anybody has seen
        self.floor = 0        # revisions of new writes have to be above
        self.raises = self.maybe_raises = 0
        self.writes = 0
        self.problems = []

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def see(self, rv, key):
        if self.revisions.setdefault(rv, key) != key:
            self.problems.append(f"revision {rv} was given to {self.revisions[rv]} and to {key}")
        self.highest = max(self.highest, rv)

    def ack(self, key, rv, value):
        with self.lock:
            if rv <= self.floor or (key in self.acked and rv <= self.acked[key][0]):
                self.problems.append(f"{key}: revision {rv} was given out again")
            self.see(rv, key)
            self.fresh.append(rv)
            self.acked[key] = rv, value
            self.unknown.pop(key, None)
            self.writes += 1


class Writer(threading.Thread):
    """Writes until the server is gone."""

    def __init__(self, api, history, number, seed):
        super().__init__(daemon=True)
        self.api, self.history, self.number = api, history, number
        self.random = random.Random(f"{seed}/{number}")
        self.start()

    def run(self):
        try:
            while True:
                turn = self.random.random()
                if turn < 0.1:
                    self.raise_shared()
                elif turn < 0.2 and self.number % SERVICE_EVERY == 0:
                    self.write_service()
                else:
                    self.write_own()
        except Unknown:
            pass
        except Exception as e:  # any other end is a finding
            self.history.problem(f"writer {self.number}: {e!r}")
        finally:
            self.api.close()

    def told(self, key, value, method, path, body, allowed):
        """One write; None when it was refused as `allowed` says."""
        self.history.unknown.setdefault(key, []).append(value)
        code, answer = self.api.call(method, path, body)
        if code in (200, 201):
            return answer
        self.history.unknown[key].pop()
        if code not in allowed:
            self.history.problem(f"{method} {path}: {code} {answer}")
        return None

    def write_own(self):
        key = f"w{self.number:02d}-{self.random.randrange(KEYS_PER_WRITER)}"
        value, pad = self.random.randrange(10**9), self.random.randrange(2000)
        before = self.history.acked.get(key, (0, None))[1]
        if before is None:
            made = self.told(key, value, "POST", MAPS, config_map(key, value, pad), ())
        elif self.random.random() < 0.8:
            made = self.told(key, value, "PUT", f"{MAPS}/{key}", config_map(key, value, pad), ())
        else:
            value = None
            made = self.told(key, value, "DELETE", f"{MAPS}/{key}", None, ())
            if made is not None:
                # A deletion's answer does not tell its revision: it is above that of the state it deleted.
                with self.history.lock:
                    self.history.acked[key] = self.history.acked[key][0], None
                    self.history.unknown.pop(key, None)
                    self.history.writes += 1
                return
        if made is not None:
            self.history.ack(key, rv_of(made), value)

    def raise_shared(self):
        code, now = self.api.call("GET", f"{MAPS}/{SHARED}")
        if code != 200:
            return self.history.problem(f"the shared object: {code} {now}")
        body = config_map(SHARED, value_of(now) + 1, 10)
        body["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"]
        with self.history.lock:
            self.history.maybe_raises += 1
        code, answer = self.api.call("PUT", f"{MAPS}/{SHARED}", body)
        with self.history.lock:
            self.history.maybe_raises -= 1
            if code == 200:
                self.history.raises += 1
                self.history.writes += 1
                self.history.see(rv_of(answer), SHARED)
                self.history.fresh.append(rv_of(answer))
        if code not in (200, 409):
            self.history.problem(f"raising the shared object: {code} {answer}")

    def write_service(self):
        name = f"s{self.number}"
        key = f"service {name}"
        before = self.history.acked.get(key, (0, None))[1]
        spec = {"ports": [{"port": 80}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        method, path, value = ("DELETE", f"{SERVICES}/{name}", None) if before else ("POST", SERVICES, 1)
        if self.told(key, value, method, path, None if before else body, ()) is not None:
            with self.history.lock:
                self.history.acked[key] = 0, value
                self.history.unknown.pop(key, None)
                self.history.writes += 1


def possible(history, key):
    """Values that a key may have now."""
    return [history.acked.get(key, (0, None))[1], *history.unknown.get(key, [])]


def audit_maps(history, listed):
    """Every key holds its last acknowledged value or the one that was under way."""
    now = {o["metadata"]["name"]: o for o in listed["items"] if o["metadata"]["name"].startswith("w")}
    for key in {k for k in history.acked if k.startswith("w")} | {k for k in history.unknown if k.startswith("w")} | set(now):
        value = value_of(now[key]) if key in now else None
        if value not in possible(history, key):
            history.problem(f"{key}: {value} is there, acknowledged was {history.acked.get(key)}, under way {history.unknown.get(key)}")
        if value is not None:
            history.see(rv_of(now[key]), key)
        history.acked[key] = (rv_of(now[key]) if key in now else history.acked.get(key, (0, None))[0]), value
        history.unknown.pop(key, None)


def audit_shared(history, listed):
    there = next(value_of(o) for o in listed["items"] if o["metadata"]["name"] == SHARED)
    if not history.raises <= there <= history.raises + history.maybe_raises:
        history.problem(f"raised to {there}: {history.raises} acknowledged, {history.maybe_raises} under way")
    history.raises, history.maybe_raises = there, 0


def audit_services(history, listed):
    """No two have one address: what a service holds was taken in the same transaction as it."""
    now = {f"service {o['metadata']['name']}": o["spec"]["clusterIP"] for o in listed["items"]}
    if len(set(now.values())) != len(now):
        history.problem(f"an address is given out twice: {now}")
    for key in {k for k in history.acked if k.startswith("service")} | {k for k in history.unknown if k.startswith("service")}:
        value = 1 if key in now else None
        if value not in possible(history, key):
            history.problem(f"{key}: {value} is there, acknowledged was {history.acked.get(key)}")
        history.acked[key] = 0, value
        history.unknown.pop(key, None)


class Follower:
    """One watch over all lives of the server, resumed where it was: a mirror of the collection."""

    def __init__(self, listed):
        self.rv = rv_of(listed)
        self.mirror = {o["metadata"]["name"]: rv_of(o) for o in listed["items"]}
        self.seen, self.watch = set(), None

    def resume(self, api):
        self.watch = Watch(api, MAPS, self.rv)

    def collect(self, history):
        """What the watch has told so far into the mirror."""
        if self.watch.problem:
            history.problem(self.watch.problem)
        for rv, kind, obj in self.watch.take_events():
            self.rv = max(self.rv, rv)
            self.apply(history, rv, kind, obj)

    def ended(self, history):
        self.watch.join(60)
        self.collect(history)

    def catch_up(self, history, rv):
        """Waits until the watch has told the event of this revision."""
        deadline = time.monotonic() + 60
        while self.watch.rv < rv and self.watch.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        if self.watch.rv < rv:
            history.problem(f"the watch stands at {self.watch.rv}, not at {rv}")
        self.collect(history)

    def apply(self, history, rv, kind, obj):
        name = obj["metadata"]["name"]
        history.see(rv, name)
        if rv in self.seen:
            history.problem(f"the event of revision {rv} came twice")
        self.seen.add(rv)
        if (kind == "ADDED") == (name in self.mirror):
            history.problem(f"{kind} {name} at {rv}: an event before it is missing")
        if kind == "DELETED":
            self.mirror.pop(name, None)
        else:
            self.mirror[name] = rv

    def audit(self, history, listed):
        """The mirror is the list, and every acknowledged write came by."""
        now = {o["metadata"]["name"]: rv_of(o) for o in listed["items"]}
        differ = {k: (now.get(k), self.mirror.get(k)) for k in now.keys() | self.mirror.keys() if now.get(k) != self.mirror.get(k)}
        if differ:
            history.problem(f"list and watch differ (listed, watched): {differ}")
        missing = [rv for rv in history.fresh if rv not in self.seen]
        if missing:
            history.problem(f"no event for the acknowledged revisions {missing[:10]}")
        history.fresh.clear()
