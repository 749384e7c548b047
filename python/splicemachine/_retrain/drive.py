"""A retraining from beginning to end, in the notebook's child.

First all is said that can be known beforehand, then a fresh kernel runs the
cells, and last the two models are compared.  Whatever happens on the way, the
new run ends as what it is (FINISHED, FAILED, KILLED), and the fresh kernel
and its files go.
"""
from __future__ import annotations

import html
import json
import os
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from splicemachine import _bridge
from splicemachine._notice import Progress, notice, publish
from splicemachine._retrain import compare, kernel, model_columns, plan, recorded, show, tables
from splicemachine.errors import SpliceError, SQLError
from splicemachine.zeppelin import ZeppelinContext

OWN = {"own": True}
END_LIMIT_S = 15.0
STOP_LIMIT_S = 8.0  # a cell that was stopped gives way within 2
NO_TABLE = ("42X05", "42Y07")  # no such table, no such schema
PREDICTS = ("classification", "regression")


def run(request: str) -> None:
    """`request`: {"run": as track.get_run gives it, "tables": [--table], "label", "show", "kernel": program}."""
    __tracebackhide__ = True
    asked = json.loads(request)
    folder = kernel.scratch()
    try:
        known = recorded.read(asked["run"], folder)
        made = plan.make(known.cells, known.statements, asked["run"]["id"], asked["tables"])
        show.plan(made, asked["run"]["name"])
        refuse(made)
        label, access = check(known, made, asked["label"])
        if asked["show"]:
            print("Nothing was run (--show).")
            return
        Retraining(known, made, label, access, folder).run(asked["kernel"])
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None  # where it waited says nothing to the user
    finally:
        kernel.remove(folder)


def refuse(made: plan.Plan) -> None:
    """SpliceError when the cells cannot be run again."""
    __tracebackhide__ = True
    if made.problems:
        raise SpliceError("this run cannot be retrained: " + "; ".join(made.problems),
                          "Train it once more in a notebook without that; the run made there can be retrained.")


# --- what is looked at before anything runs ---

def check(known: recorded.Recorded, made: plan.Plan, given: Optional[str]) -> Tuple[model_columns.Label, Dict[str, Any]]:
    """The label and the way to the database; SpliceError when the tables or columns are not there."""
    __tracebackhide__ = True
    if known.kind is not None and known.kind not in PREDICTS and known.kind != "tuning":
        raise SpliceError(f"there is no comparison for {known.stages[-1].name}",
                          "Classification and regression models are compared.")
    if not made.queries:
        raise SpliceError("the cells of this run read no table with splice.df",
                          "Rows for the comparison are held out of such a query.")
    access = _bridge.call("sql.jdbc")
    if access.get("in_transaction"):
        raise SpliceError("a transaction is open in this notebook: another kernel does not see its rows",
                          "commit it first (a SQL cell: commit).")
    _check_tables(made)
    queries = [_columns(q) for q in made.queries]
    outputs = [o for s in known.stages for o in s.outputs]
    label = model_columns.find_label(queries[0], known.label, made.renames, outputs, known.columns, given)
    _check_inputs(known, made, queries, label)
    if label.said:
        print(label.said)
    return label, access


def _check_tables(made: plan.Plan) -> None:
    """The new tables are there, with the old ones' columns as long as those are there."""
    for old, new in made.tables.items():
        have = _table(new)
        if have is None:
            raise SpliceError(f"there is no table {tables.text(new)}", "Look at its spelling and its schema.")
        missing = [c for c in _table(old) or () if c not in have]
        if missing:
            raise SpliceError(f"{tables.text(new)} lacks columns of {tables.text(old)}: {', '.join(missing)}",
                              "The cells would read another frame than they were written for.")


def _table(name: tables.Name) -> Optional[List[str]]:
    try:
        return _columns(f"select * from {tables.text(name)}")
    except SQLError as e:
        if e.sqlstate in NO_TABLE:
            return None
        raise


def _columns(sql: str) -> List[str]:
    answer = _bridge.call("sql.execute", sql=sql, rows=0)
    return [c["name"] for c in answer["columns"]]


def _check_inputs(known: recorded.Recorded, made: plan.Plan, queries: Sequence[Sequence[str]],
                  label: model_columns.Label) -> None:
    """The held-out rows have what the model reads: cells that make columns are not run on them."""
    best: List[str] = list(known.inputs)
    for columns in queries:
        have = {c.lower() for c in model_columns.renamed(columns, label, made.renames)}
        best = min(best, [c for c in known.inputs if c.lower() not in have], key=len)
    if best:
        raise SpliceError(f"the model reads columns that the cells make of the query's: {', '.join(best)}",
                          "Old and new model cannot be compared on held-out rows. Make such columns in the "
                          "pipeline (SQLTransformer, Bucketizer, …) or in the query, and train once more.")


