"""Columns of the recorded query and of the models: which is the label, and what has all of them."""
from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from splicemachine.errors import SpliceError


class Label(NamedTuple):
    """Where the label stands in the recorded query, and what to say about it."""

    column: Optional[str]  # None: the pipeline makes it
    name: str              # what the model's stages call it
    said: Optional[str]


def find_label(query: Sequence[str], name: Optional[str], renames: Sequence[Tuple[str, str]],
               made: Sequence[str] = (), training: Sequence[str] = (), given: Optional[str] = None) -> Label:
    """The label's column among a query's.

    name      the fit's labelCol; None when the fit was not recorded
    renames   withColumnRenamed of the cells
    made      output columns of the pipeline's stages
    training  all columns of the training frame, when they are known
    given     the user's --label
    """
    same = {c.lower(): c for c in query}
    if given is not None:
        if given.lower() not in same:
            raise SpliceError(f"--label {given}: the recorded query has no such column",
                              f"It has {', '.join(query)}.")
        return Label(same[given.lower()], name or same[given.lower()], None)
    if name is None:
        raise SpliceError("which column is the label is not recorded with this run", "Name it: --label COLUMN.")
    if name in made:
        return Label(None, name, None)
    if name.lower() in same:
        return Label(same[name.lower()], name, None)
    found = [same[old.lower()] for old, new in renames if new.lower() == name.lower() and old.lower() in same]
    if not found and training:
        known = {c.lower() for c in training}
        gone = [c for c in query if c.lower() not in known]
        came = [c for c in training if c.lower() not in same]
        found = gone if len(gone) == 1 and came == [name] else []
    if len(set(found)) != 1:
        raise SpliceError(f"the recorded query has no column {name}, and which one the cells made it of is not plain",
                          f"Name it: --label COLUMN, one of {', '.join(query)}.")
    return Label(found[0], name, f"The label {name} is the query's column {found[0]}.")


def renamed(columns: Sequence[str], label: Label, renames: Sequence[Tuple[str, str]]) -> List[str]:
    """The query's columns as the cells call them."""
    names = list(columns)
    for old, new in [*renames, *([(label.column, label.name)] if label.column else [])]:
        lower = [n.lower() for n in names]
        if old.lower() in lower and (new.lower() not in lower or old.lower() == new.lower()):
            names[lower.index(old.lower())] = new
    return names


def wanted(plan: Dict[str, Any]) -> Set[str]:
    """What the models need, in lower case; `plan` as drive.py hands it to the fresh kernel."""
    label = Label(*plan["label"])
    return {c.lower() for c in [*plan["inputs"], *([label.name] if label.column else [])]}


def for_models(columns: Sequence[str], plan: Dict[str, Any]) -> Optional[List[str]]:
    """A query's columns as the cells call them; None when the models need others."""
    names = renamed(columns, Label(*plan["label"]), [tuple(r) for r in plan["renames"]])
    return names if wanted(plan) <= {n.lower() for n in names} else None
