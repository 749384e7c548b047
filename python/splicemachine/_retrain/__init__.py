"""Retraining: the recorded cells of a run, on fresh rows, as a new run beside the old (`%mlmanager retrain`).

recorded.py   what the run kept            cells.py     a cell, ready to be looked at
names.py      what a cell does to names    session.py   which cells others need
sqlcells.py   SQL and %mlmanager cells     tables.py    tables' names in texts
outside.py    what reaches outside
plan.py       what is run of it all        show.py      how that is said
kernel.py     the fresh kernel             replay.py    what is different in its child
compare.py    old and new on the same rows
drive.py      all of it, in the notebook's child
"""
from __future__ import annotations

import os


def run(request: str) -> None:
    """What %mlmanager retrain asks for, as JSON (magics/mlmanager/retrain.c)."""
    __tracebackhide__ = True
    from splicemachine._retrain import drive

    drive.run(request)


def take_plan() -> None:
    """In a child that starts: whether it is there to replay."""
    if "SPLICE_RETRAIN" in os.environ:
        from splicemachine._retrain import replay

        replay.take()
