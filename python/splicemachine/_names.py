"""Which free names a cell uses: whether it needs Spark is seen before it runs."""
from __future__ import annotations

import ast
import re
import symtable
from typing import Iterable, List, Set

# Magics whose argument or body is Python that runs in this process.
PYTHON_MAGICS = {"time", "timeit", "prun", "capture", "memit", "mprun", "lprun", "debug", "pdb"}


def used(source: str, wanted: Iterable[str]) -> Set[str]:
    """Names among `wanted` that a cell reads from outside itself.

    `source` is Python as IPython transformed it: magics are calls of
    run_line_magic and run_cell_magic.  A name that the cell binds before it
    reads it is its own.  A source that does not parse uses nothing.
    """
    wanted = set(wanted)
    if not any(re.search(rf"\b{re.escape(n)}\b", source) for n in wanted):
        return set()
    try:
        tree = compile(source, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return set()
    return _free(source, tree, wanted) | _in_magics(tree, wanted)


def _free(source: str, tree: ast.Module, wanted: Set[str]) -> Set[str]:
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except SyntaxError:  # await at the top level
        return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)
                and isinstance(n.ctx, ast.Load)} & wanted
    read = {n for n in wanted if _reads(table, n)}
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    return {n for n in read if n not in bound or _reads_first(tree, n)}


def _reads(table: symtable.SymbolTable, name: str) -> bool:
    """Whether the name is read as a global in this scope or one inside it."""
    try:
        symbol = table.lookup(name)
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            return True
    except KeyError:
        pass
    return any(_reads(child, name) for child in table.get_children())


def _reads_first(tree: ast.Module, name: str) -> bool:
    """Whether the first statement that mentions the name reads it (``sc = f(sc)`` does)."""
    for statement in tree.body:
        mentions = [n for n in ast.walk(statement) if isinstance(n, ast.Name) and n.id == name]
        bound_otherwise = any(isinstance(n, ast.alias) and (n.asname or n.name) == name
                              for n in ast.walk(statement))
        if bound_otherwise:
            return False
        if mentions:
            return any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
                       for part in _evaluated_first(statement) for n in ast.walk(part))
    return False


def _evaluated_first(statement: ast.stmt) -> List[ast.AST]:
    """The parts of a statement that run before it binds its targets."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return [statement.value] if statement.value else []
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        return [statement.iter]
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return [item.context_expr for item in statement.items]
    return [statement]


def _in_magics(tree: ast.Module, wanted: Set[str]) -> Set[str]:
    found: Set[str] = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("run_line_magic", "run_cell_magic")):
            continue
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)
                 and isinstance(a.value, str)]
        if texts and texts[0] in PYTHON_MAGICS:
            found |= {n for n in wanted if any(re.search(rf"\b{n}\b", t) for t in texts[1:])}
    return found
