"""Recorded cells, as splice/cells.json holds them, made ready to be looked at.

`Cell.text` is the Python of a cell: as long as its source from `Cell.at` on,
with what only IPython reads made blank.  So a place in the syntax tree is a
place in the source, where a table's name can be put in another's place.
"""
from __future__ import annotations

import ast
import re
import textwrap
from typing import Any, Dict, List, Optional, Tuple

from splicemachine import _quotes

PYTHON, SQL, TRACKING, OTHER = "python", "sql", "tracking", "other"
KINDS = {None: PYTHON, "spark.pyspark": PYTHON, "splicemachine": SQL, "mlmanager": TRACKING}

MAGIC_LINE = re.compile(r"\s*%%?([\w.]+)((?:[ \t]+--?[A-Za-z][\w-]*)*)[ \t]*\n?")
CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*\n?")
LINE_MAGIC = re.compile(r"(\s*)%(\w+)[ \t]?")
# Magics whose body is Python that runs in the notebook, and those that only show something.
RUN_HERE = {"time", "timeit", "capture", "prun"}
SHOW_ONLY = {"html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG"}
# Line magics that are the same in a new process.
HARMLESS = {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "timeit", "who", "whos", "who_ls",
            "pinfo", "pinfo2", "precision", "pprint", "xmode", "colors", "prun", "page", "psearch", "doctest_mode"}
AMBIENT = {"cd", "env", "set_env", "pylab", "load_ext"}  # what they do holds for all cells behind them


class Cell:
    """One recorded cell.

    number     its In [n] in the session it is from
    run        id of the run that was active, or None
    text       its Python; `tree` is what it parses to, None for other cells
    problems   why it cannot be run again
    ambient    it changes what all later cells find: imports *, the working directory, …
    """

    def __init__(self, entry: Dict[str, Any], place: int):
        self.place = place
        self.number = entry.get("execution_count") or 0
        self.magic = entry.get("magic")
        self.run = entry.get("run_id")
        self.source = str(entry.get("source") or "")
        self.kind = KINDS.get(self.magic, OTHER)
        self.problems: List[str] = []
        self.ambient = False
        self.tree: Optional[ast.Module] = None
        self.at = body_start(self.source, self.magic)
        self.text = ""
        if entry.get("hidden"):
            self.problems.append("holds a password or another secret, which is not recorded")
        if self.kind == PYTHON:
            self._read_python()

    def __repr__(self) -> str:
        return f"<Cell In [{self.number}]>"

    @property
    def body(self) -> str:
        """The source below its magic line."""
        return self.source[self.at:]

    @property
    def label(self) -> str:
        """How it is called where people read it."""
        return f"In [{self.number}]"

    def _read_python(self) -> None:
        body = self.body
        if body.strip() and body.lstrip("\n")[0] in " \t":  # IPython lets a whole cell be indented
            body = textwrap.dedent(body)
            self.source = self.source[:self.at] + body
        body = _quotes.mend(body, lambda text: self._plain(text) is not None) or body
        text = self._plain(body)
        if text is None:
            self.problems.append("does not parse")
            return
        self.text = text
        self.tree = _parse(text)

    def _plain(self, body: str) -> Optional[str]:
        """The body with IPython's own syntax made blank; None when that leaves no Python.

        Notes what such lines do to the cell.
        """
        if _parse(body) is not None:
            return body
        text, problems, ambient = blanked(body)
        if text is None or _parse(text) is None:
            return None
        self.problems += [p for p in problems if p not in self.problems]
        self.ambient = self.ambient or ambient
        return text


def load(record: Dict[str, Any]) -> List[Cell]:
    """The cells of splice/cells.json."""
    return [Cell(entry, i) for i, entry in enumerate(record.get("cells") or ())]


def body_start(source: str, magic: Optional[str]) -> int:
    """Where a cell's text begins behind its magic line and the options there."""
    found = MAGIC_LINE.match(source)
    return found.end() if found and found.group(1) == magic else 0


def blanked(body: str) -> Tuple[Optional[str], List[str], bool]:
    """(text, problems, ambient): the body without cell magics, line magics and shell lines."""
    text, problems = body, []
    while (found := CELL_MAGIC.match(text)):
        name = found.group(1)
        if name in SHOW_ONLY:
            return _blank(text, 0, len(text)), problems, False
        if name not in RUN_HERE:
            return _blank(text, 0, len(text)), [f"uses %%{name}"], False
        text = _blank(text, 0, found.end())
    lines = _transformed(text)
    if lines is None:
        return None, problems, False
    ambient, at = False, 0
    for raw, made in zip(text.splitlines(keepends=True), lines):
        if raw.rstrip("\n") != made:
            text, problem, wide = _without_magic(text, at, raw, made)
            problems += [problem] if problem else []
            ambient = ambient or wide
        at += len(raw)
    return text, problems, ambient


def _transformed(text: str) -> Optional[List[str]]:
    """IPython's reading of each line; None when its lines are not the cell's."""
    from IPython.core.inputtransformer2 import TransformerManager

    made = TransformerManager().transform_cell(text).splitlines()
    raw = text.splitlines()
    lead = next((i for i, line in enumerate(raw) if line.strip()), 0)  # it drops empty lines in front
    made = raw[:lead] + made
    return made if len(made) == len(raw) else None


def _without_magic(text: str, at: int, raw: str, made: str) -> Tuple[str, Optional[str], bool]:
    """(text, problem, ambient) with one line of IPython's made blank."""
    if re.search(r"get_ipython\(\)\.(system|getoutput)\(", made):
        return _blank(text, at, at + len(raw)), "runs a shell command", False
    name = re.search(r"run_line_magic\('(\w+)'", made)
    found = LINE_MAGIC.match(raw)
    if name is None:
        return text, None, False
    if found and name.group(1) == "time":  # the rest of the line is a statement
        lead = found.end(1)
        return text[:at + lead] + ("0;" + " " * (found.end() - lead - 2)) + text[at + found.end():], None, False
    problem = None if name.group(1) in HARMLESS | AMBIENT else f"uses %{name.group(1)}"
    width = len(raw) - len(raw.lstrip())
    blank = _blank(text, at, at + len(raw))
    return blank[:at + width] + "0" + blank[at + width + 1:], problem, name.group(1) in AMBIENT


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _parse(text: str) -> Optional[ast.Module]:
    try:
        return compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
                       dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return None
