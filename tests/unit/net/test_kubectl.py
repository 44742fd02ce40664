#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real kubectls' exec and port-forward against our SPDY/3.1 and WebSocket. Usage: test_kubectl.py SERVE-EXEC"""
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

SERVE = sys.argv[1]
SKIP = 77
WAIT = 60
RACES = 20


def kubectls():
    """Every kubectl beside the installed one."""
    found = shutil.which("kubectl")
    if not found:
        return []
    beside = glob.glob(os.path.join(os.path.dirname(os.path.realpath(found)), "kubectl*"))
    return sorted(p for p in {os.path.realpath(p) for p in beside} if os.access(p, os.X_OK) and not os.path.isdir(p))


def run_exec(kubectl, env, *flags, **how):
    """Once more where kubectl lost a race with itself: before v1.34 it may read before it has made its streams."""
    for _ in range(RACES):
        r = subprocess.run([kubectl, "exec", *flags, "p", "--", "program"], capture_output=True, env=env, timeout=WAIT, **how)
        if b"Unknown stream id" not in r.stderr:
            break
    return r


def exec_test(kubectl, env):
    data = os.urandom(300000)
    r = run_exec(kubectl, env, "-i", input=data)
    assert r.stdout == data, (len(r.stdout), r.stderr)
    assert b"done\n" in r.stderr and r.returncode == 3, (r.returncode, r.stderr)
    r = run_exec(kubectl, env)
    assert r.stdout == b"" and b"done\n" in r.stderr and r.returncode == 3, (r.returncode, r.stderr)


def forward_test(kubectl, env):
    p = subprocess.Popen([kubectl, "port-forward", "p", ":80"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        port = int(re.search(r"127.0.0.1:(\d+)", p.stdout.readline()).group(1))
        for size in (1, 100000):
            for _ in range(3):
                data = os.urandom(size)
                with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as c:
                    c.sendall(data)
                    c.shutdown(socket.SHUT_WR)
                    got = b""
                    while part := c.recv(65536):
                        got += part
                assert got == data, (len(got), size)
    finally:
        p.kill()
        p.communicate()


def main():
    programs = kubectls()
    if not programs:
        print("skipped: kubectl is not installed")
        return SKIP
    folder = tempfile.mkdtemp(prefix="k8c-kubectl-")
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                    cert, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    with open(os.path.join(folder, "log"), "w+") as log:
        server = subprocess.Popen([SERVE, cert, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        port = int(server.stdout.readline())
        config = os.path.join(folder, "config")
        with open(config, "w") as f:
            f.write("""{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
                users: [{name: u, user: {token: t}}],
                clusters: [{name: c, cluster: {server: "https://localhost:%d", certificate-authority: "%s"}}]}""" % (port, cert))
        env = dict(os.environ, KUBECONFIG=config, HOME=folder)
        failed = 0
        for program in programs:
            for test in (exec_test, forward_test):
                try:
                    test(program, env)
                    print("ok  ", test.__name__, program, flush=True)
                except Exception as e:
                    failed += 1
                    print("FAIL", test.__name__, program, repr(e)[:2000], flush=True)
        server.stdin.close()
        code = server.wait(WAIT)
        log.seek(0)
        text = log.read()
    print("protocols:", sorted(set(re.findall(r"protocol (\S+)", text))))
    if code:
        print("the server exited with", code)
        print(text[-4000:])
    shutil.rmtree(folder)
    return 1 if failed or code else 0


sys.exit(main())
