"""Writes and syncs of the database fail under a running server."""
import errno
import mmap
import os
import signal
import struct
import tempfile

from cluster import BUILD
from one import Harmed

SHIM = BUILD / "tests/store/libk8c_io_faults.so"
WRITE, SYNC, ALL = 1, 2, 0xFFFFFFFF
FAILED, SYNCED = 12, 16


class Faults(Harmed):
    def setUp(self):
        super().setUp()
        if not SHIM.exists():
            self.skipTest("the build is sanitized: no shim")

    def up(self):
        self.file = tempfile.TemporaryFile()
        self.file.truncate(64)
        self.command = mmap.mmap(self.file.fileno(), 64)
        self.file_name = f"/proc/{os.getpid()}/fd/{self.file.fileno()}"
        super().up(env={"LD_PRELOAD": str(SHIM), "K8C_FAULTS": self.file_name})
        self.addCleanup(self.file.close)

    def fail(self, sorts, error, suffix, times=ALL):
        """From now on these calls fail on files with this end."""
        self.command[20:64] = suffix.encode().ljust(44, b"\0")
        self.command[4:20] = struct.pack("<IIII", error, times, 0, 0)
        self.command[0:4] = struct.pack("<I", sorts)

    def heal(self):
        self.command[0:4] = struct.pack("<I", 0)

    def word(self, at):
        return struct.unpack_from("<I", self.command, at)[0]

    def stops_for_good(self, error, sorts):
        self.up()
        for i in range(20):
            self.assertEqual(self.create(f"before-{i}")[0], 201)
        self.fail(sorts, error, "/state.db-wal", times=1)
        self.assert_failed(self.create("struck"), "cannot be written")
        self.assertEqual(self.word(FAILED), 1)
        # The disk works again, but what it holds is not known: nothing is written or synced, all is read.
        for i in range(20):
            self.assert_failed(self.create(f"after-{i}"), "cannot be written")
            self.assert_failed(self.delete(f"before-{i}"), "cannot be written")
        self.assertEqual(self.word(SYNCED), 0)
        self.assert_all_there()
        self.assertEqual(self.api.call("GET", "/livez")[0], 500)
        self.assertEqual(self.api.call("GET", "/readyz/etcd")[0], 500)
        self.assertIn("until the server is started anew", self.log())
        self.assertEqual(self.cluster.stop(), 0)
        self.assertEqual(self.word(SYNCED), 0)
        self.again()
        self.assert_all_there(maybe=["struck"])
        self.assertEqual(self.create("now")[0], 201)
        self.assertEqual(self.api.call("GET", "/livez")[0], 200)

    def test_a_sync_that_fails_with_EIO_is_never_tried_again(self):
        self.stops_for_good(errno.EIO, SYNC)

    def test_a_sync_that_fails_with_ENOSPC_is_never_tried_again(self):
        self.stops_for_good(errno.ENOSPC, SYNC)

    def test_a_write_that_fails_with_EIO_stops_writing(self):
        self.stops_for_good(errno.EIO, WRITE)

    def test_killed_after_a_failed_sync(self):
        """What was not acknowledged may be there or not; what was acknowledged is."""
        self.up()
        for i in range(20):
            self.assertEqual(self.create(f"before-{i}")[0], 201)
        self.fail(SYNC, errno.EIO, "/state.db-wal")
        self.assert_failed(self.create("struck"), "cannot be written")
        self.cluster.stop(signal.SIGKILL)
        self.heal()
        self.again()
        self.assert_all_there(maybe=["struck"])
        self.assertEqual(self.create("now")[0], 201)

    def test_no_room_to_write_passes_by_itself(self):
        self.up()
        self.assertEqual(self.create("before")[0], 201)
        self.fail(WRITE, errno.ENOSPC, "/state.db-wal")
        for i in range(5):
            self.assert_failed(self.create(f"refused-{i}"), "full")
        self.assert_all_there()
        self.assertEqual(self.api.call("GET", "/livez")[0], 200)
        self.heal()
        self.assertEqual(self.create("after")[0], 201)
        self.assert_all_there()
        self.assertIn("writes succeed again", self.log())
        self.assertEqual(self.cluster.stop(), 0)
        self.again()
        self.assert_all_there()

    def test_moving_the_log_fails(self):
        """The log's move into the database is housekeeping: its failure costs no acknowledged write."""
        self.up()
        self.fail(SYNC | WRITE, errno.EIO, "/state.db")
        code, n = 201, 0
        while code == 201 and n < 3000:
            code, answer = self.create(f"m{n}", 4000)
            n += 1
        self.assert_failed((code, answer), "cannot be written")
        self.assertGreater(self.word(FAILED), 0)
        self.assert_all_there(maybe=[f"m{n - 1}"])
        self.cluster.stop(signal.SIGKILL)
        self.heal()
        self.again()
        self.assert_all_there(maybe=[f"m{n - 1}"])

    def test_a_failing_disk_at_start_is_one_sentence(self):
        self.up()
        self.assertEqual(self.create("before")[0], 201)
        self.cluster.stop(signal.SIGKILL)
        self.fail(SYNC, errno.EIO, "/state.db")
        self.cluster.log.write_text("")
        with self.assertRaises(RuntimeError):
            self.cluster.start()
        self.assertEqual(len(self.log().splitlines()), 1, self.log())
        self.assertRegex(self.log(), "^k8c server: store: .*(Input/output|I/O) error")
        self.heal()
        self.again()
        self.assert_all_there()
