"""The official Node client, unmodified (tests/interop/client.mjs)."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from cluster import Cluster

HERE = pathlib.Path(__file__).resolve().parent


class Node(unittest.TestCase):
    def test_client(self):
        self.assertTrue(shutil.which("npm"), "npm is missing: run scripts/setup")
        with tempfile.TemporaryDirectory() as work:
            for name in ("package.json", "client.mjs"):
                shutil.copy(HERE / name, work)
            done = subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"], cwd=work,
                                  capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with Cluster("--ephemeral", "--no-agent", "--listen", "127.0.0.1:0") as cluster:
                done = subprocess.run(["node", "client.mjs"], cwd=work, env=cluster.env, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout.strip()), (0, "ok"), done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
