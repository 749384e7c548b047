"""Debian's image registry (docker-registry) on a free loopback port, alone or behind a proxy that cuts connections.

    with registry.Server(folder) as r:
        subprocess.run([...  r.url ...])
    with registry.Cutter(r.port, [1000000, 3000000]) as c:
        ...  c.url ...      the connections over which these bytes of all that is sent would go end there
"""
import base64
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

from ports import free_port

CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", secret: test}}
"""
# bcrypt of Server.password, the one form that the registry reads.
HASH = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"


def program():
    return shutil.which("docker-registry")


class Server:
    """With `protected` it asks for `user` and `password` (Basic)."""

    user, password = "tester", "secret"

    def __init__(self, folder, protected=False, port=0):
        self.folder = pathlib.Path(folder)
        self.protected = protected
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self):
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        text = CONFIG.format(root=self.folder / "data", port=self.port)
        if self.protected:
            (self.folder / "users").write_text(f"{self.user}:{HASH}\n")
            text += f"auth: {{htpasswd: {{realm: test, path: {self.folder / 'users'}}}}}\n"
        (self.folder / "config.yml").write_text(text)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([program(), "serve", self.folder / "config.yml"], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("docker-registry does not start:\n" + (self.folder / "log").read_text())
            time.sleep(0.05)
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(10)

    def _answers(self):
        try:
            self.get("/v2/")
            return True
        except (urllib.error.URLError, OSError):
            return False

    def get(self, path, **headers):
        """The answer's body and headers."""
        request = urllib.request.Request(self.url + path, headers=headers)
        if self.protected:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", "Basic " + token)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read(), answer.headers


class Cutter:
    """A TCP proxy that ends the connection over which the byte number `cuts[i]` of all that clients send would go."""

    def __init__(self, port, cuts):
        self.target = port
        self.cuts = sorted(cuts)
        self.cut = self.sent = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._copy, args=(client, server, self._allowed), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, len), daemon=True).start()

    def _allowed(self, data):
        """How many of these bytes from a client pass."""
        with self.lock:
            n = len(data)
            if self.cut < len(self.cuts) and self.sent + n >= self.cuts[self.cut]:
                n = self.cuts[self.cut] - self.sent
                self.cut += 1
            self.sent += n
            return n

    @staticmethod
    def _copy(source, sink, allowed):
        try:
            while data := source.recv(65536):
                n = allowed(data)
                sink.sendall(data[:n])
                if n < len(data):
                    break
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
