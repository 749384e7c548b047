"""`z`: what Zeppelin notebooks call ZeppelinContext.

``z.show`` draws tables and charts through the kernel, so that they look the
same as those of SQL cells.  Forms (``z.input`` and the like) give their
default: a notebook that runs from top to bottom has nobody to ask.
"""
from __future__ import annotations

from typing import Any, Dict, Iterable, Optional

from splicemachine import _bridge, _table
from splicemachine._notice import publish

CHARTS = ("auto", "none", "pie", "bar")


class ZeppelinContext:
    """The object `z` of every Python cell."""

    def __init__(self):
        self._pool: Dict[str, Any] = {}

    def show(self, obj: Any, rows: int = 1000, chart: Optional[str] = None,
             title: Optional[str] = None) -> None:
        """Show a table under the cell.

        obj     Spark or pandas frame, list of rows, dicts or values, dict, NumPy array, Arrow
                table, number; anything else is shown as the notebook shows it
        rows    most rows shown; when there are more, their number is counted and said
        chart   'pie' or 'bar' opens a chart, 'none' leaves it out; by default one is a click
                away when the data fits
        """
        if chart is not None and chart not in CHARTS:
            raise ValueError(f"chart {chart!r}: one of {', '.join(CHARTS)}")
        if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
            raise ValueError(f"rows {rows!r}: a whole number from 1")
        if hasattr(obj, "get_results") and not hasattr(obj, "take"):
            obj = obj.get_results("dict")
        table = _table.from_object(obj, rows)
        if table is None:
            self._display(obj)
        elif _bridge.available():
            bundle = _bridge.call("show", columns=table.columns, rows=table.rows, title=title,
                                  total=table.total, chart=chart or getattr(obj, "_splice_chart", "auto"))
            publish(bundle["data"], bundle.get("metadata"))
        else:
            print(_table.plain(table))

    @staticmethod
    def _display(obj: Any) -> None:
        if isinstance(obj, str):
            print(obj)
            return
        try:
            from IPython.display import display
        except ImportError:
            print(obj)
        else:
            display(obj)

    def put(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        self._pool[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        """The value kept under a name, or the default."""
        return self._pool.get(name, default)

    def remove(self, name: str) -> None:
        """Forget the value kept under a name."""
        self._pool.pop(name, None)

    def contains(self, name: str) -> bool:
        """Whether a value is kept under a name."""
        return name in self._pool

    def __contains__(self, name: str) -> bool:
        return name in self._pool

    def __getitem__(self, name: str) -> Any:
        return self._pool[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._pool[name] = value

    def input(self, name: str, defaultValue: Any = "") -> Any:
        """A text form's default."""
        return defaultValue

    textbox = noteTextbox = input

    def select(self, name: str, options: Iterable, defaultValue: Any = "") -> Any:
        """A drop-down form's default; its first option when it has none."""
        if defaultValue != "":
            return defaultValue
        first = next(iter(options), "")
        return first[0] if isinstance(first, tuple) else first

    noteSelect = select

    def checkbox(self, name: str, options: Iterable, defaultChecked: Optional[Iterable] = None) -> list:
        """A check-box form's default: what is checked at first, all when nothing is said."""
        chosen = options if defaultChecked is None else defaultChecked
        return [o[0] if isinstance(o, tuple) else o for o in chosen]

    noteCheckbox = checkbox
