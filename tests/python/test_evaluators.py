"""The evaluators' formulas and argument forms; on real Spark in tests/live."""
import math

import pytest

from splicemachine.errors import SpliceError
from splicemachine.ml import utilities
from splicemachine.ml.utilities import SpliceBinaryClassificationEvaluator as Binary


class Counted(Binary):
    """The evaluator on given counts, without Spark."""

    def input(self, tp, tn, fp, fn):
        self._given = {(1, 1): tp, (0, 0): tn, (0, 1): fp, (1, 0): fn}
        self._results.append(self._evaluate(None))

    def _counts(self, frame):
        return self._given


def results(tp, tn, fp, fn):
    e = Counted(None, confusion_matrix=False)
    e.input(tp, tn, fp, fn)
    return e.get_results("dict")


def test_formulas():
    tp, tn, fp, fn = 40, 900, 10, 50
    r = results(tp, tn, fp, fn)
    assert list(r) == ["TPR", "SPC", "PPV", "NPV", "FPR", "FDR", "FNR", "ACC", "F1", "MCC"]
    expected = {"TPR": tp / (tp + fn), "SPC": tn / (tn + fp), "PPV": tp / (tp + fp), "NPV": tn / (tn + fn),
                "FPR": fp / (fp + tn), "FDR": fp / (fp + tp), "FNR": fn / (fn + tp),
                "ACC": (tp + tn) / 1000, "F1": 80 / (80 + 60),
                "MCC": (tp * tn - fp * fn) / math.sqrt(50 * 90 * 910 * 950)}
    assert r == pytest.approx(expected)


def test_as_scikit_learn_has_it():
    metrics = pytest.importorskip("sklearn.metrics")
    y = [1] * 90 + [0] * 910
    p = [1] * 40 + [0] * 50 + [1] * 10 + [0] * 900
    r = results(40, 900, 10, 50)
    assert r["TPR"] == pytest.approx(metrics.recall_score(y, p))
    assert r["PPV"] == pytest.approx(metrics.precision_score(y, p))
    assert r["F1"] == pytest.approx(metrics.f1_score(y, p))
    assert r["MCC"] == pytest.approx(metrics.matthews_corrcoef(y, p))
    assert r["SPC"] == pytest.approx(metrics.recall_score(y, p, pos_label=0))


def test_nothing_to_divide_by():
    assert set(results(0, 0, 0, 0).values()) == {0.0}
    r = results(0, 10, 0, 0)
    assert r["TPR"] == r["PPV"] == r["MCC"] == 0.0 and r["SPC"] == r["ACC"] == 1.0


def test_large_counts_keep_their_precision():
    n = 10**9
    assert results(n, n, 1, 1)["MCC"] == pytest.approx(1 - 2e-9)


def test_average_over_inputs():
    e = Counted(None, confusion_matrix=False)
    e.input(1, 0, 0, 1)
    e.input(1, 0, 0, 0)
    assert e.get_results("dict")["TPR"] == 0.75


def test_output_types():
    e = Counted(None, confusion_matrix=False)
    with pytest.raises(SpliceError, match="nothing was evaluated"):
        e.get_results()
    e.input(1, 1, 0, 0)
    assert e.get_results("dict") == e.get_results(True) == e.get_results(as_dict=True) == e.get_results(dict=True)
    with pytest.raises(ValueError, match="dataframe"):
        e.get_results("json")


@pytest.mark.parametrize("args, options, expected", [
    ((), {}, ("label", "prediction")),
    (("y", "p"), {}, ("y", "p")),
    (("prediction", "label"), {}, ("label", "prediction")),
    (("my_pred", "truth"), {}, ("truth", "my_pred")),
    ((), {"label_column": "y", "prediction_column": "p"}, ("y", "p")),
    ((), {"labelCol": "y", "predictionCol": "p"}, ("y", "p")),
    (("y", "p", False), {}, ("y", "p")),
])
def test_column_names(args, options, expected):
    e = Binary(None, *args, **options)
    assert (e.label_column, e.prediction_column) == expected
    assert e.confusion_matrix is not (False in args)


def test_prediction_first_elsewhere():
    e = utilities.SpliceRegressionEvaluator(None, "p", "y")
    assert (e.label_column, e.prediction_column) == ("y", "p")
    e = utilities.SpliceMultiClassificationEvaluator(None, "label", "prediction")
    assert (e.label_column, e.prediction_column) == ("label", "prediction")


def test_unknown_argument():
    with pytest.raises(TypeError, match="'labels'"):
        Binary(None, labels="y")


def test_what_is_gone_says_what_to_use():
    with pytest.raises(NotImplementedError, match="MLManager"):
        utilities.Run()
    with pytest.raises(NotImplementedError, match="create_experiment"):
        utilities.experiment_maker()
    with pytest.raises(ImportError, match="ml.utilities"):
        import splicemachine.ml.zeppelin  # noqa: F401


def test_tree_text():
    text = "If (feature 1 <= 0.5)\n Predict: 0.0\nElse (feature 9 > 1)\n Predict: 1.0"
    assert utilities.DecisionTreeVisualizer.parse(text, ["a", "b"], ["no", "yes"]) == \
        "If (b <= 0.5)\n Predict: no\nElse (feature 9 > 1)\n Predict: yes"
