"""A kernel of its own for the replay: started, spoken to, ended.

It is the program of the notebook's kernel, with the environment that this
child was started with and the notebook's database.  Nothing secret is on its
command line.  It ends with the retraining, and by itself when this process
does (JPY_PARENT_PID).

Jupyter's messages are spoken over ZeroMQ here: the waits are the main
thread's own, so that an interrupt breaks them off.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import quote

from splicemachine import _spark
from splicemachine._retrain.replay import VARIABLE
from splicemachine.errors import SpliceError

START_S = 60.0
END_S = 8.0
TICK_S = 0.2
OUTPUT_MAX = 64 << 10  # characters of a cell's output that are kept, the last ones
SOCKET_PATH_MAX = 90   # ipc addresses hold 107 bytes
# What the notebook's kernel adds for its child, and what a second kernel must not take for its own.
NOT_INHERITED = ("SPLICE_CHILD", "JPY_PARENT_PID", "PYDEVD_DISABLE_FILE_VALIDATION", VARIABLE)


@dataclass
class Outcome:
    """What a cell did."""

    ok: bool
    ename: str = ""
    evalue: str = ""
    output: str = ""
    traceback: List[str] = field(default_factory=list)


def environment(access: Optional[Dict[str, Any]], plan_file: str) -> Dict[str, str]:
    """The environment that this process was started with, and how to reach the notebook's database.

    `access` is the bridge's sql.jdbc, None when no database is needed.
    """
    with open("/proc/self/environ", "rb") as f:
        pairs = [os.fsdecode(p).partition("=") for p in f.read().split(b"\0") if b"=" in p]
    env = {name: value for name, _, value in pairs if name not in NOT_INHERITED}
    if access is not None:
        scheme, _, rest = access["url"].removeprefix("jdbc:").partition("://")
        host, _, database = rest.partition("/")
        user = quote(access["user"], safe="") + "@" if access.get("user") else ""
        env["SPLICE_URL"] = f"{scheme}://{user}{host}/{quote(database, safe=';=/,:')}"
        env.pop("SPLICE_PASSWORD", None)
        if access.get("password"):
            env["SPLICE_PASSWORD"] = access["password"]
    return {**env, "JPY_PARENT_PID": str(os.getpid()), VARIABLE: plan_file}


def scratch() -> str:
    """A private folder that goes with this process, however that ends."""
    base = _spark.folder()
    if base is None or len(base) > SOCKET_PATH_MAX - len("/retrain-12345678/c-1"):
        base = None
    return tempfile.mkdtemp(prefix="retrain-", dir=base)


class Fresh:
    """One kernel; use it in a `with`."""

    def __init__(self, program: str, folder: str, env: Dict[str, str]):
        self._program, self._folder, self._env = program, folder, env
        self._process: Optional[subprocess.Popen] = None
        self._sockets: Dict[str, Any] = {}

    def __enter__(self) -> "Fresh":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.stop()

    # --- life ---

    def start(self, tick: Callable[[], None]) -> None:
        """Start it and wait until it answers.  SpliceError when it does not."""
        from jupyter_client.connect import write_connection_file
        from jupyter_client.session import Session

        key = os.urandom(32).hex().encode()
        file, info = write_connection_file(
            os.path.join(self._folder, "connection.json"), transport="ipc", ip=os.path.join(self._folder, "c"),
            shell_port=1, iopub_port=2, stdin_port=3, hb_port=4, control_port=5, key=key)
        self._log = os.path.join(self._folder, "kernel.out")
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-f", file], env=self._env, cwd=_starting_folder(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        self._session = Session(key=key, signature_scheme=info["signature_scheme"])
        self._connect(info["ip"])
        self._wait_ready(tick)

    def _connect(self, ip: str) -> None:
        import zmq

        context = zmq.Context.instance()
        for number, (name, kind) in enumerate((("shell", zmq.DEALER), ("iopub", zmq.SUB), ("control", zmq.DEALER))):
            socket = self._sockets[name] = context.socket(kind)
            socket.linger = 0
            socket.rcvhwm = 0
            if kind == zmq.SUB:
                socket.subscribe(b"")
            socket.connect(f"ipc://{ip}-{(1, 2, 5)[number]}")

    def _wait_ready(self, tick: Callable[[], None]) -> None:
        """Until a request is answered on shell and its status is seen on iopub."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            asked, again, answers = self._send("shell", "kernel_info_request", {}), time.monotonic() + 1, set()
            while time.monotonic() < again:
                answers |= {m["channel"] for m in self._messages(tick)
                            if m["parent_header"].get("msg_id") == asked}
                if answers == {"shell", "iopub"}:
                    return
                self._check_alive()
        raise SpliceError(f"the fresh kernel does not answer after {START_S:.0f} s", self._said())

    def _check_alive(self) -> None:
        if self._process.poll() is not None:
            raise SpliceError(f"the fresh kernel ended (status {self._process.returncode})", self._said())

    def _said(self) -> Optional[str]:
        with open(self._log, encoding="utf-8", errors="replace") as f:
            return f.read()[-2000:].strip() or None

    def stop(self) -> None:
        """End it: politely, then by force.  Harmless when it does not run."""
        process = self._process
        try:
            if process is not None and process.poll() is None and self._sockets:
                self._send("control", "shutdown_request", {"restart": False})
                process.wait(END_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            pass
        finally:
            if process is not None and process.poll() is None:
                process.kill()  # its child and Spark end with it
                process.wait()
            if process is not None:
                _spark.remove_stale()  # a child that Spark holds up is killed before it has tidied
            for socket in self._sockets.values():
                socket.close(0)
            self._sockets = {}

    # --- cells ---

    def run(self, code: str, about: Dict[str, Any], tick: Callable[[], None] = lambda: None,
            own: bool = False, limit_s: Optional[float] = None) -> Outcome:
        """Run one cell to its end; `about` goes to replay.py.

        `own`: one of the retraining's, of which the session keeps no record.
        """
        asked = self._send("shell", "execute_request", {
            "code": code, "silent": False, "store_history": not own, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": False}, {"splice_retrain": about})
        outcome, replied, idle = Outcome(False), False, False
        end = time.monotonic() + limit_s if limit_s else None
        while not (replied and idle):
            for message in self._messages(tick):
                if message["parent_header"].get("msg_id") != asked:
                    continue
                if message["channel"] == "shell":
                    replied = True
                    outcome.ok = message["content"].get("status") == "ok"
                    outcome.ename = outcome.ename or str(message["content"].get("ename") or "")
                    outcome.evalue = outcome.evalue or str(message["content"].get("evalue") or "")
                else:
                    idle = _take(outcome, message) or idle
            self._check_alive()
            if end and time.monotonic() > end:
                raise SpliceError("the fresh kernel does not answer")
        return outcome

    def interrupt(self) -> None:
        """Stop the cell that runs."""
        self._send("control", "interrupt_request", {})

    # --- messages ---

    def _send(self, channel: str, kind: str, content: Dict[str, Any], metadata: Optional[Dict[str, Any]] = None) -> str:
        message = self._session.msg(kind, content, metadata=metadata)
        self._session.send(self._sockets[channel], message)
        return message["header"]["msg_id"]

    def _messages(self, tick: Callable[[], None]) -> List[Dict[str, Any]]:
        """What came, after a short wait for something to come."""
        import zmq

        poller = zmq.Poller()
        for name in ("shell", "iopub"):
            poller.register(self._sockets[name], zmq.POLLIN)
        found: List[Dict[str, Any]] = []
        ready = dict(poller.poll(int(TICK_S * 1000)))
        for name in ("iopub", "shell"):
            while self._sockets[name] in ready and self._sockets[name].poll(0):
                _, message = self._session.recv(self._sockets[name], mode=zmq.NOBLOCK)
                if message is not None:
                    found.append({**message, "channel": name})
        tick()
        return found


def _take(outcome: Outcome, message: Dict[str, Any]) -> bool:
    """Note an iopub message; True for the cell's idle."""
    kind, content = message["msg_type"], message["content"]
    if kind == "status":
        return content.get("execution_state") == "idle"
    if kind == "stream":
        outcome.output = (outcome.output + content.get("text", ""))[-OUTPUT_MAX:]
    elif kind in ("display_data", "execute_result"):
        text = content.get("data", {}).get("text/plain", "")
        outcome.output = (outcome.output + text + "\n")[-OUTPUT_MAX:]
    elif kind == "error":
        outcome.ename, outcome.evalue = content.get("ename", ""), content.get("evalue", "")
        outcome.traceback = list(content.get("traceback") or ())
    return False


def _starting_folder() -> Optional[str]:
    """Where the notebook's kernel was started; a cell may have gone elsewhere since."""
    place = f"/proc/{os.getppid()}/cwd"
    return place if os.path.isdir(place) else None


def answer(folder: str, name: str) -> Any:
    """What replay.tell left there; None when it left nothing."""
    path = os.path.join(folder, name + ".json")
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def remove(folder: str) -> None:
    """Remove the scratch folder."""
    shutil.rmtree(folder, ignore_errors=True)
