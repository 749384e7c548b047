"""Spark jobs of a cell, and their end when the cell is interrupted.

A KeyboardInterrupt alone leaves Spark's job running, with the next action
waiting behind it.  So each cell runs under a job group, and SIGINT cancels
that group (and a tag of the same name, which jobs keep when the cell sets a
group itself) from a thread of its own: the main thread's py4j connection is
in mid-request then, and is given up.
"""
from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
from socket import socketpair
from typing import Iterator, Optional

from splicemachine import _spark

CANCEL_WAIT_S = 2.0
NUDGES_S = (0.02, 0.1, 0.5, 1.0)  # each may come at a bad moment, too

_ids = itertools.count(1)
_group: Optional[str] = None
_cancelling: Optional[threading.Thread] = None
_armed = False    # SIGINT raises KeyboardInterrupt now
_pending = False  # SIGINT came before it could


def enter(cell: Optional[str], description: str) -> None:
    """A cell begins: its jobs, and those of threads it starts, belong to its group."""
    global _group
    _untag()
    _group = f"splice-{cell or next(_ids)}".replace(",", "-")
    join()
    apply(description)


def apply(description: str) -> None:
    """Put this thread under the cell's group; again after the cell started Spark."""
    context = _spark.context()
    if context is not None and _group is not None:
        first = next((line.strip() for line in description.splitlines() if line.strip()), "")
        context.setJobGroup(_group, first[:80], interruptOnCancel=True)
        if hasattr(context, "addJobTag"):
            context.addJobTag(_group)


def _untag() -> None:
    context = _spark.context()
    if context is not None and _group is not None and hasattr(context, "removeJobTag"):
        context.removeJobTag(_group)


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
def interruptible() -> Iterator[None]:
    """SIGINT raises within, also the one that came since `install`."""
    global _armed
    _armed = True
    try:
        if _pending:
            raise KeyboardInterrupt
        yield
    finally:
        _armed = False


def cancel() -> None:
    """Start to cancel the cell's jobs; returns at once."""
    global _cancelling
    context = _spark.context()
    if context is None or _group is None:
        return
    _cancelling = threading.Thread(target=_cancel, args=(context, _group, _give_up_connection(context)),
                                   name="spark-cancel", daemon=True)
    _cancelling.start()


def join() -> None:
    """Wait for a cancellation under way, so that the next cell's jobs do not queue behind it."""
    global _cancelling
    thread, _cancelling = _cancelling, None
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
