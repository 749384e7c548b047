"""Cells that were copied from a page: typographic quotes and back-quoted words.

``create_new_run(user_id=‘Ben’)`` and ``user_id=`Amy` `` come out of word
processors and web pages.  `mend` makes such quotes plain, but only in a cell
that does not compile as it is and does compile then, and only outside of
strings, comments, shell lines and magic lines.
"""
from __future__ import annotations

import io
import re
import token
import tokenize
from typing import Callable, List, Optional, Tuple

SINGLE = "‘’‚‛"
DOUBLE = "“”„‟"
# Lines that are not Python: !ls, %magic, ?name, name?, x = !ls, x = %magic.
OTHER_LINE = re.compile(r"\s*(?:[!%?]|[\w.,\[\]* ]+=\s*[!%]|[\w.*%]+\?{1,2}\s*$)")
STRING_START = re.compile(r"('''|\"\"\"|'|\")")
BACKQUOTED_WORD = re.compile(r"`([\w.-]+)`")


def mend(source: str, compiles: Callable[[str], bool]) -> Optional[str]:
    """The cell with plain quotes, or None when the cell is to stay as it is.

    Every replaced quote is one character for one, so that line and column
    numbers in a traceback stay right.  `compiles` says whether a text is a
    valid cell.
    """
    if not any(c in source for c in SINGLE + DOUBLE + "`") or compiles(source):
        return None
    found = _replacements(source)
    if not found:
        return None
    text = list(source)
    for at, quote in found:
        text[at] = quote
    mended = "".join(text)
    if not compiles(mended) or not _are_string_ends(mended, [at for at, _ in found]):
        return None
    return mended


def examples(source: str, mended: str) -> str:
    """The first changed piece, for the notice: "‘Ben’ as 'Ben'"."""
    first = next(i for i, (a, b) in enumerate(zip(source, mended)) if a != b)
    end = mended.index(mended[first], first + 1) + 1
    return f"{source[first:end]} as {mended[first:end]}"


def _replacements(source: str) -> Optional[List[Tuple[int, str]]]:
    """(offset, plain quote) of every quote to change; None when one has no partner."""
    found: List[Tuple[int, str]] = []
    at, line_start, depth = 0, True, 0
    while at < len(source):
        if line_start and depth == 0 and OTHER_LINE.match(_line(source, at)):
            at = _end_of_line(source, at)
            continue
        c = source[at]
        line_start = c == "\n"
        depth += (c in "([{") - (c in ")]}" and depth > 0)
        if c == "#":
            at = _end_of_line(source, at)
        elif (m := STRING_START.match(source, at)):
            at = _end_of_string(source, at, m.group(1))
        elif c in SINGLE + DOUBLE:
            pair = _pair(source, at)
            if pair is None:
                return None
            quote, close = pair
            found += [(at, quote), (close, quote)]
            at = close + 1
        elif c == "`":
            word = BACKQUOTED_WORD.match(source, at)
            if word is None:
                return None
            found += [(at, "'"), (word.end() - 1, "'")]
            at = word.end()
        else:
            at += 1
    return found


def _line(source: str, at: int) -> str:
    end = source.find("\n", at)
    return source[at:] if end < 0 else source[at:end]


def _end_of_line(source: str, at: int) -> int:
    """Offset of the newline that ends the line, past backslash-continued ones in a shell line."""
    while True:
        end = source.find("\n", at)
        if end < 0:
            return len(source)
        if source[end - 1:end] != "\\" or source[at:at + 1] == "#":
            return end
        at = end + 1


def _end_of_string(source: str, at: int, quote: str) -> int:
    """Offset past a string literal; an unfinished one ends with its line, or with the cell."""
    i = at + len(quote)
    while i < len(source):
        if source[i] == "\\":
            i += 2
        elif source.startswith(quote, i):
            return i + len(quote)
        elif source[i] == "\n" and len(quote) == 1:
            return i
        else:
            i += 1
    return len(source)


def _pair(source: str, at: int) -> Optional[Tuple[str, int]]:
    """The plain quote to use for the typographic one at `at`, and the offset of its partner."""
    family, quote, other = (SINGLE, "'", '"') if source[at] in SINGLE else (DOUBLE, '"', "'")
    line = _line(source, at)
    close = next((i for i in range(1, len(line)) if line[i] in family), None)
    if close is None or line[1:close].endswith("\\"):
        return None
    text = line[1:close]
    if quote in text:
        if other in text:
            return None
        quote = other
    return quote, at + close


def _are_string_ends(source: str, offsets: List[int]) -> bool:
    """Whether each offset is the first or last quote of a string of the mended cell."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    ends = set()
    opening = {token.STRING, getattr(token, "FSTRING_START", -1), getattr(token, "TSTRING_START", -1)}
    closing = {token.STRING, getattr(token, "FSTRING_END", -1), getattr(token, "TSTRING_END", -1)}
    try:
        for t in tokenize.generate_tokens(io.StringIO(source).readline):
            if t.type in opening:
                prefix = len(t.string) - len(t.string.lstrip("rRbBuUfFtT"))
                ends.add(starts[t.start[0] - 1] + t.start[1] + prefix)
            if t.type in closing:
                ends.add(starts[t.end[0] - 1] + t.end[1] - 1)
    except (tokenize.TokenError, SyntaxError, IndexError):
        return True  # magics among the Python: the compiler has agreed already
    return all(at in ends for at in offsets)
