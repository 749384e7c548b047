"""What a model was fitted from: its estimator, as it was then, and the training frame.

A logged model takes both along, for the sample that a deployment checks and
for retraining; the model itself knows neither.  So Estimator.fit is watched.
To the cell it is as ever: result, errors, arguments and subclasses' own
methods are untouched, and what goes wrong here is not the cell's.

Remembered are the newest few fits whose model still exists.  A frame is a
plan, not rows; it is let go with its model.
"""
from __future__ import annotations

import functools
import threading
import weakref
from collections import OrderedDict
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from splicemachine import _imports

FITS_MAX = 16  # a search over hundreds of models keeps no more frames than this


class Fit(NamedTuple):
    """One call of fit."""

    estimator: Any  # a copy, with the call's params
    frame: Any


_fits: "OrderedDict[int, Tuple[weakref.ref, Fit]]" = OrderedDict()  # by id() of the model
_thread = threading.local()


def watch_import() -> None:
    """Watch Estimator.fit from the moment that pyspark.ml is imported."""
    _imports.after("pyspark.ml.base", lambda module: watch(module.Estimator))


def watch(estimator_class: Any) -> None:
    """Have `estimator_class.fit` remember what it fits; once."""
    if not hasattr(estimator_class.fit, "_splice_watched"):
        estimator_class.fit = _watched(estimator_class.fit)


def find(model: Any) -> Optional[Fit]:
    """The fit that made a model, or one that the model is a copy of; None when none was seen."""
    entry = _fits.get(id(model))
    if entry is not None and entry[0]() is model:
        return entry[1]
    for known, fit in reversed(list(_fits.values())):
        if getattr(known(), "uid", None) == getattr(model, "uid", ""):
            return fit
    return None


def _watched(fit: Any) -> Any:
    @functools.wraps(fit)
    def watched(self, *args, **kwargs):
        __tracebackhide__ = True
        if getattr(_thread, "fitting", False):  # a stage of the pipeline that is fitted
            return fit(self, *args, **kwargs)
        _thread.fitting = True
        try:
            made = fit(self, *args, **kwargs)
        finally:
            _thread.fitting = False
        try:
            _remember(self, made, *args, **kwargs)
        except Exception:  # its own copy() failed, it takes no weak reference, …
            pass
        return made

    watched._splice_watched = True
    return watched


def _remember(estimator: Any, made: Any, dataset: Any, params: Any = None) -> None:
    if isinstance(params, (list, tuple)):
        pairs: List[Tuple[Any, Dict]] = list(zip(made, params))
    else:
        pairs = [(made, params or {})]
    for model, values in pairs[-FITS_MAX:]:
        key = id(model)
        known = weakref.ref(model, lambda gone, key=key: _forget(key, gone))
        _fits.pop(key, None)
        _fits[key] = known, Fit(estimator.copy(values), dataset)
    while len(_fits) > FITS_MAX:
        _fits.popitem(last=False)


def _forget(key: int, gone: weakref.ref) -> None:
    """A model ended; its id may be another's by now."""
    entry = _fits.get(key)
    if entry is not None and entry[0] is gone:
        _fits.pop(key, None)
