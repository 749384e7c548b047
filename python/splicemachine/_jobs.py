"""Spark jobs of a cell, and their end when the cell is interrupted.

A KeyboardInterrupt alone leaves Spark's job running, with the next action
waiting behind it.  So each cell runs under a job group, and SIGINT cancels
that group (and a tag of the same name, which jobs keep when the cell sets a
group itself) from a thread of its own: the main thread's py4j connection is
in mid-request then, and is given up.

A signal reaches the main thread alone.  The thread of a subshell is stopped by
`interrupt`: its jobs first, since an exception raised in the midst of py4j's
protocol spoils the connection, then by an asynchronous KeyboardInterrupt,
which arrives when the thread next executes Python code.
"""
from __future__ import annotations

import collections
import contextlib
import ctypes
import itertools
import signal
import sys
import threading
import time
from socket import socketpair
from typing import Deque, Dict, Iterator, Optional

from splicemachine import _spark, _subshell

CANCEL_WAIT_S = 2.0
CANCEL_EVERY_S = 0.1
NUDGES_S = (0.02, 0.1, 0.5, 1.0)  # each may come at a bad moment, too


class _Work(threading.local):
    """What a thread is at."""

    def __init__(self):
        self.group: Optional[str] = None
        self.cancelling: Optional[threading.Thread] = None
        self.running: Optional[_Running] = None


class _Running:
    """A message that the thread of a subshell handles."""

    def __init__(self, message: str):
        self.message = message
        self.thread = threading.get_ident()
        self.group: Optional[str] = None
        self.interrupted = False


_ids = itertools.count(1)
_work = _Work()
_armed = False    # SIGINT raises KeyboardInterrupt now
_pending = False  # SIGINT came before it could
_lock = threading.Lock()
_running: Dict[str, _Running] = {}                        # under _lock; in subshells, by message
_early: Deque[str] = collections.deque(maxlen=64)  # under _lock; stopped before they began


def enter(cell: Optional[str], description: str) -> None:
    """A cell begins: its jobs, and those of threads it starts, belong to its group."""
    _untag()
    _work.group = f"splice-{cell or next(_ids)}".replace(",", "-")
    if _work.running:
        _work.running.group = _work.group
    join()
    apply(description)


def apply(description: str) -> None:
    """Put this thread under the cell's group; again after the cell started Spark."""
    context = _spark.context()
    if context is not None and _work.group is not None:
        first = next((line.strip() for line in description.splitlines() if line.strip()), "")
        context.setJobGroup(_work.group, first[:80], interruptOnCancel=True)
        if hasattr(context, "addJobTag"):
            context.addJobTag(_work.group)


def _untag() -> None:
    context = _spark.context()
    if context is not None and _work.group is not None and hasattr(context, "removeJobTag"):
        context.removeJobTag(_work.group)


def on_sigint(signum, frame) -> None:
    """The SIGINT handler while a request is handled."""
    global _pending
    __tracebackhide__ = True  # the cell's own line is the last
    if not _armed:
        _pending = True
        return
    cancel()
    raise KeyboardInterrupt


def install(armed: bool) -> None:
    """Called before each request, as ipykernel puts its own handler there.

    `armed`: KeyboardInterrupt may be raised anywhere in the request.  In an
    execute_request it may not: outside of the cell ipykernel would catch it
    and send no reply.
    """
    global _armed, _pending
    _armed, _pending = armed, False
    signal.signal(signal.SIGINT, on_sigint)


def watch(loop) -> None:
    """Let SIGINT through, whatever the main thread waits in.

    The event loop: for a cell that awaits, ipykernel's own handler leaves the cancelling to the
    loop, and tornado does not wake a loop for what its own thread adds.

    A system call: Python looks for signals between two instructions, and when a signal breaks a
    call off.  One that comes just before the call begins, or that another thread receives, would
    wait for its end.  So the call is broken off by SIGURG, which means nothing and is ignored
    wherever this handler is not.
    """
    reader, writer = socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGURG, lambda *_: None)
    threading.Thread(target=_nudge, args=(loop, reader, writer), name="splice-interrupt", daemon=True).start()


