"""Starts the real child with a stand-in for its kernel, for tests.

Processes and files are the test's own: XDG folders below a temporary one,
ipc sockets, and a stop that waits for the end of what was started.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests/python"))

from bridge_server import BridgeServer  # noqa: E402
from jupyter_client import BlockingKernelClient  # noqa: E402
from jupyter_client.connect import write_connection_file  # noqa: E402

LIB = pathlib.Path(os.environ.get("SPLICE_LIB_DIR", pathlib.Path.home() / ".local/lib/splice-kernel"))


class Result:
    """What one cell showed."""

    def __init__(self):
        self.stdout = self.stderr = ""
        self.displays = []  # data of display_data, later updates in place
        self.results = []
        self.error = None   # content of the error message
        self.reply = None
        self.counts = []
        self._ids = {}

    def take(self, message):
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "stream":
            setattr(self, content["name"], getattr(self, content["name"]) + content["text"])
        elif kind == "display_data":
            self._ids[content.get("transient", {}).get("display_id")] = len(self.displays)
            self.displays.append(content["data"])
        elif kind == "update_display_data":
            at = self._ids.get(content["transient"]["display_id"])
            if at is not None:
                self.displays[at] = content["data"]
        elif kind == "execute_result":
            self.results.append(content["data"])
        elif kind == "error":
            self.error = content

    @property
    def notes(self):
        return [d.get("text/plain", "") for d in self.displays]

    @property
    def traceback(self):
        return "\n".join(self.error["traceback"]) if self.error else ""


class Child:
    """The child process; `bridge` is the stand-in's operations."""

    def __init__(self, via=(), **config):
        """`config` overrides members of the child's JSON; `via` is a command that starts it."""
        self.via = list(via)
        self.folder = tempfile.mkdtemp(prefix="child-")
        self.bridge = BridgeServer().__enter__()
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("AWS_", "MLFLOW_", "SPARK_", "PYSPARK_", "SPLICE_"))}
        for name in ("CONFIG", "DATA", "STATE", "CACHE", "RUNTIME"):
            path = os.path.join(self.folder, name.lower())
            os.mkdir(path, 0o700)
            self.env[f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}"] = path
        settings = os.path.join(self.folder, "child.json")
        with open(settings, "w") as f:
            json.dump({"bridge": self.bridge.address, "secret": self.bridge.secret,
                       "lib_dir": str(LIB), "spark": {"master": "local[2]", "conf": {
                           "spark.driver.memory": "1g"}},
                       "buckets": {"folders": {}, "any": None}, "python2_division": False,
                       "notebook": None, **config}, f)
        self.env.update(SPLICE_CHILD=settings, PYTHONPATH=str(REPO / "python"))
        self.cells = 0

    def __enter__(self):
        self.file, _ = write_connection_file(
            os.path.join(self.folder, "c.json"), transport="ipc", ip=os.path.join(self.folder, "s"),
            shell_port=1, iopub_port=2, stdin_port=3, hb_port=4, control_port=5, key=b"k")
        self.process = subprocess.Popen(
            [*self.via, str(LIB / "python/bin/python"), "-m", "splicemachine.child", "-f", self.file],
            env=self.env, start_new_session=True, cwd=self.folder,
            stderr=open(os.path.join(self.folder, "stderr"), "wb"))
        self.client = BlockingKernelClient(connection_file=self.file)
        self.client.load_connection_file()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *unused):
        self.client.stop_channels()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self.bridge.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, code, **splice):
        """Send a cell; its msg_id."""
        self.cells += 1
        meta = {"cell": uuid.uuid4().hex, "execution_count": self.cells, "tracking": None, **splice}
        message = self.client.session.msg("execute_request", {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": False}, metadata={"splice": meta})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def finish(self, msg_id, timeout=120):
        """Everything the cell shows, until its reply and idle."""
        result, idle, end = Result(), False, time.monotonic() + timeout
        while not (idle and result.reply):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"cell not done after {timeout} s: {vars(result)}")
            try:
                message = self.client.get_iopub_msg(timeout=min(left, 0.2))
                if message["parent_header"].get("msg_id") == msg_id:
                    result.take(message)
                    idle = idle or message["content"].get("execution_state") == "idle"
            except Exception as e:
                if type(e).__name__ != "Empty":
                    raise
            if result.reply is None and self.client.shell_channel.msg_ready():
                reply = self.client.get_shell_msg(timeout=1)
                if reply["parent_header"].get("msg_id") == msg_id:
                    result.reply = reply["content"]
        return result

    def run(self, code, timeout=120, **splice):
        return self.finish(self.start(code, **splice), timeout)

    def interrupt(self):
        os.kill(self.process.pid, signal.SIGINT)

    def descendants(self):
        """{pid: command line} of every process below the child."""
        parents, found, below = {}, {}, {self.process.pid}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as f:
                    parents[int(pid)] = int(f.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
        grew = True
        while grew:
            grew = False
            for pid, parent in parents.items():
                if parent in below and pid not in below:
                    below.add(pid)
                    grew = True
        for pid in below - {self.process.pid}:
            try:
                with open(f"/proc/{pid}/cmdline") as f:
                    found[pid] = f.read().replace("\0", " ")
            except OSError:
                continue
        return found


def alive(pids):
    """Those that still run (a zombie does not)."""
    running = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as f:
                if f.read().rpartition(")")[2].split()[0] not in "ZX":
                    running.append(pid)
        except OSError:
            continue
    return running


def wait_until(condition, timeout):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
