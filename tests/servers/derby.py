#!/usr/bin/env python3
"""An Apache Derby network server for tests.

As a context manager:

    with Derby(users={"ann": "secret"}) as db:
        connect("127.0.0.1", db.port)

From the command line it starts one, runs a command with DERBY_PORT and
DERBY_HOME in its environment, stops the server and returns the command's
status:

    tests/servers/derby.py [--heap 256m] [--user NAME=PASSWORD] COMMAND …
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from ports import free_port

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20


def lib_dir():
    return os.environ.get("SPLICE_LIB_DIR") or os.path.expanduser("~/.local/lib/splice-kernel")


def jars():
    found = sorted(glob.glob(os.path.join(lib_dir(), "jars", "derby", "*.jar")))
    if not found:
        raise RuntimeError(f"no Derby jars below {lib_dir()}: ./install.sh installs them")
    return found


class Derby:
    """Runs from `with` to its end in a folder of its own, on a free port of the loopback."""

    def __init__(self, users=None, heap="256m", properties=None):
        self.users = users or {}
        self.heap = heap
        self.properties = properties or {}
        self.port = None
        self.home = None
        self.process = None

    def command(self):
        settings = {"derby.system.home": self.home, "derby.stream.error.file":
                    os.path.join(self.home, "derby.log")}
        if self.users:
            settings["derby.connection.requireAuthentication"] = "true"
            settings["derby.authentication.provider"] = "BUILTIN"
            settings.update({f"derby.user.{u}": p for u, p in self.users.items()})
        settings.update(self.properties)
        return (["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC"]
                + [f"-D{k}={v}" for k, v in settings.items()]
                + ["-cp", ":".join(jars()), "org.apache.derby.drda.NetworkServerControl",
                   "start", "-h", "127.0.0.1", "-p", str(self.port)])

    def start(self):
        self.home = tempfile.mkdtemp(prefix="derby-test-")
        self.port = free_port()
        self.log = open(os.path.join(self.home, "server.log"), "wb")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            text = f.read()[-2000:]
        self.stop()
        raise RuntimeError("Derby did not start:\n" + text)

    def kill(self):
        """As a power cut: no goodbye to anybody."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    __enter__ = start

    def __exit__(self, *exception):
        self.stop()


def main(argv):
    users, heap = {}, "256m"
    while argv and argv[0].startswith("--"):
        option, value = argv[0], argv[1]
        argv = argv[2:]
        if option == "--heap":
            heap = value
        elif option == "--user":
            name, _, password = value.partition("=")
            users[name] = password
        else:
            sys.exit(f"derby.py: {option}?\n{__doc__}")
    if not argv:
        sys.exit(__doc__)
    with Derby(users, heap) as db:
        environment = dict(os.environ, DERBY_PORT=str(db.port), DERBY_HOME=db.home)
        return subprocess.call(argv, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
