"""Recorded SQL cells and %mlmanager cells: what of them a replay runs.

Of SQL only `set schema`.  A query is for reading, and what changes the
database is never run again.  Of %mlmanager only the parameters.
"""
from __future__ import annotations

import re
from typing import List, NamedTuple, Optional

from splicemachine._retrain.tables import WORDS

QUERIES = {"select", "values", "with", "explain", "show", "describe"}
# Statements of Spark's SQL that change this session alone.
SESSION = {"set", "reset", "use", "cache", "uncache", "refresh", "clear", "declare", "table", "from", "list", "desc"}
TEMPORARY = re.compile(r"create\s+(or\s+replace\s+)?(global\s+)?(temp|temporary)\b", re.I)
INSERTS = re.compile(r"\binsert\s+(into|overwrite)\b", re.I)
COMMENT = re.compile(r"\s*(?:--[^\n]*\n?|/\*.*?\*/)", re.S)
TRACKING_MAGIC = "%mlmanager"


class Part(NamedTuple):
    """What is run of a cell (None: nothing), and why the rest is not (None: nothing is left)."""

    source: Optional[str]
    left: Optional[str]


def statements(sql: str) -> List[str]:
    """The statements of a cell, without what stands between them."""
    found, begin = [], 0
    for word in WORDS.finditer(sql):
        if word.group() == ";":
            found.append(sql[begin:word.start()])
            begin = word.end()
    return [s for s in (bare(s) for s in [*found, sql[begin:]]) if s]


def bare(statement: str) -> str:
    """A statement without the comments and blanks before it."""
    while (comment := COMMENT.match(statement)):
        statement = statement[comment.end():]
    return statement.strip()


def first_words(statement: str) -> List[str]:
    """Its first two words, in lower case: those of a comment before it are none."""
    return [w.lower() for w in re.findall(r"[^\W\d]\w*", bare(statement))[:2]]


def spark_writes(statement: str) -> bool:
    """Whether a statement of spark.sql changes more than its session."""
    first = first_words(statement)[:1]
    if first == ["create"]:
        return TEMPORARY.match(bare(statement)) is None
    return first[:1] != [] and (first[0] not in QUERIES | SESSION or INSERTS.search(statement) is not None)


def sql_part(body: str, connects: bool) -> Part:
    """Of a %splicemachine cell; `connects`: it changed the connection."""
    keep, left = [], set()
    for statement in statements(body):
        words = first_words(statement)
        if words == ["set", "schema"]:
            keep.append(statement + ";")
        else:
            left.add("a query" if words[:1] and words[0] in QUERIES else "changes the database")
    if connects:
        left.add("the new run uses the connection of now")
    reason = "changes the database" if "changes the database" in left else next(iter(sorted(left)), None)
    return Part("%splicemachine\n" + "\n".join(keep) if keep else None, reason)


# --- %mlmanager ---

def tracking_part(body: str, logs: bool) -> Part:
    """Of a %mlmanager cell; `logs`: its run is the one that is retrained."""
    kept = [line for line in map(_parameters, body.splitlines()) if line] if logs else []
    return Part("\n".join([TRACKING_MAGIC, *kept]) if kept else None, "the new run takes its place")


def _parameters(line: str) -> Optional[str]:
    """The line with its parameters alone: numbers were measured on the old model."""
    words = split(line)
    if words[:2] == ["log", "param"]:
        return line.strip()
    if words[:1] != ["log"] or words[1:2] == ["metric"]:
        return None
    pairs = [w.partition("=") for w in words[1:] if "=" in w]
    kept = [f"{name}={value}" for name, _, value in pairs if not _is_number(value)]
    return "log param " + " ".join(map(_quoted, kept)) if kept else None


def split(line: str) -> List[str]:
    """Words as %mlmanager reads them (magics/mlmanager/words.c)."""
    words: List[str] = []
    for piece in re.finditer(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+""", line):
        words.append(re.sub(r""""((?:\\.|[^"\\])*)"|'([^']*)'""", _unquoted, piece.group()))
    return words


def _unquoted(found: "re.Match[str]") -> str:
    return found.group(2) if found.group(1) is None else re.sub(r"\\(.)", r"\1", found.group(1))


def _quoted(word: str) -> str:
    if re.fullmatch(r"[^\s\"'\\]+", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return "_" not in value


def connects(source: str, body_at: int) -> bool:
    """Whether a SQL cell's magic line names a database."""
    return "--connect" in source[:body_at] or "--connect" in source.split("\n", 1)[0]


