"""Spark jobs of a cell, and their end when the cell is interrupted.

A KeyboardInterrupt alone leaves Spark's job running, with the next action
waiting behind it.  So each cell runs under a job group, and SIGINT cancels
that group from a thread of its own: the main thread's py4j connection is in
mid-request then, and is given up, lest the next call read a stale answer.
"""
from __future__ import annotations

import itertools
import signal
import threading
from typing import List, Optional

from splicemachine import _spark

CANCEL_WAIT_S = 2.0

_ids = itertools.count(1)
_group: Optional[str] = None
_cancelling: Optional[threading.Thread] = None


def enter(cell: Optional[str], description: str) -> None:
    """A cell begins: its jobs, and those of threads it starts, belong to its group."""
    global _group
    _group = f"splice-{cell or next(_ids)}"
    join()
    apply(description)


def apply(description: str) -> None:
    """Put this thread under the cell's group; again after the cell started Spark."""
    context = _spark.context()
    if context is not None and _group is not None:
        first = next((line.strip() for line in description.splitlines() if line.strip()), "")
        context.setJobGroup(_group, first[:80], interruptOnCancel=True)


def on_sigint(signum, frame) -> None:
    """The SIGINT handler while a cell runs."""
    cancel()
    raise KeyboardInterrupt


def install() -> None:
    """Called before each request, as ipykernel puts its own handler there."""
    signal.signal(signal.SIGINT, on_sigint)


def cancel() -> None:
    """Start to cancel the cell's jobs; returns at once."""
    global _cancelling
    context = _spark.context()
    if context is None or _group is None:
        return
    given_up = _give_up_connection(context)
    _cancelling = threading.Thread(target=_cancel, args=(context, _group, given_up),
                                   name="spark-cancel", daemon=True)
    _cancelling.start()


def join() -> None:
    """Wait for a cancellation under way, so that the next cell's jobs do not queue behind it."""
    global _cancelling
    thread, _cancelling = _cancelling, None
    if thread is not None:
        thread.join(CANCEL_WAIT_S)


def _give_up_connection(context) -> List[object]:
    """Take this thread's py4j connection away if it is in mid-request."""
    try:
        client = context._gateway._gateway_client
        connection = client.get_thread_connection()
        if connection is None or connection in client.deque:
            return []
        client.thread_connection.connection = None
        return [connection]
    except AttributeError:  # another py4j, or a Connect session: nothing to mend
        return []


def _cancel(context, group: str, given_up: List[object]) -> None:
    try:
        context.cancelJobGroup(group)
        # A job group that the cell set itself hides ours; its jobs are the cell's all the same.
        for job in context.statusTracker().getActiveJobsIds() if _group == group else ():
            if _is_orphan(context, job):
                context._jsc.sc().cancelJob(job)
    except Exception:  # the JVM is going down: its jobs go with it
        pass
    for connection in given_up:
        try:
            connection.socket.close()
        except Exception:
            pass


def _is_orphan(context, job: int) -> bool:
    return context.statusTracker().getJobInfo(job) is not None