def _nudge(loop, reader, writer) -> None:
    """The watching thread; it keeps both ends open."""
    main = threading.main_thread().ident
    while True:
        if signal.SIGINT not in reader.recv(4096):
            continue
        loop.add_callback(lambda: None)
        for delay in NUDGES_S:
            time.sleep(delay)
            signal.pthread_kill(main, signal.SIGURG)


@contextlib.contextmanager
def interruptible(message: str) -> Iterator[None]:
    """An interrupt raises KeyboardInterrupt within, also the one that came before.

    `message` is the msg_id of the cell's request.
    """
    if _subshell.inside():
        try:
            begin(message)
            yield
        finally:
            end()
        return
    global _armed
    _armed = True
    try:
        if _pending:
            raise KeyboardInterrupt
        yield
    finally:
        _armed = False


def begin(message: str) -> None:
    """This thread of a subshell handles a message: until `end`, `interrupt` reaches it."""
    with _lock:
        _work.running = _running[message] = _Running(message)
        if message in _early:
            _work.running.interrupted = True
            raise KeyboardInterrupt


def end() -> None:
    """The counterpart of `begin`, which may be missing.  What was raised by then is taken in here."""
    while True:
        try:
            with _lock:
                if _work.running:
                    _running.pop(_work.running.message, None)
            time.sleep(0)  # an exception that was set before arrives here at the latest
            return
        except KeyboardInterrupt:
            continue


def was_interrupted() -> bool:
    """Whether `interrupt` stopped what this thread handled last."""
    return _work.running is not None and _work.running.interrupted


def interrupt(message: str) -> None:
    """Stop what a subshell is at, by the msg_id of its request; returns at once.  Any thread.

    A call into C code that does not return (`time.sleep`) is not broken off: the exception waits.
    """
    with _lock:
        running = _running.get(message)
        if running is None:
            _early.append(message)
            return
        running.interrupted = True
    threading.Thread(target=_stop, args=(running,), name="splice-interrupt", daemon=True).start()


def _stop(running: _Running) -> None:
    deadline = time.monotonic() + CANCEL_WAIT_S
    while _in_java(running.thread) and time.monotonic() < deadline:
        if running.group is not None:
            _cancel(_spark.context(), running.group, None)
        time.sleep(CANCEL_EVERY_S)
    with _lock:
        if _running.get(running.message) is running:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(running.thread),
                                                       ctypes.py_object(KeyboardInterrupt))


def _in_java(thread: int) -> bool:
    """Whether the thread awaits an answer of the JVM."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("py4j."):
            return True
        frame = frame.f_back
    return False


def cancel() -> None:
    """Start to cancel the cell's jobs; returns at once."""
    context = _spark.context()
    if context is None or _work.group is None:
        return
    _work.cancelling = threading.Thread(
        target=_cancel, args=(context, _work.group, _give_up_connection(context)),
        name="spark-cancel", daemon=True)
    _work.cancelling.start()


def join() -> None:
    """Wait for a cancellation under way, so that the next cell's jobs do not queue behind it."""
    thread, _work.cancelling = _work.cancelling, None
    if thread is not None:
        thread.join(CANCEL_WAIT_S)


def _give_up_connection(context):
    """The socket on which this thread waits for an answer of the JVM, taken from py4j; or None.

    py4j would close it by itself, and every other thread's connection with it: it takes those to
    the same port for the same one (java_gateway.py, GatewayClient.send_command).
    """
    try:
        client = context._gateway._gateway_client
        connection = client.get_thread_connection()
        if connection is None or connection in client.deque:
            return None
        socket, connection.socket = connection.socket, None
        return socket
    except AttributeError:  # another py4j: its jobs are cancelled all the same
        return None


def _cancel(context, group: str, socket) -> None:
    try:
        if socket is not None:
            # The JVM goes on with the call whose answer nobody awaits: what it submits later ends too.
            context._jsc.sc().cancelJobGroupAndFutureJobs(group)
        else:
            context.cancelJobGroup(group)
        if hasattr(context, "cancelJobsWithTag"):
            context.cancelJobsWithTag(group)
    except Exception:  # the JVM is going down: its jobs go with it
        pass
    finally:
        if socket is not None:
            socket.close()
