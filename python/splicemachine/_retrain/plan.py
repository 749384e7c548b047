"""What a retraining runs: which recorded cells, with which tables, and what of them it cannot.

Pure: it reads what the run recorded (recorded.py) and starts nothing.  The
cell that logged the model is needed, and by the names it reads the cells
before it (session.py); those that logged to the run as well, where they can be
run again.
"""
from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from splicemachine import _sql
from splicemachine._retrain import outside, sqlcells, tables
from splicemachine._retrain.cells import PYTHON, SQL, TRACKING, Cell, load
from splicemachine._retrain.names import chain, imported, imports
from splicemachine._retrain.session import Session
from splicemachine._retrain.tables import Name
from splicemachine.errors import SpliceError

LOGS_MODEL = {"log_spark_model", "log_model"}
LOGS = {"log_param", "log_params", "log_metric", "log_metrics", "lp", "lm", "log_batch", "log_pipeline_stages",
        "log_feature_transformations", "log_model_params", "log_evaluator_metrics", "log_and_stop_timer", "timer",
        "set_tag", "set_tags", "st", "log_artifact", "log_artifacts", "log_text", "log_figure", "log_dict"}
PAIR = re.compile(r'((?:"(?:[^"]|"")*"|[^="])+)=(.+)', re.S)


@dataclass
class Step:
    """One cell that is run."""

    cell: Cell
    source: str
    logs: bool = True      # what it logs goes to the new run; else it is another run's
    note: str = ""         # what of the cell is run, when not all
    optional: bool = False  # when it fails the others go on
    changed: int = 0       # texts in which a table was replaced


@dataclass
class Plan:
    """All that is said before anything runs."""

    steps: List[Step] = field(default_factory=list)
    left: List[Tuple[str, str]] = field(default_factory=list)       # (cell, why it is not run)
    stopped: List[Tuple[str, str]] = field(default_factory=list)    # (cell, call that does nothing)
    warnings: List[str] = field(default_factory=list)
    problems: List[str] = field(default_factory=list)               # why it cannot be run at all
    tables: Dict[Name, Name] = field(default_factory=dict)          # old: new
    reads: List[Name] = field(default_factory=list)                 # tables that the steps named before
    queries: List[str] = field(default_factory=list)                # those of splice.df, as they will run
    renames: List[Tuple[str, str]] = field(default_factory=list)    # withColumnRenamed of the steps

    @property
    def fresh(self) -> List[Name]:
        """The tables whose rows are held out."""
        return list(self.tables.values()) or self.reads


def make(cells: Dict[str, Any], statements: Dict[str, Any], run: str, options: Sequence[str] = ()) -> Plan:
    """The plan for splice/cells.json and splice/sql.json of a run, with the user's --table options.

    SpliceError when the options do not fit.  Other trouble is in `problems`.
    """
    maker = _Maker(load(cells), run, (cells.get("forgotten") or 0))
    maker.choose()
    maker.substitute(statements.get("statements") or [], options)
    maker.look_outside()
    return maker.plan


