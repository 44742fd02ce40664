"""A disk that is really full: the data directory on a small tmpfs, which a ballast file fills."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from one import Harmed

SIZE = "48m"


class Full(Harmed):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("not root: nothing can be mounted")
        self.disk = tempfile.mkdtemp(prefix="k8c-full-")
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", self.disk], capture_output=True).returncode != 0:
            self.skipTest("a tmpfs cannot be mounted")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk])
        self.ballast = pathlib.Path(self.disk, "ballast")

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    def write_until_full(self):
        """Creates until the first refusal, which it returns."""
        for _ in range(20000):
            answer = self.create(f"fill-{len(self.acked)}", 4000)
            if answer[0] != 201:
                return answer
        self.fail("the disk does not get full")

    def test_reads_go_on_and_writes_come_back(self):
        self.up(data_dir=f"{self.disk}/data")
        for i in range(200):
            self.assertEqual(self.create(f"p{i}", 2000)[0], 201)
        self.fill()
        for _ in range(20):
            self.assert_failed(self.write_until_full(), "full")
        self.assert_all_there()
        self.assertEqual(self.api.call("GET", "/livez")[0], 200)
        # Whoever finds the disk full can delete.
        for i in range(100):
            self.assertEqual(self.delete(f"p{i}")[0], 200)
        self.assert_all_there()
        self.ballast.unlink()
        self.assertEqual(self.create("room-again")[0], 201)  # the very next one
        self.assertIn("creations are refused while the disk is full", self.log())
        self.assertEqual(self.cluster.stop(), 0)
        self.again()
        self.assert_all_there()

    def test_a_start_on_a_full_disk_serves_reads(self):
        self.up(data_dir=f"{self.disk}/data")
        for i in range(50):
            self.assertEqual(self.create(f"p{i}", 2000)[0], 201)
        self.assertEqual(self.cluster.stop(), 0)
        self.fill()
        # A new port has to be written into the kubeconfig, and there is no room for it: one sentence. The old one is there already.
        self.cluster.log.write_text("")
        self.assertRaises(RuntimeError, self.cluster.start)
        self.assertRegex(self.log(), r"^k8c server: [^\n]*No space left on device[^\n]*\n$")
        self.cluster.flags[-1] = f"127.0.0.1:{self.api.port}"
        self.again()
        self.assert_all_there()
        self.assert_failed(self.create("refused", 4000), "full")
        self.ballast.unlink()
        deadline = time.monotonic() + 30
        while self.create("room-again")[0] != 201 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assert_all_there()

    def test_a_new_data_directory_on_a_full_disk_is_refused(self):
        self.fill()
        with self.assertRaisesRegex(RuntimeError, r"(?s)''\nk8c server: [^\n]*No space left on device[^\n]*\n$"):
            self.up(data_dir=f"{self.disk}/data")
