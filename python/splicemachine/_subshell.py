"""What the cells of subshells (JEP 91) have for themselves.

ipykernel runs the cells of each subshell in a thread of its own, beside the
main thread's, all with the one IPython shell.  That shell keeps the running
cell's number and result in plain attributes; here they belong to the thread.
The lists `In` and `Out` and the names `_`, `_n`, `_i` are the notebook's, so
cells of subshells leave them alone.
"""
from __future__ import annotations

import threading
from typing import Any

from ipykernel.displayhook import ZMQShellDisplayHook
from ipykernel.subshell import SubshellThread
from IPython.core.history import HistoryManager


def inside() -> bool:
    """Whether the calling thread is a subshell's."""
    return isinstance(threading.current_thread(), SubshellThread)


class Own:
    """An attribute that each subshell has for itself; every other thread sees the notebook's.

    A subshell sees the notebook's value until it has one of its own.
    """

    def __init__(self, default: Any = None):
        self._default = default
        self._local = threading.local()

    def __set_name__(self, owner, name):
        self._name = "_own_" + name

    def __get__(self, instance, owner):
        if instance is None:
            return self
        shared = instance.__dict__.get(self._name, self._default)
        return self._mine().get(id(instance), shared) if inside() else shared

    def __set__(self, instance, value):
        if inside():
            self._mine()[id(instance)] = value
        else:
            instance.__dict__[self._name] = value

    def _mine(self):
        return self._local.__dict__


class DisplayHook(ZMQShellDisplayHook):
    """Shows results; each thread those of its own cell."""

    msg = Own()
    exec_result = Own()
    _is_active = Own(False)

    def quiet(self):
        if not inside():
            return super().quiet()
        info = self.exec_result.info if self.exec_result is not None else None
        return info is not None and self.semicolon_at_end_of_expression(info.raw_cell)

    def update_user_ns(self, result):
        if not inside():
            super().update_user_ns(result)

    def log_output(self, format_dict):
        if not inside():
            super().log_output(format_dict)


class History(HistoryManager):
    """`In` counts as the notebook does: cells that were not Python's are empty entries."""

    def store_inputs(self, line_num, source, source_raw=None):
        if inside():
            return
        for entries in (self.input_hist_parsed, self.input_hist_raw):
            entries.extend([""] * (line_num - len(entries)))
        super().store_inputs(line_num, source, source_raw)

    def store_output(self, line_num):
        if not inside():
            super().store_output(line_num)