class _Maker:
    """The plan while it is made."""

    def __init__(self, cells: List[Cell], run: str, forgotten: int):
        self.cells, self.run, self.forgotten = cells, run, forgotten
        self.plan = Plan()
        self.trees = {c.place: c.tree for c in cells if c.tree is not None}
        self.modules: Set[str] = set().union(*map(imported, self.trees.values()), set())
        self.splice = outside.contexts(list(self.trees.values()))
        self.seen = {p: outside.look(t, self.splice, self.modules) for p, t in self.trees.items()}
        for c in cells:
            if c.tree is not None and self.seen[c.place].asks:
                c.problems.append("asks for input")

    # --- which cells ---

    def choose(self) -> None:
        """Fill the steps, what is left out, and why some of it cannot be run."""
        last = self._logging_cell()
        if last is None:
            self.plan.problems.append("no recorded cell logs a model (log_spark_model)")
            return
        session = Session({p: t for p, t in self.trees.items() if p <= last.place},
                          [c.place for c in self.cells if c.ambient and c.place <= last.place])
        roots = self._roots(session, last)
        found = session.needed(roots)
        self._check(found.whole, found.missing)
        for cell in self.cells[:last.place + 1]:
            self._take(cell, found.whole, found.imports)

    def _logging_cell(self) -> Optional[Cell]:
        """The running cell is the last that was recorded; beside it others may have run."""
        logging = [c for c in self.cells if c.tree is not None and _calls(c.tree, LOGS_MODEL)]
        own = [c for c in logging if c.run == self.run]
        return (own or logging or [None])[-1]

    def _roots(self, session: Session, last: Cell) -> List[int]:
        roots = [last.place]
        needed = session.needed(roots).whole
        for cell in self.cells[:last.place]:
            if cell.run != self.run or cell.place in needed or cell.tree is None or not _calls(cell.tree, LOGS):
                continue
            more = session.needed([*roots, cell.place])
            trouble = [self.cells[p] for p in sorted(more.whole - needed) if self.cells[p].problems]
            if trouble or more.missing - session.needed(roots).missing:
                why = f"{trouble[0].label} {trouble[0].problems[0]}" if trouble else \
                    f"nothing recorded makes {', '.join(sorted(more.missing))}"
                self.plan.left.append((cell.label, f"what it logs is not logged again: {why}"))
                continue
            roots.append(cell.place)
            needed = more.whole
        return roots

    def _check(self, whole: Iterable[int], missing: Set[str]) -> None:
        for place in sorted(whole):
            for problem in self.cells[place].problems:
                self.plan.problems.append(f"{self.cells[place].label} {problem}")
        if missing:
            names = ", ".join(sorted(missing))
            why = f"; {self.forgotten} older cells are no longer recorded" if self.forgotten else \
                " (a cell that failed, or that ran silently, is not recorded)"
            self.plan.problems.append(f"no recorded cell makes {names}{why}")

    def _take(self, cell: Cell, whole: Set[int], part: Set[int]) -> None:
        """A cell becomes a step, or a line among what is left out."""
        own = cell.run == self.run
        if cell.place in whole:
            self.plan.steps.append(Step(cell, cell.source, logs=own or cell.run is None))
        elif cell.place in part:
            text = "\n".join(ast.get_source_segment(cell.text, s) or "" for s in imports(cell.tree))
            self.plan.steps.append(Step(cell, text, logs=False, note="its imports"))
        elif cell.kind == SQL:
            self._take_part(cell, sqlcells.sql_part(cell.body, sqlcells.connects(cell.source, cell.at)))
        elif cell.kind == TRACKING:
            self._take_part(cell, sqlcells.tracking_part(cell.body, own))
        elif not any(label == cell.label for label, _ in self.plan.left):
            self.plan.left.append((cell.label, _why_left(cell, own)))

    def _take_part(self, cell: Cell, part: sqlcells.Part) -> None:
        hidden = part.source is not None and "***" in part.source
        if part.source is not None and not hidden:
            note = "its parameters" if cell.kind == TRACKING else "set schema"
            self.plan.steps.append(Step(cell, part.source, note=note, optional=cell.kind == TRACKING))
        if part.left and (part.source is None or cell.kind == SQL) or hidden:
            self.plan.left.append((cell.label, cell.problems[0] if hidden else part.left))

    # --- which tables ---

    def substitute(self, statements: List[Dict[str, Any]], options: Sequence[str]) -> None:
        """Put the new tables' names in the steps' texts."""
        known = _names(t for s in statements for t in s.get("tables") or ())
        steps = [s for s in self.plan.steps if s.cell.kind == PYTHON and s.source is s.cell.source]
        self.plan.reads = [n for n in known if any(tables.named(s.cell.text, [n]) for s in steps)]
        self.plan.tables = chosen_tables(self.plan.reads, options)
        for step in steps:
            step.source, step.changed = tables.substituted(step.source, step.cell.at, step.cell.text,
                                                           self.plan.tables)
        self._queries(statements, steps)
        self.plan.renames = [r for s in steps for r in _renames(s.cell.tree)]

    def _queries(self, statements: List[Dict[str, Any]], steps: List[Step]) -> None:
        """Recorded queries of splice.df that the steps hold, else all that read the tables."""
        frames = list(dict.fromkeys(s["sql"] for s in statements if s.get("from") == "df" and not s.get("hidden")
                                    and any(tables.reads(s["sql"], n) for n in self.plan.reads)))
        texts = {_sql.strip(n.value) for s in steps for n in ast.walk(s.cell.tree)
                 if isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value.strip()}
        held = [q for q in frames if _sql.strip(q) in texts]
        self.plan.queries = [tables.replaced(q, self.plan.tables) or q for q in held or frames]

    # --- what reaches outside ---

    def look_outside(self) -> None:
        """Say what is stopped and what runs again; refuse what would read what was stopped."""
        saved: Dict[str, str] = {}
        for step in self.plan.steps:
            seen = self.seen.get(step.cell.place)
            if seen is None or step.note:
                continue
            for call in seen.calls:
                if call.left_out:
                    self.plan.stopped.append((step.cell.label, call.text))
                else:
                    self.plan.warnings.append(f"{step.cell.label} runs again what may reach outside: {call.text}")
            if seen.own_reader:
                self.plan.warnings.append(f"{step.cell.label} reads the database past splice.df: "
                                          "no rows are held out there")
            for path in seen.loads:
                if path in saved:
                    self.plan.problems.append(f"{step.cell.label} reads {path}, which {saved[path]} writes: "
                                              "a replay writes nothing")
            saved.update({p: step.cell.label for p in seen.saves})


