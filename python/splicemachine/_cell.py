"""The cell that is running: its id, and what the kernel said about it.

The main thread and tasks that it starts see their own cell; a thread that a
cell started and that outlives it keeps asking on behalf of the last cell.
"""
from __future__ import annotations

import contextvars
from typing import Any, Dict, Optional

_current: contextvars.ContextVar = contextvars.ContextVar("splice_cell", default=None)
_last: Optional[Dict[str, Any]] = None


def enter(info: Dict[str, Any]) -> None:
    """A cell begins.  `info` is the `metadata.splice` of its execute_request (docs/BRIDGE.md)."""
    global _last
    _last = info
    _current.set(info)


def info() -> Dict[str, Any]:
    """What the kernel said about this thread's cell; empty before the first one."""
    return _current.get() or _last or {}


def cell_id() -> Optional[str]:
    """msg_id of the execute_request, or None before the first cell."""
    return info().get("cell")
