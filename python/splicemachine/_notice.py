"""One-line notices beside a cell's output.

Where a front end shows them they are small grey lines in the order of the
cell's other output; in a plain Python process they go to stderr.
"""
from __future__ import annotations

import html
import sys
from typing import Any, Dict, Optional


def _shell():
    core = sys.modules.get("IPython.core.getipython")
    shell = core.get_ipython() if core else None
    return shell if shell is not None and hasattr(shell, "kernel") else None


def in_notebook() -> bool:
    """Whether a Jupyter front end shows this process's output."""
    return _shell() is not None


def publish(data: Dict[str, Any], metadata: Optional[Dict[str, Any]] = None,
            display_id: Optional[str] = None, update: bool = False) -> None:
    """Show a MIME bundle under the cell, after everything printed so far."""
    shell = _shell()
    if shell is None:
        if not update and "text/plain" in data:
            print(data["text/plain"])
        return
    transient = {"display_id": display_id} if display_id else {}
    shell.display_pub.publish(data, metadata or {}, transient=transient, update=update)


def bundle(text: str) -> Dict[str, str]:
    """The MIME bundle of a notice."""
    return {"text/plain": text,
            "text/html": f'<div style="color:#757575">{html.escape(text)}</div>'}


def notice(text: str) -> None:
    """Say one thing."""
    if _shell() is None:
        print(text, file=sys.stderr)
    else:
        publish(bundle(text))


class Progress:
    """A notice that changes in place and ends as one short line."""

    _count = 0

    def __init__(self, text: str):
        Progress._count += 1
        self._id = f"splice-progress-{id(self):x}-{Progress._count}"
        self._live = in_notebook()
        if self._live:
            publish(bundle(text), display_id=self._id)
        else:
            print(text, file=sys.stderr)

    def update(self, text: str) -> None:
        """Show other text in the same place."""
        if self._live:
            publish(bundle(text), display_id=self._id, update=True)
