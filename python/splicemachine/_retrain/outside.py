"""Calls of a cell that reach outside of the notebook: what is left out in a replay, and what runs again.

A file written, a table changed, a message sent: found by the names of calls.
What replay.py can stop is told as left out; of the rest the user is warned.
"""
from __future__ import annotations

import ast
from typing import Dict, List, NamedTuple, Optional, Set

from splicemachine._retrain.names import chain
from splicemachine._retrain.sqlcells import spark_writes

CONTEXTS = {"SpliceMLContext", "PySpliceContext", "ExtPySpliceContext"}
# Methods of a Splice context that write.
WRITES = {"insert", "upsert", "update", "mergeInto", "delete", "execute", "executeUpdate", "createTable",
          "createAndInsertTable", "dropTable", "dropTableIfExists", "truncateTable", "analyzeSchema", "analyzeTable",
          "export", "exportBinary"}
# Methods of MLManager that start a job of the Jobs Tracker.
DEPLOYS = {"deploy_local", "deploy_aws", "undeploy", "shift_traffic"}
WRITER_ENDS = {"save", "saveAsTable", "insertInto", "json", "parquet", "text", "csv", "xml", "orc", "jdbc"}
ASKS = {"input", "raw_input", "getpass"}
# Modules that are there to reach outside, with the functions that only look.
MODULES: Dict[str, Set[str]] = {
    "os": {"path", "getcwd", "getenv", "environ", "listdir", "cpu_count", "getpid", "scandir", "walk", "stat", "sep",
           "linesep", "access", "chdir", "putenv"},
    "shutil": {"which", "disk_usage"}, "subprocess": set(), "requests": {"get", "head"}, "urllib": {"parse"},
    "smtplib": set(), "socket": set(), "boto3": set(), "ftplib": set(), "paramiko": set(),
}
FILE_WRITERS = {"to_csv", "to_parquet", "to_excel", "to_pickle", "to_json", "to_sql", "to_feather", "to_hdf",
                "savefig", "write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "savetxt", "savez",
                "dump", "writelines", "makedirs", "saveAsTextFile", "saveAsPickleFile"}
STREAMS = {"writeStream"}


class Call(NamedTuple):
    """One call: as the user reads it, and what becomes of it."""

    line: int     # from 1, in the cell's Python
    text: str
    left_out: bool


class Outside(NamedTuple):
    """All of one cell."""

    calls: List[Call]
    asks: bool              # it asks the user
    loads: Dict[str, int]   # {path: line} of .load(path) and the like
    saves: Dict[str, int]   # {path: line} of what is left out
    own_reader: bool        # it reads the database past splice.df


def contexts(trees: List[ast.Module]) -> Set[str]:
    """Names that Splice contexts have in a session."""
    found = {"splice"}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) \
                    and (chain(node.value.func)[1] or [chain(node.value.func)[0]])[-1] in CONTEXTS:
                found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return found


def look(tree: ast.Module, splice: Set[str], modules: Set[str]) -> Outside:
    """What a cell does outside; `splice` are names of contexts, `modules` imported names."""
    found = Outside([], any(_asks(n) for n in ast.walk(tree)), {}, {}, _own_reader(tree))
    inner: Set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in inner:
            continue
        root, methods = chain(node.func)
        verdict = _verdict(node, root, methods, splice, modules)
        if verdict is not None:
            inner |= {id(n) for n in ast.walk(node.func)}
            found.calls.append(Call(node.lineno, ast.unparse(node.func) + "(…)", verdict))
            if verdict:
                found.saves.update({p: node.lineno for p in _paths(node)})
        elif methods and methods[-1] in ("load", "parquet", "csv", "json", "text", "orc", "read"):
            found.loads.update({p: node.lineno for p in _paths(node)})
    return found


def _verdict(node: ast.Call, root: Optional[str], methods: List[str], splice: Set[str],
             modules: Set[str]) -> Optional[bool]:
    """True: left out; False: it runs again; None: nothing outside."""
    if not methods:
        return False if root == "open" and _writes_file(node) else None
    last = methods[-1]
    if root in splice and len(methods) == 1:
        return False if last == "getConnection" else (True if last in WRITES else None)
    if root in MODULES and methods[0] not in MODULES[root]:
        return False
    if last in WRITER_ENDS and "write" in methods[:-1] or last in DEPLOYS or _spark_statement(node, methods):
        return True
    if last == "save":
        return root not in modules
    if STREAMS & set(methods[:-1]) and last == "start":
        return False
    if last.startswith("to_") and not (node.args or node.keywords):  # pandas gives a text
        return None
    if last in FILE_WRITERS or (last == "open" and _writes_file(node)):
        return False
    return None


def _spark_statement(node: ast.Call, methods: List[str]) -> bool:
    """spark.sql("insert into …")"""
    given = node.args[0] if node.args else None
    return methods[-1] == "sql" and isinstance(given, ast.Constant) and isinstance(given.value, str) \
        and spark_writes(given.value)


def _writes_file(node: ast.Call) -> bool:
    modes = [a for a in node.args[1:2]] + [k.value for k in node.keywords if k.arg == "mode"]
    return any(isinstance(m, ast.Constant) and isinstance(m.value, str) and set(m.value) & set("wax+") for m in modes)


def _asks(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    root, methods = chain(node.func)
    return (root in ASKS and not methods) or (methods[-1:] == ["getpass"])


def _own_reader(tree: ast.Module) -> bool:
    """spark.read.jdbc(…), spark.read.format("jdbc"), a Java connection."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _, methods = chain(node.func)
            first = node.args[0] if node.args else None
            if "read" in methods and (methods[-1] == "jdbc" or (methods[-1] == "format" and isinstance(
                    first, ast.Constant) and first.value == "jdbc")):
                return True
    return False


def _paths(node: ast.Call) -> List[str]:
    given = [*node.args[:1], *[k.value for k in node.keywords if k.arg == "path"]]
    return [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