def chosen_tables(reads: Sequence[Name], options: Sequence[str]) -> Dict[Name, Name]:
    """{old: new} of the user's --table NEW or --table OLD=NEW …"""
    listed = ", ".join(map(tables.text, reads))
    chosen: Dict[Name, Name] = {}
    for option in options:
        pair = PAIR.fullmatch(option)
        if pair is None and len(reads) == 1 and len(options) == 1:
            return {reads[0]: tables.parse(option)}
        if not reads:
            raise SpliceError("--table: the cells of this run name no table that it read",
                              "A name that a cell puts together from parts cannot be replaced.")
        if pair is None:
            raise SpliceError(f"--table {option}: the run reads several tables: {listed}" if len(reads) > 1 else
                              "--table NEW is given once",
                              "Say which: --table OLD=NEW, once for each to be replaced.")
        old = tables.parse(pair.group(1))
        hits = [n for n in reads if n == old or (old[0] is None and n[1] == old[1])]
        if len(hits) != 1:
            raise SpliceError(f"--table {option}: the run does not read {tables.text(old)}" if not hits else
                              f"--table {option}: {tables.text(old)} is more than one table",
                              f"It reads {listed}.")
        chosen[hits[0]] = tables.parse(pair.group(2))
    return chosen


def _names(texts: Iterable[str]) -> List[Name]:
    found: List[Name] = []
    for text in texts:
        try:
            name = _sql.split(text)
        except ValueError:  # of three parts, say
            continue
        if name not in found:
            found.append(name)
    return found


def _calls(tree: ast.Module, names: Set[str]) -> bool:
    return any(isinstance(n, ast.Call) and set(chain(n.func)[1][-1:]) & names for n in ast.walk(tree))


def _renames(tree: ast.Module) -> List[Tuple[str, str]]:
    """Literal withColumnRenamed(OLD, NEW), in the order of the source."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and chain(n.func)[1][-1:] == ["withColumnRenamed"]]
    pairs = [(n.end_lineno, n.end_col_offset, [a.value for a in n.args if isinstance(a, ast.Constant)]) for n in calls]
    return [(p[0], p[1]) for _, _, p in sorted(pairs, key=lambda x: x[:2])
            if len(p) == 2 and all(isinstance(x, str) for x in p)]


def _why_left(cell: Cell, own: bool) -> str:
    if cell.kind != PYTHON:
        return f"%{cell.magic} is not replayed"
    if cell.problems:
        return f"{cell.problems[0]}; not needed"
    return "not needed" if own or cell.run is None else "another run's, not needed"
