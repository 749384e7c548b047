"""Decision trees and their ensembles.

Spark saves the nodes of a tree in the order of a walk from the root, left
before right, with that order's numbers as ids: they are the indices of the
model file's parallel lists.  Nodes are read as columns, not one by one.
"""
from __future__ import annotations

from typing import Any, Dict, List

from splicemachine._scorer.saved import Saved, number, numbers

Tree = Dict[str, List[Any]]
LISTS = ("feature", "threshold", "left", "right", "categories", "arity", "leaf")


def tree(stage: Saved, classify: bool) -> Tree:
    """TREE of docs/SCORER.md."""
    return _trees(stage.table(), "", classify)[0]


def ensemble(stage: Saved, classify: bool) -> List[Tree]:
    """The trees in their order; `classify` tells whether leaves vote or predict a number."""
    return _trees(stage.table(), "nodeData.", classify)


def weights(stage: Saved) -> List[float]:
    """Weights of an ensemble's trees, in their order."""
    table = stage.table("treesMetadata")
    pairs = zip(table.column(0).to_pylist(), table.column(2).to_pylist())
    return numbers(weight for _, weight in sorted(pairs))


def _trees(table: Any, prefix: str, classify: bool) -> List[Tree]:
    flat = _flattened(table)
    keys = [("treeID", "ascending")] if prefix else []
    flat = flat.sort_by([*keys, (prefix + "id", "ascending")])

    def column(name: str) -> List[Any]:
        return flat.column(prefix + name).to_pylist()

    ids = column("id")
    roots = [i for i, node in enumerate(ids) if node == 0]
    feature, sides = column("split.featureIndex"), column("split.leftCategoriesOrThreshold")
    totals = column("split.numCategories")
    leaves = column("impurityStats" if classify else "prediction")
    left, right = column("leftChild"), column("rightChild")
    found = []
    for begin, end in zip(roots, [*roots[1:], len(ids)]):
        made: Tree = {k: [] for k in LISTS}
        for i in range(begin, end):
            _add(made, feature[i], sides[i], totals[i], left[i], right[i], leaves[i])
        found.append(made)
    return found


def _add(made: Tree, feature: int, side: List[float], total: int, left: int, right: int,
         leaf: Any) -> None:
    """One node; Spark's -1 for a `total` is a split by a threshold, for `left` a leaf."""
    inside, split = left >= 0, total != -1
    values = leaf if isinstance(leaf, list) else [leaf]
    made["feature"].append(feature if inside else -1)
    made["threshold"].append(number(side[0]) if inside and not split else None)
    made["left"].append(left)
    made["right"].append(right)
    made["categories"].append(side if inside and split else None)
    made["arity"].append(total if inside and split else None)
    made["leaf"].append(None if inside else numbers(values))


def _flattened(table: Any) -> Any:
    """A table without structs: their members are columns named with dots."""
    import pyarrow

    while any(pyarrow.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table
