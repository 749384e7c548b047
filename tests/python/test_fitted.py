"""Estimator.fit is watched, and nobody notices; the rows of a sample are chosen. No JVM."""
import gc
import inspect
import pickle
import sys
import threading
import traceback

import pytest
from pyspark.ml.base import Estimator, Model
from pyspark.ml.param.shared import HasMaxIter
from pyspark.ml.pipeline import Pipeline, PipelineModel

from splicemachine import _fitted, _imports, _sample

ORIGINAL = Estimator.fit


class Mean(Estimator, HasMaxIter):
    """Fits on a list of numbers."""

    def _fit(self, dataset):
        if not dataset:
            raise ZeroDivisionError("no rows")
        return MeanModel(sum(dataset) / len(dataset))


class MeanModel(Model):
    def __init__(self, mean):
        super().__init__()
        self.mean = mean

    def _transform(self, dataset):
        return [x - self.mean for x in dataset]


class Frame(list):
    """Can be referred to weakly, as a frame can."""


class FitsItself(Mean):
    def fit(self, dataset, params=None):
        return super().fit([x + 1 for x in dataset], params)


@pytest.fixture(autouse=True)
def watched():
    _fitted.watch(Estimator)
    yield
    Estimator.fit = ORIGINAL
    _fitted._fits.clear()


def test_the_fit_of_a_model():
    frame = Frame([1, 2, 3])
    estimator = Mean()
    model = estimator.fit(frame)
    assert model.mean == 2
    fit = _fitted.find(model)
    assert fit.frame is frame and fit.estimator is not estimator and fit.estimator.uid == estimator.uid
    assert _fitted.find(MeanModel(2)) is None


def test_a_copy_of_a_model_has_its_fit():
    model = Mean().fit([1])
    copy = model.copy()
    assert _fitted.find(copy) is _fitted.find(model) is not None


def test_the_outermost_fit_counts_and_later_changes_do_not():
    stages = [Mean()]
    pipeline = Pipeline(stages=stages)

    def fit(self, dataset):
        return PipelineModel([s.fit(dataset) for s in self.getStages()])
    pipeline._fit = fit.__get__(pipeline)
    model = pipeline.fit([1, 2])
    stages.append(Mean())
    assert len(pipeline.getStages()) == 2 and len(_fitted.find(model).estimator.getStages()) == 1
    assert len(_fitted._fits) == 1


def test_params_are_in_the_copy():
    estimator = Mean()
    one = estimator.fit([1], {estimator.maxIter: 7})
    assert _fitted.find(one).estimator.getOrDefault("maxIter") == 7 and not estimator.isSet("maxIter")
    many = estimator.fit([1, 3], [{estimator.maxIter: 1}, {estimator.maxIter: 2}])
    assert [_fitted.find(m).estimator.getOrDefault("maxIter") for m in many] == [1, 2]
    assert [m.mean for m in estimator.fit([1, 3], params=({}, {}))] == [2, 2]


def test_frames_go_with_their_models_and_are_few():
    import weakref

    frame = Frame([1])
    gone = weakref.ref(frame)
    model = Mean().fit(frame)
    del frame, model
    gc.collect()
    assert gone() is None and not _fitted._fits
    models = [Mean().fit([i]) for i in range(100)]
    assert len(_fitted._fits) == _fitted.FITS_MAX
    assert _fitted.find(models[99]) and not _fitted.find(models[0])


def test_errors_and_tracebacks_are_the_fits_own():
    with pytest.raises(ZeroDivisionError, match="no rows") as error:
        Mean().fit([])
    frames = traceback.extract_tb(error.tb)
    assert [f.name for f in frames if f.filename == _fitted.__file__] == ["watched"]
    assert error.traceback[1].frame.f_locals["__tracebackhide__"] is True  # cells do not show it
    for call in (lambda: Mean().fit(), lambda: Mean().fit([1], 5), lambda: Mean().fit([1], {}, 3)):
        with pytest.raises(TypeError) as ours:
            call()
        Estimator.fit, watched = ORIGINAL, Estimator.fit
        with pytest.raises(TypeError) as theirs:
            call()
        Estimator.fit = watched
        assert str(ours.value) == str(theirs.value)
    assert Mean().fit([1]).mean == 1, "an error leaves nothing behind"


def test_an_interrupt_goes_on():
    estimator = Mean()

    def fit(dataset):
        raise KeyboardInterrupt
    estimator._fit = fit
    with pytest.raises(KeyboardInterrupt):
        estimator.fit([1])
    assert not _fitted._thread.fitting


def test_what_cannot_be_remembered_is_fitted_all_the_same():
    estimator = Mean()
    estimator.copy = lambda extra=None: 1 / 0
    model = estimator.fit([4])
    assert model.mean == 4 and _fitted.find(model) is None


def test_subclasses_signature_and_pickle():
    assert FitsItself().fit([1]).mean == 2
    assert inspect.signature(Estimator.fit) == inspect.signature(ORIGINAL)
    assert Estimator.fit.__doc__ == ORIGINAL.__doc__ and Estimator.fit.__qualname__ == "Estimator.fit"
    assert pickle.loads(pickle.dumps(Estimator.fit)) is Estimator.fit
    assert pickle.loads(pickle.dumps(Mean())).fit([2]).mean == 2
    once = Estimator.fit
    _fitted.watch(Estimator)
    assert Estimator.fit is once


def test_threads_fit_each_for_itself():
    found = []

    def work(i):
        model = Mean().fit([i])
        found.append((_fitted.find(model).frame, i))
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(found) == 8 and all(frame == [i] for frame, i in found)


def test_what_waits_for_an_import(tmp_path, monkeypatch):
    (tmp_path / "late_module.py").write_text("here = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    seen = []
    _imports.after("late_module", lambda module: seen.append(module.here))
    assert seen == []
    import late_module

    assert seen == [1] and type(late_module.__loader__).__module__ != "splicemachine._imports"
    assert late_module.__spec__.loader is late_module.__loader__
    _imports.after("late_module", lambda module: seen.append(2))
    assert seen == [1, 2]
    del sys.modules["late_module"]


@pytest.mark.parametrize("classes, n, chosen", [
    ([0, 0, 0, 0, 1, 0, 1], 4, [0, 1, 4, 6]),
    ([0, 0, 0, 1], 3, [0, 1, 3]),
    ([0, 0], 5, [0, 1]),
    ([], 5, []),
    (list(range(100)), 3, [0, 1, 2]),
])
def test_rows_of_all_classes(classes, n, chosen):
    assert _sample.choose(classes, n) == chosen
