"""What to do when a module is first imported.

Libraries that many cells never use are told what they must know when a cell
imports them, not before: importing them would take seconds.
"""
from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List


def after(name: str, then: Callable[[ModuleType], None]) -> None:
    """Call `then` with a module once it is loaded; at once if it is."""
    if name in sys.modules:
        then(sys.modules[name])
        return
    finder = next((f for f in sys.meta_path if isinstance(f, _Finder)), None)
    if finder is None:
        finder = _Finder()
        sys.meta_path.insert(0, finder)
    finder.awaited.setdefault(name, []).append(then)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds a module as everyone else does; what waits for it is done behind its code."""

    def __init__(self) -> None:
        self.awaited: Dict[str, List[Callable[[ModuleType], None]]] = {}
        self._busy = False

    def find_spec(self, fullname, path, target=None):
        if fullname not in self.awaited or self._busy:
            return None
        self._busy = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._busy = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self.awaited[fullname])
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, inner: Any, then: List[Callable[[ModuleType], None]]):
        self._inner = inner
        self._then = then

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def create_module(self, spec):
        return self._inner.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._inner
        self._inner.exec_module(module)
        for then in self._then:
            then(module)
