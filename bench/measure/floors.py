"""What the same machine does without k8c: nginx serving the same bytes over TLS, SQLite committing the same rows."""
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import time

from . import load, server as srv

CONFIG = """daemon off; worker_processes 1; pid {d}/pid; error_log {d}/error.log; {user}
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 1000000000; open_file_cache max=10; sendfile on; client_body_temp_path {d}; proxy_temp_path {d};
fastcgi_temp_path {d}; uwsgi_temp_path {d}; scgi_temp_path {d};
server {{ listen 127.0.0.1:{port} ssl http2; http2_max_requests 1000000000; ssl_certificate {pki}/apiserver.crt; ssl_certificate_key {pki}/apiserver.key;
ssl_protocols TLSv1.3; root {d}; default_type application/json; }} }}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Nginx:
    """One worker on the server's core; files {name: bytes} are served."""

    def __init__(self, folder, files):
        self.dir, self.port = pathlib.Path(folder, "nginx"), free_port()
        self.dir.mkdir(mode=0o755)
        for name, data in files.items():
            (self.dir / name).write_bytes(data)
        self.url = f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        key, crt = self.dir / "apiserver.key", self.dir / "apiserver.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", key, "-out", crt], check=True, capture_output=True)
        (self.dir / "conf").write_text(CONFIG.format(d=self.dir, port=self.port, pki=self.dir, user="user root;" if os.geteuid() == 0 else ""))
        self.process = subprocess.Popen(srv.pinned(srv.SERVER_CORE, ["nginx", "-p", self.dir, "-c", self.dir / "conf"]), stderr=subprocess.DEVNULL)
        for _ in range(200):
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            if children:
                self.pids = (int(children[0]),)
                time.sleep(0.1)
                return self
            time.sleep(0.02)
        self.__exit__()
        raise RuntimeError("nginx did not start")

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def sqlite_commits(folder, row, rows, batch):
    """CPU seconds per row and rows a second; synchronous=FULL: each commit is on the disk before the next begins."""
    path = pathlib.Path(folder, f"floor-{batch}.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE pods(name TEXT PRIMARY KEY, json TEXT)")
    cpu, wall = time.process_time(), time.monotonic()
    for at in range(0, rows, batch):
        db.execute("BEGIN")
        db.executemany("INSERT INTO pods VALUES(?,?)", ((f"pod-{i}", row) for i in range(at, at + batch)))
        db.execute("COMMIT")
    out = {"cpu": (time.process_time() - cpu) / rows, "rate": rows / (time.monotonic() - wall)}
    db.close()
    for left in path.parent.glob(path.name + "*"):
        left.unlink()
    return out
