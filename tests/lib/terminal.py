"""A command on a real terminal: type lines at its prompt, read what comes back."""
import os
import pty
import re
import select
import signal
import time


ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])")


class Terminal:
    def __init__(self, argv, env, rows=40, cols=200):
        import fcntl
        import struct
        import termios
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def _read(self, timeout):
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return True
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:
            return False
        # Shells ask the terminal where its cursor is and colour their prompts: only text counts here.
        self.text = ESCAPES.sub("", self.text + chunk.decode("utf-8", "replace"))
        return bool(chunk)

    def expect(self, pattern, timeout):
        """Reads until the pattern shows in what has come since the last call; returns that text, or None."""
        deadline = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.text)
            if match:
                seen, self.text = self.text[:match.end()], self.text[match.end():]
                return seen
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(min(left, 0.5)):
                match = re.search(pattern, self.text)
                if not match:
                    return None

    def send(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def close(self, timeout=30):
        """Waits for the command to end; its exit status, or None when it had to be killed."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self._read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return None
