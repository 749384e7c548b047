"""Tables' names in SQL that stands in texts: found, compared, put in another's place.

A name is (schema or None, table), folded as SQL does.  SQL is read by its
words, so that a name is neither found in a longer one nor in what SQL itself
quotes as a text or a comment.
"""
from __future__ import annotations

import io
import re
import token
import tokenize
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from splicemachine import _sql
from splicemachine.errors import SpliceError

Name = Tuple[Optional[str], str]

WORDS = re.compile(r"""
    (?P<skip> '(?:[^']|'')*' | --[^\n]* | /\*.*?\*/ )
  | (?P<name> "(?:[^"]|"")+" | [^\W\d][\w$\#@]* )
  | (?P<dot> \s*\.\s* )
  | (?P<other> [\w$\#@]+ | \s+ | . )
""", re.X | re.S)
LEADS = re.compile(r"(?i)\b(from|join|into|update|table|select|exists)\b")


class Chain(NamedTuple):
    """Names with dots between them, and where each stands."""

    parts: List[str]            # folded
    spans: List[Tuple[int, int]]


def parse(text: str) -> Name:
    """A table's name as the user writes it."""
    try:
        return _sql.split(text.strip())
    except ValueError as e:
        raise SpliceError(f"--table: {e}") from None


def text(name: Name) -> str:
    """The name as people write it; parts that need quotes have them."""
    return ".".join(_plain(part) for part in name if part)


def _plain(part: str) -> str:
    return part.lower() if re.fullmatch(r"[A-Z_][A-Z0-9_]*", part) else _sql.quote(part)


def chains(sql: str) -> Iterator[Chain]:
    """All names of a piece of SQL."""
    parts: List[str] = []
    spans: List[Tuple[int, int]] = []
    dotted = False
    for word in WORDS.finditer(sql):
        kind = word.lastgroup
        if kind == "name" and (not parts or dotted):
            raw = word.group()
            parts.append(raw[1:-1].replace('""', '"') if raw[0] == '"' else raw.upper())
            spans.append(word.span())
            dotted = False
        elif kind == "dot" and parts and not dotted:
            dotted = True
        else:
            if parts:
                yield Chain(parts, spans)
            parts, spans, dotted = [], [], False
            if kind == "name":
                raw = word.group()
                parts, spans = [raw[1:-1].replace('""', '"') if raw[0] == '"' else raw.upper()], [word.span()]
    if parts:
        yield Chain(parts, spans)


def is_sql(piece: str) -> bool:
    """Whether a text may be SQL, or the end of some, that names a table."""
    return LEADS.search(piece) is not None


def reads(sql: str, name: Name) -> bool:
    """Whether a text names the table."""
    return any(_starts(c, name) for c in chains(sql))


def replaced(piece: str, tables: Dict[Name, Name]) -> Optional[str]:
    """The text with new tables where the old ones stood; None when it names none of them.

    A text is looked at that is SQL, or nothing but the name.
    """
    found = list(chains(piece))
    hits = [(c, old) for c in found for old in tables if _starts(c, old)]
    alone = len(found) == 1 and piece.strip() == piece[found[0].spans[0][0]:found[0].spans[-1][1]]
    if not hits or not (alone or is_sql(piece)):
        return None
    edits = [(c.spans[0][0], c.spans[1 if old[0] else 0][1], text(tables[old])) for c, old in hits]
    for schema, table in {old for _, old in hits}:
        if schema:  # select T.c from S.T: the columns' prefix is the new table's name
            edits += [(*c.spans[0], _plain(tables[schema, table][1])) for c in found
                      if len(c.parts) > 1 and c.parts[0] == table]
    for start, end, instead in sorted(edits, reverse=True):
        piece = piece[:start] + instead + piece[end:]
    return piece


def _starts(chain: Chain, name: Name) -> bool:
    want = [part for part in name if part]
    return chain.parts[:len(want)] == want


# --- in Python ---

class Literal(NamedTuple):
    """A text, or a piece of an f-string, in a source."""

    start: int
    end: int
    prefix: str  # r, b, f, …
    quote: str   # "" for a piece between braces


def literals(source: str) -> Iterator[Literal]:
    """Where the texts of a Python source stand."""
    starts = [0]
    for line in source.split("\n"):  # as tokenize counts: a form feed or U+2028 ends no line
        starts.append(starts[-1] + len(line) + 1)
    middle = {getattr(token, "FSTRING_MIDDLE", -1), getattr(token, "TSTRING_MIDDLE", -1)}
    try:
        for t in tokenize.generate_tokens(io.StringIO(source).readline):
            start, end = (starts[row - 1] + column for row, column in (t.start, t.end))
            if t.type == token.STRING:
                prefix = re.match(r"[A-Za-z]*", t.string).group()
                quote = re.match(r"('''|\"\"\"|'|\")", t.string[len(prefix):]).group(1)
                whole = Literal(start + len(prefix) + len(quote), end - len(quote), prefix.lower(), quote)
                yield from _pieces(source, whole) if "f" in whole.prefix else [whole]
            elif t.type in middle:
                yield Literal(start, end, "", "")
    except (tokenize.TokenError, SyntaxError, IndexError):
        return


def _pieces(source: str, whole: Literal) -> Iterator[Literal]:
    """What stands outside of the braces of an f-string, which was one token before Python 3.12."""
    begin, depth = whole.start, 0
    for brace in re.finditer(r"\{\{|\}\}|[{}]", source[whole.start:whole.end]):
        at = whole.start + brace.start()
        if len(brace.group()) == 2 and depth == 0:
            continue
        if depth == 0 and brace.group()[0] == "{":
            yield whole._replace(start=begin, end=at)
        depth += brace.group().count("{") - brace.group().count("}")
        if depth == 0:
            begin = whole.start + brace.end()
    yield whole._replace(start=begin)


def substituted(source: str, at: int, python: str, tables: Dict[Name, Name]) -> Tuple[str, int]:
    """(source, number of texts changed) with the old tables' names in texts replaced.

    `python` is the source from `at` on, as cells.Cell.text has it.
    """
    changed = 0
    for literal in sorted(literals(python), reverse=True):
        body = source[at + literal.start:at + literal.end]
        made = _literal(body, literal, tables)
        if made is not None:
            changed += 1
            source = source[:at + literal.start] + made + source[at + literal.end:]
    return source, changed


def named(python: str, names: Sequence[Name]) -> List[Name]:
    """Those of the tables that texts of a Python source name."""
    pieces = [_value(python[l.start:l.end], l) for l in literals(python)]
    return [n for n in names if any(p is not None and replaced(p, {n: n}) is not None for p in pieces)]


def _value(body: str, literal: Literal) -> Optional[str]:
    """What a literal's characters mean; None for bytes."""
    if "b" in literal.prefix:
        return None
    if "\\" not in body or "r" in literal.prefix:
        return body
    return body.replace('\\"', '"').replace("\\'", "'").replace("\\\n", "")


def _literal(body: str, literal: Literal, tables: Dict[Name, Name]) -> Optional[str]:
    value = _value(body, literal)
    piece = replaced(value, tables) if value is not None else None
    if piece is None or piece == value:
        return None
    if value != body or (literal.quote[:1] == '"' and piece.count('"') != value.count('"')):
        quote = literal.quote[:1] or "'"
        piece = piece.replace(quote, "\\" + quote)
    return piece
