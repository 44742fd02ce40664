"""A killed server's log cut off and damaged, its database damaged, and copies of it while it is written."""
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import threading

from cluster import BUILD
from one import MAPS, Harmed

WAL_HEADER, FRAME_HEADER = 32, 24
TAIL = 14  # boundaries tried, from the end


class Damage(Harmed):
    def setUp(self):
        super().setUp()
        self.up()
        for i in range(40):
            self.assertEqual(self.create(f"m{i}", 1500)[0], 201)
        self.kept = pathlib.Path(tempfile.mkdtemp(prefix="k8c-kept-"))
        self.addCleanup(shutil.rmtree, self.kept, ignore_errors=True)

    def killed(self):
        self.cluster.stop(signal.SIGKILL)
        shutil.copytree(self.cluster.data, self.kept, dirs_exist_ok=True)
        self.wal = (self.kept / "state.db-wal").read_bytes()
        self.page = struct.unpack_from(">I", self.wal, 8)[0]
        self.frame = FRAME_HEADER + self.page

    def put_back(self, wal):
        shutil.rmtree(self.cluster.data)
        shutil.copytree(self.kept, self.cluster.data)
        (self.cluster.data / "state.db-shm").unlink(missing_ok=True)
        (self.cluster.data / "state.db-wal").write_bytes(wal)
        self.cluster.log.write_text("")

    def assert_prefix(self):
        """A state that was: the first of the creations up to some point, unchanged. Returns how many."""
        now = {n: rv for n, rv in self.listed().items() if n.startswith("m")}
        expected = dict(list(self.acked.items())[:len(now)])
        self.assertEqual(now, expected)
        return len(now)

    def test_the_log_cut_at_page_boundaries(self):
        self.killed()
        frames = (len(self.wal) - WAL_HEADER) // self.frame
        self.assertGreater(frames, TAIL)
        whole = set()
        for left in range(frames, frames - TAIL, -1):
            for cut in (0, FRAME_HEADER, self.frame - 1):
                with self.subTest(frames=left, less=cut):
                    self.put_back(self.wal[:WAL_HEADER + left * self.frame - cut])
                    self.again()
                    whole.add(self.assert_prefix())
                    self.assertEqual(self.create("again")[0], 201)
                    del self.acked["again"]
                    self.cluster.stop(signal.SIGKILL)
        self.assertGreater(len(whole), 2)

    def test_damage_in_the_log_is_reported(self):
        self.killed()
        frames = (len(self.wal) - WAL_HEADER) // self.frame
        for back in range(2, TAIL, 2):
            with self.subTest(frames=frames - back):
                at = WAL_HEADER + (frames - back) * self.frame + FRAME_HEADER + 100 * back
                damaged = bytearray(self.wal)
                damaged[at] ^= 1 << back % 8
                self.put_back(bytes(damaged))
                self.again()
                self.assertRegex(self.log(), r"W\d+ \S+ store: the log of \S+ was damaged at byte \d+: the state of the last commit before it")
                self.assertLess(self.assert_prefix(), len(self.acked))
                # No revision that a client may have seen is given out again, and a watch from one of them has to list anew.
                newest = max(self.acked.values())
                code, made = self.create("again")
                self.assertEqual(code, 201)
                self.assertGreater(self.acked.pop("again"), newest)
                watched = self.api.call("GET", f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion={newest}")[1]
                self.assertEqual(watched["object"]["code"], 410)
                self.assertEqual(self.cluster.stop(), 0)
                # Said once: what was saved is whole.
                self.cluster.log.write_text("")
                self.again()
                self.assertNotIn("damaged", self.log())
                self.cluster.stop(signal.SIGKILL)

    def test_a_damaged_database_is_refused(self):
        self.assertEqual(self.cluster.stop(), 0)
        database = self.cluster.data / "state.db"
        whole = database.read_bytes()
        at = whole.index(b'"name":"m7"')
        for where in (at + 9, 100, len(whole) // 2):
            with self.subTest(at=where):
                damaged = bytearray(whole)
                damaged[where] ^= 4
                database.write_bytes(bytes(damaged))
                self.cluster.log.write_text("")
                try:
                    self.cluster.start()
                except RuntimeError:
                    self.assertRegex(self.log(), r"^k8c server: store: [^\n]{20,}\n$")
                else:
                    self.assertNotEqual(where, at + 9, "a damaged object was served")
                    self.api.port = int(self.cluster.url.rsplit(":", 1)[1])
                    self.api.close()
                    self.assert_all_there()
                    self.cluster.stop()
        database.write_bytes(whole)
        self.again()
        self.assert_all_there()

    def test_a_backup_while_writing_is_one_state(self):
        stop = threading.Event()

        def write():
            n = 0
            while not stop.is_set():
                self.create(f"m{100000 + n}", 1500)
                n += 1
        writer = threading.Thread(target=write)
        writer.start()
        try:
            copies = [self.kept / f"copy{i}" for i in range(5)]
            for copy in copies:
                done = subprocess.run([str(BUILD / "k8c"), "backup", str(copy), "--data-dir", str(self.cluster.data)], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        finally:
            stop.set()
            writer.join()
        newest = max(self.acked.values())
        running = subprocess.run([str(BUILD / "k8c"), "restore", str(copies[0]), "--data-dir", str(self.cluster.data)], capture_output=True, text=True)
        self.assertEqual(running.returncode, 1, "restored under a running server")
        self.assertEqual(self.cluster.stop(), 0)
        sizes = []
        for copy in copies:
            done = subprocess.run([str(BUILD / "k8c"), "restore", str(copy), "--data-dir", str(self.cluster.data)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.again()
            sizes.append(self.assert_prefix())
            self.assertEqual(self.create("again")[0], 201)
            self.assertGreater(self.acked.pop("again"), newest)
            self.assertEqual(self.cluster.stop(), 0)
        self.assertEqual(sizes, sorted(sizes))
        self.assertGreaterEqual(sizes[0], 40)