# --- the run ---

class CellFailed(SpliceError):
    """A replayed cell ended with an error."""


class Retraining:
    """One new run."""

    def __init__(self, known: recorded.Recorded, made: plan.Plan, label: model_columns.Label, access: Dict[str, Any],
                 folder: str):
        self.old, self.made, self.label, self.access, self.folder = known.run, made, label, access, folder
        self.inputs = known.inputs
        self.new: Optional[Dict[str, Any]] = None

    def run(self, program: str) -> None:
        """Run the cells, compare, show."""
        __tracebackhide__ = True
        env = kernel.environment(self.access, self._write_plan())
        with kernel.Fresh(program, self.folder, env) as fresh, self._ending(fresh):
            self._begin(fresh)
            for i, step in enumerate(self.made.steps):
                self._step(fresh, i, step)
            figures = self._evaluate(fresh)
            self._own(fresh, "replay", "end", '"FINISHED"')
            self.new["status"] = "FINISHED"
        self._show(figures)

    def _write_plan(self) -> str:
        """The file for replay.py."""
        made = self.made
        text = json.dumps({
            "run_id": self.old["id"], "experiment_id": self.old["experiment_id"], "folder": self.folder,
            "name": f"{self.old['name']} (retrained)", "label": list(self.label), "inputs": self.inputs,
            "old": list(made.tables), "fresh": made.fresh, "renames": made.renames,
            "tags": {"splice.retrained_from": self.old["id"], "splice.table": ", ".join(map(tables.text, made.fresh))}})
        path = os.path.join(self.folder, "plan.json")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
            f.write(text)
        return path

    @contextmanager
    def _ending(self, fresh: kernel.Fresh) -> Iterator[None]:
        """The new run ends as KILLED or FAILED when something goes wrong within."""
        __tracebackhide__ = True
        try:
            yield
        except KeyboardInterrupt:
            self._end(fresh, "KILLED", STOP_LIMIT_S)
            raise
        except BaseException:
            self._end(fresh, "FAILED", END_LIMIT_S)
            raise

    def _end(self, fresh: kernel.Fresh, status: str, limit_s: float) -> None:
        if self.new is None:
            self.new = kernel.answer(self.folder, "begin")  # interrupted just then
        if self.new is None or self.new.get("status") == "FINISHED":
            return
        try:
            if status == "KILLED":  # of a cell that failed nothing runs: it would stop the request below
                fresh.interrupt()
            self._own(fresh, "replay", "end", json.dumps(status), limit_s=limit_s)
        except SpliceError:
            fresh.stop()
            self._end_from_here(status)
        notice(f"Run {self.new['name']} ({self.new['id']}) ended as {status}.")

    def _end_from_here(self, status: str) -> None:
        """The fresh kernel does not answer any more."""
        import mlflow

        try:
            mlflow.MlflowClient(_bridge.call("track.server")["uri"]).set_terminated(self.new["id"], status)
        except Exception as e:
            notice(f"Run {self.new['id']} could not be ended: {e}")

    def _begin(self, fresh: kernel.Fresh) -> None:
        began = time.monotonic()
        progress = _Line("Starting a fresh kernel", began)
        fresh.start(progress.tick)
        self._own(fresh, "replay", "begin", "", progress)
        self.new = kernel.answer(self.folder, "begin")
        progress.done(f"A fresh kernel runs after {time.monotonic() - began:.1f} s.")
        self.new["status"] = "RUNNING"
        text = f"Run {self.new['name']}, ID {self.new['id']}"
        publish({"text/plain": f"{text}: {self.new['url']}",
                 "text/html": f"<div>{html.escape(text)} · <a href=\"{html.escape(self.new['url'])}\" "
                              "target=\"_blank\" rel=\"noopener\">tracking page</a></div>"})

    def _step(self, fresh: kernel.Fresh, i: int, step: plan.Step) -> None:
        __tracebackhide__ = True
        began = time.monotonic()
        head = f"Cell {i + 1} of {len(self.made.steps)} ({step.cell.label}{', ' + step.note if step.note else ''})"
        progress = _Line(head, began)
        outcome = fresh.run(step.source, {"logs": step.logs}, progress.tick)
        took = f"{time.monotonic() - began:.1f} s"
        if outcome.ok:
            progress.done(f"{head}: {took}")
            return
        progress.done(f"{head}: failed after {took}")
        if step.optional:
            notice(f"{step.cell.label}: {outcome.ename}: {first_line(outcome.evalue)}")
            return
        _show_failure(outcome)
        raise CellFailed(f"cell {i + 1} of {len(self.made.steps)} ({step.cell.label}) failed: "
                         f"{outcome.ename}: {first_line(outcome.evalue)}",
                         f"Run {self.new['name']} is marked FAILED; {self.old['name']} is as it was.")

    def _evaluate(self, fresh: kernel.Fresh) -> Dict[str, Any]:
        __tracebackhide__ = True
        began = time.monotonic()
        progress = _Line("Comparing both models on the held-out rows", began)
        self._own(fresh, "compare", "evaluate", "", progress)
        progress.done(f"Compared both models: {time.monotonic() - began:.1f} s")
        return kernel.answer(self.folder, "evaluate")

    def _own(self, fresh: kernel.Fresh, module: str, function: str, argument: str,
             progress: Optional["_Line"] = None, limit_s: Optional[float] = None) -> None:
        """Call a function of the package in the fresh kernel's child."""
        __tracebackhide__ = True
        code = f"__import__('splicemachine._retrain.{module}', fromlist=('{module}',)).{function}({argument})"
        outcome = fresh.run(code, OWN, progress.tick if progress else lambda: None, own=True, limit_s=limit_s)
        if not outcome.ok:
            if progress:
                progress.done(f"{progress.text}: failed")
            if outcome.ename != "SpliceError":
                _show_failure(outcome)
            raise SpliceError(outcome.evalue.split("\n")[0] or outcome.ename,
                              "\n".join(outcome.evalue.split("\n")[1:]) or None)

    # --- the end ---

    def _show(self, figures: Dict[str, Any]) -> None:
        old, new, kind = figures["old"], figures["new"], figures["kind"]
        names = (f"old {self.old['id'][:8]}", f"new {self.new['id'][:8]}")
        where = ", ".join(map(tables.text, self.made.fresh))
        ZeppelinContext().show(compare.rows(kind, old, new, names), chart="none",
                               title=f"Both models on {figures['rows']:,} rows of {where} that neither cell saw")
        for line in _remarks(figures, bool(self.made.tables)):
            notice(line)
        verdict = compare.decide(kind, old, new)
        print(verdict.text)
        if verdict.better:
            print("To put it in the place of the old one:\n" +
                  replacing(self.new["id"], deployed_as(self.old["id"])))
        else:
            print(f"The old model stays; the new run is kept as {self.new['id']}.")


