"""Which cells of a session others need: a slice backwards, by names, at the granularity of cells."""
from __future__ import annotations

import ast
from typing import Dict, Iterable, NamedTuple, Set

from splicemachine._retrain.names import BUILTINS, PRESET, Effects, effects, imported


class Dependence(NamedTuple):
    """What a slice found: the cells by their places, and names that nothing binds."""

    whole: Set[int]
    imports: Set[int]  # of these only the import statements
    missing: Set[str]


class Session:
    """The Python cells of a session and how they hang together.

    `trees` are by place, in the order of the session.
    """

    def __init__(self, trees: Dict[int, ast.Module], ambient: Iterable[int] = ()):
        modules: Set[str] = set().union(*map(imported, trees.values()), set())
        self.effects = {place: effects(tree, modules) for place, tree in trees.items()}
        for place in ambient:
            self.effects[place].ambient = True
        self._later = _merged(e.later for e in self.effects.values())
        self._inner = _merged(e.inner for e in self.effects.values())
        self._group: Dict[str, str] = {n: "spark" for n in PRESET - {"z"}}
        for e in self.effects.values():
            for names in e.ties:
                self._tie({n for n in names if n[:2] != "()"} - PRESET
                          | {n[2:] for n in names if n[:2] == "()" and n[2:] in self._later})
        for e in self.effects.values():
            self._through_calls(e)

    def needed(self, roots: Iterable[int]) -> Dependence:
        """Which cells the roots need, themselves included."""
        roots = set(roots)
        live: Set[str] = {"spark"}
        whole: Set[int] = set()
        part: Set[int] = set()
        for place in sorted(self.effects, reverse=True):
            e = self.effects[place]
            if place in roots or (whole and (e.ambient or self._matters(e, live))):
                whole.add(place)
                live = (live - e.kills) | e.uses
            elif whole and (e.stars or e.imports & live):
                part.add(place)
                live = live - e.imports
        return Dependence(whole, part, live - BUILTINS - PRESET)

    def _matters(self, e: Effects, live: Set[str]) -> bool:
        groups = {self._find(n) for n in live}
        return bool((e.binds - e.imports) & live) or any(self._find(n) in groups for n in e.changes)

    def _through_calls(self, e: Effects) -> None:
        """A cell that reads a function of the session's, or what holds one, reads and changes what that does."""
        groups = {self._find(n) for n in e.reads}
        called = [n for n in self._later if self._find(n) in groups]
        seen: Set[str] = set()
        while called:
            name = called.pop()
            if name not in seen:
                seen.add(name)
                called += [n for n in self._later[name] if n in self._later]
                e.uses |= self._later[name] - e.kills
                e.changes |= self._inner.get(name, set())

    def _find(self, name: str) -> str:
        while self._group.get(name, name) != name:
            name = self._group[name]
        return name

    def _tie(self, names: Set[str]) -> None:
        first, *others = sorted(names) or [""]
        for other in others:
            self._group[self._find(other)] = self._find(first)


def _merged(parts: Iterable[Dict[str, Set[str]]]) -> Dict[str, Set[str]]:
    every: Dict[str, Set[str]] = {}
    for part in parts:
        for name, names in part.items():
            every.setdefault(name, set()).update(names)
    return every
