"""The client end of the bridge to the kernel (docs/BRIDGE.md).

One DEALER socket per thread, reopened after a fork: ZeroMQ sockets belong to
one thread, and a process that forked shares nothing with its parent's.  An
interrupted request is cancelled in the kernel before KeyboardInterrupt goes
on, so that a cell that was stopped leaves no statement running.
"""
from __future__ import annotations

import itertools
import json
import os
import re
import threading
import time
from typing import Any, Callable, Dict, Optional

from splicemachine import _cell
from splicemachine._notice import notice
from splicemachine.errors import BridgeError, SQLError, SpliceError, tracking_error

CANCEL_WAIT_S = 2.0  # an interrupted cell is idle within this time, answer or not
HELLO_WAIT_S = 10.0  # a kernel that is alive answers hello at once, even while its workers are busy
REQUEST_MB = 512     # the kernel drops a larger message without reading it (base/limits.h)
POLL_MS = 500        # between looks at whether the kernel is still there

OUTSIDE = ("this needs the Splice kernel",
           'Run it in a notebook cell of the kernel "Splice ML (SQL + PySpark)".')


class Bridge:
    """A kernel's bridge, as `address` and `secret` of the child's JSON file name it."""

    def __init__(self, address: str, secret: str):
        self._address = address
        self._secret = secret.encode()
        self._kernel_pid = os.getppid()
        self._owner_pid = os.getpid()
        self._local = threading.local()
        self._ids = itertools.count(1)

    def call(self, op: str, args: Optional[Dict[str, Any]] = None,
             on_notice: Callable[[str], None] = notice) -> Any:
        """Ask for one operation and wait for its result.

        Waits as long as the kernel lives; the answer's notices go to
        `on_notice` as they come.  Raises SQLError, TrackingError or
        BridgeError, and KeyboardInterrupt when the user stops the cell.
        """
        __tracebackhide__ = True  # the user's line is what failed
        socket = self._socket()
        request = next(self._ids)
        try:
            self._send(socket, {"id": request, "cell": _cell.cell_id(), "op": op,
                                "args": args or {}})
            return self._wait(socket, request, op, on_notice)
        except KeyboardInterrupt:
            self._cancel(socket, request)
            raise

    def _socket(self):
        import zmq

        if getattr(self._local, "pid", None) != os.getpid():
            self._local.socket = self._open(zmq)
            self._local.pid = os.getpid()
            self._hello(self._local.socket)
        return self._local.socket

    def _open(self, zmq):
        # After a fork the inherited context is the parent's: never touched, not even to close it.
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(self._address)
        return socket

    def _hello(self, socket) -> None:
        request = next(self._ids)
        try:
            self._send(socket, {"id": request, "cell": None, "op": "hello", "args": {}})
            self._wait(socket, request, "hello", notice, time.monotonic() + HELLO_WAIT_S)
        except BaseException:
            self._local.pid = None
            socket.close(0)
            raise

    def _send(self, socket, message: Dict[str, Any]) -> None:
        try:
            body = json.dumps(message, allow_nan=False, ensure_ascii=False)
        except (TypeError, ValueError) as e:
            raise BridgeError(f"{message['op']}: an argument cannot be sent: {e}") from None
        if "\\u0000" in body:  # the kernel's text is NUL-terminated
            body = re.sub(r"(?<!\\)((?:\\\\)*)\\u0000", "\\1\ufffd", body)
        data = body.encode("utf-8", "replace")
        if len(data) > REQUEST_MB << 20:
            raise BridgeError(f"{message['op']}: its arguments are {len(data) >> 20} MB, more than {REQUEST_MB}")
        socket.send_multipart([self._secret, data])

    def _wait(self, socket, request: int, op: str, on_notice, deadline=None) -> Any:
        __tracebackhide__ = True
        while True:
            if socket.poll(POLL_MS):
                answer = json.loads(socket.recv())
                if answer.get("id") not in (request, None):  # None: it could not be read
                    continue  # of a request given up earlier
                if "event" in answer:
                    if answer["event"] == "notice":
                        on_notice(answer.get("text", ""))
                    continue
                if answer.get("ok"):
                    return answer.get("result")
                raise _error(op, answer.get("error") or {})
            if self._kernel_gone():
                raise BridgeError("the kernel of this notebook has ended",
                                  "Restart the kernel and run the cells again.")
            if deadline is not None and time.monotonic() > deadline:
                raise BridgeError("the kernel does not answer", "Restart the kernel.")

    def _kernel_gone(self) -> bool:
        return os.getpid() == self._owner_pid and os.getppid() != self._kernel_pid

    def _cancel(self, socket, request: int) -> None:
        try:
            self._send(socket, {"id": request, "op": "cancel"})
            end = time.monotonic() + CANCEL_WAIT_S
            while (left := end - time.monotonic()) > 0:
                if socket.poll(int(left * 1000) + 1):
                    answer = json.loads(socket.recv())
                    if answer.get("id") == request and "event" not in answer:
                        return
        except KeyboardInterrupt:
            pass  # asked twice: stop waiting


def _error(op: str, error: Dict[str, Any]) -> BaseException:
    name = str(error.get("ename") or "Error")
    text = str(error.get("evalue") or name)
    hint = error.get("hint") or None
    if name == "KeyboardInterrupt":
        return KeyboardInterrupt()
    if op.startswith("track."):
        return tracking_error(text, name, hint)
    if re.fullmatch(r"[0-9A-Z]{5}", name):
        return SQLError(name, text, hint)
    if op == "hello":
        return BridgeError(text, hint)
    return SpliceError(text if name in ("Error", "SpliceError") else f"{name}: {text}", hint)


_bridge: Optional[Bridge] = None
_guard: Optional[Callable[..., Any]] = None


def connect(address: str, secret: str) -> None:
    """Called once by the child: from now on `call` reaches the kernel."""
    global _bridge
    _bridge = Bridge(address, secret)


def available() -> bool:
    """Whether this process was started by a Splice kernel."""
    return _bridge is not None


def guard(guarded: Callable[[str, Dict[str, Any], Callable[..., Any]], Any]) -> None:
    """From now on `guarded(op, args, ask)` answers every call; ``ask(op, **args)`` asks the kernel."""
    global _guard
    _guard = guarded


def call(op: str, **args: Any) -> Any:
    """One operation of docs/BRIDGE.md; see Bridge.call."""
    __tracebackhide__ = True
    return _ask(op, **args) if _guard is None else _guard(op, args, _ask)


def _ask(op: str, **args: Any) -> Any:
    __tracebackhide__ = True
    if _bridge is None:
        raise BridgeError(*OUTSIDE)
    result = _bridge.call(op, args)
    for text in result.get("notices") or () if isinstance(result, dict) else ():
        notice(text)
    return result
