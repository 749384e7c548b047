"""Python 2's division, for notebooks of that time.

With the option `%spark.pyspark --python2-division` or the setting
`python2_division`, ``/`` and ``/=`` between two integers floor, as they did
in Python 2 (bool is an int there and here).  NumPy's integers, Spark columns
and everything else divide as in Python 3; so does a cell that says
``from __future__ import division``.
"""
from __future__ import annotations

import ast
from typing import Any, Dict, List

from splicemachine import _subshell

DIV, IDIV = "_splice_div", "_splice_idiv"

# Defined in the user's namespace, so that a function that uses them pickles with them and
# runs on a Spark executor that does not have this package.
HELPERS = f"""
def {DIV}(a, b):
    __tracebackhide__ = True
    return a // b if isinstance(a, int) and isinstance(b, int) else a / b

def {IDIV}(a, b):
    __tracebackhide__ = True
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    a /= b
    return a
"""


class Python2Division(ast.NodeTransformer):
    """An IPython AST transformer; does nothing while `active` is false."""

    active = _subshell.Own(False)

    def __init__(self, namespace: Dict[str, Any]):
        self._namespace = namespace
        self._temporaries = 0

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, (ast.Module, ast.Interactive, ast.Expression)):
            body = node.body if isinstance(node.body, list) else []
            if not self.active or any(_imports_division(s) for s in body):
                return node
            if DIV not in self._namespace:
                exec(compile(HELPERS, "<python2_division>", "exec"), self._namespace)
            return ast.fix_missing_locations(self.generic_visit(node))
        return super().visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _call(DIV, node, node.left, node.right) if isinstance(node.op, ast.Div) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        before: List[ast.stmt] = []
        target = self._evaluated_once(node.target, before)
        if target is None:
            return node
        reading = _as_load(target)
        assign = ast.Assign(targets=[target], value=_call(IDIV, node, reading, node.value))
        names = [s.targets[0].id for s in before]
        after = [ast.Delete(targets=[ast.Name(id=n, ctx=ast.Del()) for n in names])] if names else []
        return [ast.copy_location(s, node) for s in (*before, assign, *after)]

    def _evaluated_once(self, target: ast.expr, before: List[ast.stmt]):
        """The target with its parts kept in temporaries, so that `a[f()] /= 2` calls f once."""
        if isinstance(target, ast.Name):
            return target
        if isinstance(target, ast.Attribute):
            return ast.Attribute(value=self._keep(target.value, before), attr=target.attr,
                                 ctx=ast.Store())
        if isinstance(target, ast.Subscript) and not any(
                isinstance(n, ast.Slice) for n in ast.walk(target.slice)):
            return ast.Subscript(value=self._keep(target.value, before),
                                 slice=self._keep(target.slice, before), ctx=ast.Store())
        return None  # a slice is never an int

    def _keep(self, value: ast.expr, before: List[ast.stmt]) -> ast.expr:
        if isinstance(value, (ast.Name, ast.Constant)):
            return value
        self._temporaries += 1
        name = f"_splice_t{self._temporaries}"
        before.append(ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=value))
        return ast.Name(id=name, ctx=ast.Load())


def _imports_division(statement: ast.stmt) -> bool:
    return (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            and any(a.name == "division" for a in statement.names))


def _call(name: str, where: ast.AST, *args: ast.expr) -> ast.expr:
    return ast.copy_location(
        ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=list(args), keywords=[]), where)


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.Name(id=target.id, ctx=ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
    return ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())
