"""What is said of a retraining before it runs: the cells, what is left out, what stands in its way."""
from __future__ import annotations

import html
from itertools import groupby
from typing import Dict, List, Sequence, Tuple

from splicemachine._notice import publish
from splicemachine._retrain import tables
from splicemachine._retrain.plan import Plan, Step

BOX = "border:1px solid rgba(128,128,128,.4);padding:4px 8px;margin:2px 0;overflow-x:auto"
QUIET = "color:#757575"
MARK = "font-weight:bold;text-decoration:underline"


def plan(made: Plan, name: str) -> None:
    """Show a plan under the cell."""
    publish({"text/plain": plain(made, name), "text/html": as_html(made, name)})


def plain(made: Plan, name: str) -> str:
    """For a terminal."""
    lines = [_title(made, name)]
    for i, step in enumerate(made.steps):
        lines += [f"--- {_head(i, step, len(made.steps))}", *step.source.strip("\n").split("\n")]
    for title, entries in sections(made):
        lines += [f"{title}:", *(f"  {e}" for e in entries)]
    return "\n".join(lines)


def as_html(made: Plan, name: str) -> str:
    """For a notebook."""
    parts = [f"<div><b>{html.escape(_title(made, name))}</b></div>"]
    for i, step in enumerate(made.steps):
        parts.append(f'<details{" open" if step.changed else ""}><summary>'
                     f'{html.escape(_head(i, step, len(made.steps)))}</summary>'
                     f'<pre style="{BOX}">{_marked(step.source.strip(chr(10)), made)}</pre></details>')
    for title, entries in sections(made):
        items = "".join(f"<li>{html.escape(e)}</li>" for e in entries)
        parts.append(f'<div style="{QUIET}">{html.escape(title)}:<ul style="margin:0">{items}</ul></div>')
    return "".join(parts)


def sections(made: Plan) -> List[Tuple[str, List[str]]]:
    """What is said below the cells."""
    stopped = [f"{cell}: {', '.join(dict.fromkeys(t for _, t in texts))}"
               for cell, texts in groupby(made.stopped, key=lambda s: s[0])]
    every = [("Cannot be replayed", made.problems), ("Left out when run", stopped),
             ("Take care", made.warnings), ("Not run", left_out(made.left))]
    return [(title, entries) for title, entries in every if entries]


def left_out(left: Sequence[Tuple[str, str]]) -> List[str]:
    """Cells by the reason why they are not run."""
    by_reason: Dict[str, List[str]] = {}
    for cell, reason in left:
        by_reason.setdefault(reason, []).append(cell)
    return [f"{', '.join(cells)}: {reason}" for reason, cells in by_reason.items()]


def _title(made: Plan, name: str) -> str:
    pairs = ", ".join(f"{tables.text(new)} instead of {tables.text(old)}" for old, new in made.tables.items())
    same = ", ".join(map(tables.text, made.reads))
    n = len(made.steps)
    what = f"Run {name} again: {n} recorded cell{'s' if n != 1 else ''}"
    return f"{what}, {pairs}" if pairs else f"{what}, on {same}" if same else what


def _head(i: int, step: Step, n: int) -> str:
    of = f", {step.note}" if step.note else ""
    other = "" if step.logs or step.note else ", of another run: logs nothing"
    table = ", table replaced" if step.changed else ""
    return f"{i + 1} of {n} · {step.cell.label}{of}{other}{table}"


def _marked(source: str, made: Plan) -> str:
    text = html.escape(source)
    for new in made.tables.values():
        name = html.escape(tables.text(new))
        text = text.replace(name, f'<span style="{MARK}">{name}</span>')
    return text