def _remarks(figures: Dict[str, Any], replaced: bool) -> List[str]:
    found = []
    if figures["few"]:
        value, n = figures["few"]
        found.append("All of these rows are of one class: that says little." if value is None else
                     f"Only {n} of these rows are of class {value}: a difference may be chance.")
    if not replaced:
        found.append("Without --table the rows are from the table that the old model was trained on, perhaps on "
                     "these very rows: that speaks for the old one.")
    if figures["queries"] > 1:
        found.append("Several queries read the fresh rows; a row held out of one may be in another.")
    return found


def deployed_as(run_id: str) -> Optional[Dict[str, Any]]:
    """The endpoint that serves a run (docs/DEPLOY.md); None when there is none, or it cannot be told."""
    try:
        endpoints = _bridge.call("jobs.endpoints")["endpoints"]
    except SpliceError:
        return None
    return next((e for e in endpoints if any(v["run_id"] == run_id for v in e["variants"])), None)


def replacing(run_id: str, endpoint: Optional[Dict[str, Any]]) -> str:
    """The cell that puts a run in the place of what the endpoint serves."""
    words = ["%mlmanager deploy", run_id, "--app", endpoint["app"] if endpoint else "<APP>"]
    for name in ("target", "region"):
        if endpoint and endpoint.get(name):
            words += [f"--{name}", endpoint[name]]
    return " ".join([*words, "--mode", "replace"])


def first_line(text: str) -> str:
    """Of a Java error, what it is; its stack is shown above."""
    return text.strip().split("\n", 1)[0]


def _show_failure(outcome: kernel.Outcome) -> None:
    if outcome.output:
        print(outcome.output.rstrip("\n"))
    if outcome.traceback:
        print("\n".join(outcome.traceback))


class _Line:
    """A line under the cell that counts seconds while something runs."""

    def __init__(self, text: str, began: float):
        self.text, self._began, self._shown = text, began, 0
        self._progress = Progress(f"{text} …")

    def tick(self) -> None:
        elapsed = int(time.monotonic() - self._began)
        if elapsed > self._shown:
            self._shown = elapsed
            self._progress.update(f"{self.text} … {elapsed} s")

    def done(self, text: str) -> None:
        self._progress.update(text)
