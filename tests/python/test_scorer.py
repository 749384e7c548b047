"""The export of saved Spark models, from folders as Spark writes them; tests/live/test_scorer_parity.py has real ones."""
import json
import math

import pyarrow
import pytest
from pyarrow import parquet

from splicemachine import _scorer
from splicemachine._scorer import saved, stages

INF = math.inf


def vector(*values):
    return {"type": 1, "size": None, "indices": None, "values": list(values)}


def sparse(size, **values):
    at = {int(k[1:]): v for k, v in values.items()}
    return {"type": 0, "size": size, "indices": list(at), "values": list(at.values())}


def matrix(rows, cols, values, transposed=True):
    return {"type": 1, "numRows": rows, "numCols": cols, "colPtrs": None, "rowIndices": None,
            "values": values, "isTransposed": transposed}


def save(folder, kind, data=None, uid=None, trees=None, **params):
    """A stage as Spark saves it; `defaults` and members of the metadata may be among the params."""
    meta = {"class": "org.apache.spark.ml.x." + kind, "sparkVersion": "4.3.0", "uid": uid or kind + "_1",
            "defaultParamMap": params.pop("defaults", {}), **params.pop("meta", {}), "paramMap": params}
    (folder / "metadata").mkdir(parents=True)
    (folder / "metadata/part-00000").write_text(json.dumps(meta) + "\n")
    (folder / "metadata/_SUCCESS").write_text("")
    for name, rows in (("data", data), ("treesMetadata", trees)):
        if rows is not None:
            (folder / name).mkdir()
            # As Spark does, in no order and in several files.
            half = len(rows) // 2
            for i, part in enumerate((rows[half:], rows[:half])):
                if part:
                    parquet.write_table(pyarrow.Table.from_pylist(part), folder / name / f"part-{i}.parquet")
    return folder


def pipeline(folder, *each):
    """A saved PipelineModel of (kind, keywords)."""
    uids = [f"s{i}" for i in range(len(each))]
    save(folder, "PipelineModel", stageUids=uids)
    for i, (kind, keywords) in enumerate(each):
        save(folder / f"stages/{i:0{len(str(len(each)))}d}_s{i}", kind, uid=uids[i], **keywords)
    return folder


def schema(**types):
    return {"type": "struct", "fields": [
        {"name": k, "type": v, "nullable": True, "metadata": {}} if not isinstance(v, int) else
        {"name": k, "type": {"type": "udt", "class": "org.apache.spark.ml.linalg.VectorUDT"}, "nullable": True,
         "metadata": {"ml_attr": {"num_attrs": v}} if v else {}} for k, v in types.items()]}


LR = ("LogisticRegressionModel", {
    "data": [{"numClasses": 2, "numFeatures": 3, "interceptVector": vector(0.5),
              "coefficientMatrix": matrix(1, 3, [0.1, 0.2, 0.3]), "isMultinomial": False}],
    "featuresCol": "f", "defaults": {"threshold": 0.5, "predictionCol": "prediction",
                                     "probabilityCol": "probability", "rawPredictionCol": "rawPrediction"}})
ASSEMBLE = ("VectorAssembler", {"inputCols": ["a", "b", "c"], "outputCol": "f", "defaults": {"handleInvalid": "error"}})


def exported(folder, frame=None):
    made = _scorer.export(str(folder), frame)
    assert made.model is not None, made.unsupported
    json.dumps(made.model, allow_nan=False)
    return made.model


def reasons(folder, frame=None):
    made = _scorer.export(str(folder), frame)
    assert made.model is None
    return [(r["kind"], r["reason"]) for r in made.unsupported]


def test_a_pipeline_and_what_a_request_must_have(tmp_path):
    frame = schema(label="double", c="decimal(10,2)", unused="string", b="integer", a="boolean")
    model = exported(pipeline(tmp_path / "p", ASSEMBLE, LR), frame)
    assert model["inputs"] == [{"name": "c", "type": "decimal"}, {"name": "b", "type": "int"},
                               {"name": "a", "type": "boolean"}]
    assert model["stages"][0] == {"kind": "VectorAssembler", "uid": "s0", "inputs": ["a", "b", "c"],
                                  "sizes": [1, 1, 1], "output": "f", "handle_invalid": "error"}
    assert model["stages"][1]["coefficients"] == {"rows": 1, "cols": 3, "values": [0.1, 0.2, 0.3]}
    assert model["outputs"] == {"prediction": "prediction", "probability": "probability", "raw": "rawPrediction"}
    assert (model["format"], model["version"], model["spark"]) == ("splice-scorer", 1, "4.3.0")


def test_nested_pipelines_and_what_tuning_found(tmp_path):
    inner = save(tmp_path / "m", "PipelineModel", stageUids=["cv"]) / "stages/0_cv"
    save(inner, "CrossValidatorModel", uid="cv")
    pipeline(inner / "bestModel", ASSEMBLE, LR)
    assert [s["kind"] for s in exported(tmp_path / "m")["stages"]] == ["VectorAssembler", "LogisticRegression"]


def test_more_than_ten_stages_are_in_order(tmp_path):
    each = [("Binarizer", {"inputCol": "x", "outputCol": f"o{i}", "threshold": i}) for i in range(12)]
    assert [s["outputs"] for s in exported(pipeline(tmp_path / "p", *each))["stages"]] == [[f"o{i}"] for i in range(12)]


def test_sizes_of_vectors(tmp_path):
    parts = ("VectorAssembler", {"inputCols": ["v", "x"], "outputCol": "f"})
    assert exported(pipeline(tmp_path / "1", parts, LR), schema(v=0, x="double"))["stages"][0]["sizes"] == [2, 1]
    assert exported(pipeline(tmp_path / "2", parts, LR), schema(v=2, x="double"))["inputs"] == [
        {"name": "v", "type": "vector", "size": 2}, {"name": "x", "type": "double"}]
    assert reasons(pipeline(tmp_path / "3", parts, LR), schema(v=7, x="double")) == [
        ("LogisticRegressionModel", "it was fitted on 3 features, and f has 8")]
    assert reasons(pipeline(tmp_path / "4", parts), schema(v=0, x="double")) == [
        ("VectorAssembler", "the number of elements of the vector v is not known")]
    assert exported(pipeline(tmp_path / "5", ASSEMBLE, LR))["inputs"] == [
        {"name": n, "type": "double"} for n in "abc"], "nothing known but the number of features"


def test_every_reason_is_told(tmp_path):
    folder = pipeline(tmp_path / "p", ("Tokenizer", {"inputCol": "s", "outputCol": "w"}),
                      ("HashingTF", {"inputCol": "w", "outputCol": "h"}),
                      ("SQLTransformer", {"statement": "select h, v1 + 1 as v from __THIS__"}),
                      ("VectorAssembler", {"inputCols": ["h", "v"], "outputCol": "f"}), LR)
    assert reasons(folder, schema(s="string", v1="double")) == [
        ("Tokenizer", "the scorer does not have this stage"), ("HashingTF", "the scorer does not have this stage"),
        ("SQLTransformer", "its SQL does more than choose and rename columns: v1 + 1 as v")]


@pytest.mark.parametrize("stage, frame, reason", [
    (("DecisionTreeRegressionModel", {"leafCol": "leaf", "featuresCol": "f", "meta": {"numFeatures": 1}}), schema(f=1),
     "it names the leaf of each row (leafCol)"),
    (("LinearRegressionModel", {"data": [{"coefficients": vector(1.0), "intercept": 0.0}], "featuresCol": "f",
                                "predictionCol": ""}), schema(f=1), "its predictionCol is empty"),
    (("IndexToString", {"inputCol": "i", "outputCol": "o"}), schema(i="double"),
     "it has no labels, and nothing says those of i"),
    (("StringIndexerModel", {"inputCol": "d", "outputCol": "o", "data": [{"labelsArray": [["true"]]}]}),
     schema(d="boolean"), "it indexes d, which is neither a text nor a number"),
    (("StringIndexerModel", {"inputCol": "d", "outputCol": "o", "data": [{"labelsArray": [["1", "4611686018427387904"]]}]}),
     schema(d="long"), "it indexes d, whose value 4611686018427387904 has too many digits"),
    (("Binarizer", {"inputCol": "gone", "outputCol": "o"}), schema(x="double"),
     "it reads the column gone, which is not there"),
    (("Binarizer", {"inputCol": "x", "outputCol": "o"}), schema(x="date"),
     "it reads the column x, which is neither number, text nor vector"),
    (("VectorAssembler", {"inputCols": ["x"], "outputCol": "o"}), schema(x="string"), "it assembles x, which is a text"),
    (("Normalizer", {"inputCol": "x", "outputCol": "o"}), schema(x="double"), "x is not a vector"),
])
def test_what_cannot_be_served(tmp_path, stage, frame, reason):
    assert reasons(pipeline(tmp_path / "p", stage), frame) == [(stage[0], reason)]


def test_an_empty_pipeline(tmp_path):
    assert reasons(save(tmp_path / "p", "PipelineModel", stageUids=[])) == [("PipelineModel", "it has no stages")]


def test_the_label_is_not_asked_for(tmp_path):
    both = ("StringIndexerModel", {"inputCols": ["kind", "class"], "outputCols": ["k", "label"],
                                   "data": [{"labelsArray": [["a", "b"], ["yes", "no"]]}]})
    label = ("StringIndexerModel", {"inputCol": "class", "outputCol": "label", "data": [{"labelsArray": [["yes", "no"]]}]})
    parts = ("VectorAssembler", {"inputCols": ["k", "b", "c"], "outputCol": "f"})
    frame = schema(kind="string", b="double", c="double", **{"class": "string"})
    model = exported(pipeline(tmp_path / "1", both, label, parts, LR), frame)
    assert [c["name"] for c in model["inputs"]] == ["kind", "b", "c"]
    assert model["stages"][0]["inputs"] == ["kind"] and model["stages"][0]["labels"] == [["a", "b"]]
    assert [s["kind"] for s in model["stages"]] == ["StringIndexer", "VectorAssembler", "LogisticRegression"]
    back = ("IndexToString", {"inputCol": "label", "outputCol": "o"})
    assert len(exported(pipeline(tmp_path / "2", label, back), frame)["stages"]) == 2
    assert exported(pipeline(tmp_path / "3", label), frame)["outputs"] == {"prediction": "label"}


def test_labels_that_an_index_stands_for(tmp_path):
    index = {"inputCol": "s", "outputCol": "i", "data": [{"labelsArray": [["b", "a"]]}]}
    back = ("IndexToString", {"inputCol": "i", "outputCol": "o"})
    model = exported(pipeline(tmp_path / "1", ("StringIndexerModel", {**index, "handleInvalid": "keep"}), back))
    assert model["stages"][1]["labels"] == ["b", "a", "__unknown"] and model["outputs"] == {"prediction": "o"}
    model = exported(pipeline(tmp_path / "2", ("StringIndexerModel", index), back))
    assert model["stages"][1]["labels"] == ["b", "a"]


def test_surrogates_are_of_their_columns_type(tmp_path):
    names = ["d", "f", "i", "m"]
    imputer = ("ImputerModel", {"inputCols": names, "outputCols": [n + "o" for n in names], "missingValue": "NaN",
                                "data": [{"d": 0.1, "f": 0.1, "i": -2.7, "m": 2.345}]})
    model = exported(pipeline(tmp_path / "p", imputer),
                     schema(d="double", f="float", i="integer", m="decimal(10,2)"))
    assert model["stages"][0]["surrogates"] == [0.1, 0.10000000149011612, -2.0, 2.35]
    assert model["stages"][0]["missing_value"] == "NaN"


def test_numbers_that_are_not_finite(tmp_path):
    bucketizer = ("Bucketizer", {"inputCols": ["a", "b"], "outputCols": ["x", "y"], "handleInvalid": "keep",
                                 "splitsArray": [["-Inf", 0.1, "Inf"], [1, 2, 3]]})
    model = exported(pipeline(tmp_path / "p", bucketizer, ("Normalizer", {"inputCol": "v", "outputCol": "n", "p": "Inf"})),
                     schema(a="double", b="float", v=2))
    assert model["stages"][0]["splits"] == [["-Infinity", 0.1, "Infinity"], [1.0, 2.0, 3.0]]
    assert model["stages"][1]["p"] == "Infinity"


def test_stored_vectors_and_matrices():
    assert saved.vector(sparse(4, i1=0.5, i3=-1.0)) == [0.0, 0.5, 0.0, -1.0]
    assert saved.vector(sparse(2)) == [0.0, 0.0]
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert saved.matrix(matrix(2, 3, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])) == rows
    assert saved.matrix(matrix(2, 3, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], transposed=False)) == rows
    by_column = {"type": 0, "numRows": 2, "numCols": 3, "colPtrs": [0, 1, 1, 3], "rowIndices": [1, 0, 1],
                 "values": [4.0, 3.0, 6.0], "isTransposed": False}
    assert saved.matrix(by_column) == [[0.0, 0.0, 3.0], [4.0, 0.0, 6.0]]
    by_row = {"type": 0, "numRows": 2, "numCols": 3, "colPtrs": [0, 1, 3], "rowIndices": [2, 0, 2],
              "values": [3.0, 4.0, 6.0], "isTransposed": True}
    assert saved.matrix(by_row) == [[0.0, 0.0, 3.0], [4.0, 0.0, 6.0]]


def test_thresholds_of_two_classes_are_one(tmp_path):
    def threshold(name, **params):
        return exported(save(tmp_path / name, LR[0], **{**LR[1], **params}))["stages"][0]["threshold"]
    assert threshold("default") == 0.5 and threshold("set", threshold=0.25) == 0.25
    assert threshold("two", thresholds=[0.3, 0.7]) == 1.0 / (1.0 + 0.3 / 0.7)
    assert threshold("never", thresholds=[1.0, 0.0]) == 0.0


def test_several_classes(tmp_path):
    data = [{**LR[1]["data"][0], "numClasses": 2, "isMultinomial": True, "interceptVector": sparse(2, i1=0.5),
             "coefficientMatrix": matrix(2, 3, [0.0, 1.0, 0.0, 2.0, 0.0, 3.0], transposed=False)}]
    stage = exported(save(tmp_path / "m", LR[0], **{**LR[1], "data": data, "thresholds": [0.5, 0.25]}))["stages"][0]
    assert stage["thresholds"] == [0.5, 0.25] and "threshold" not in stage
    assert stage["coefficients"]["values"] == [0.0, 0.0, 0.0, 1.0, 2.0, 3.0] and stage["intercepts"] == [0.0, 0.5]


@pytest.mark.parametrize("params, family", [
    ({"family": "gamma"}, ("gamma", "inverse", None)),
    ({"family": "Binomial", "link": "CLogLog"}, ("binomial", "cloglog", None)),
    ({"family": "tweedie", "variancePower": 1.5}, ("tweedie", "power", -0.5)),
    ({"family": "tweedie", "variancePower": 1.2, "linkPower": 0.0}, ("tweedie", "log", 0.0)),
    ({"family": "tweedie", "variancePower": 2.0}, ("gamma", "inverse", -1.0)),
    ({"family": "tweedie", "variancePower": 0.0, "linkPower": 0.5}, ("gaussian", "sqrt", 0.5)),
    ({}, ("gaussian", "identity", None)),
])
def test_families_and_links(tmp_path, params, family):
    stage = exported(save(tmp_path / "m", "GeneralizedLinearRegressionModel", featuresCol="f", offsetCol="o",
                          linkPredictionCol="l", data=[{"coefficients": vector(1.5), "intercept": -INF}], **params),
                     schema(f=1, o="integer"))["stages"][0]
    assert (stage["family"], stage["link"], stage["link_power"]) == family
    assert (stage["offset"], stage["link_prediction"], stage["intercept"]) == ("o", "l", "-Infinity")


def node(i, left, right, feature, side, total, prediction, stats):
    return {"id": i, "prediction": prediction, "impurity": 0.0, "impurityStats": stats, "rawCount": 1, "gain": 0.0,
            "leftChild": left, "rightChild": right,
            "split": {"featureIndex": feature, "leftCategoriesOrThreshold": side, "numCategories": total}}


NODES = [node(0, 1, 4, 2, [0.1], -1, 1.0, [3.0, 4.0]), node(1, 2, 3, 0, [0.0, 2.0], 3, 0.0, [2.0, 1.0]),
         node(2, -1, -1, -1, [], -1, 0.0, [2.0, 0.0]), node(3, -1, -1, -1, [], -1, 1.0, [0.0, 1.0]),
         node(4, -1, -1, -1, [], -1, 1.0, [1.0, 3.0])]


def test_a_tree(tmp_path):
    stage = exported(save(tmp_path / "m", "DecisionTreeClassificationModel", data=NODES[::-1], featuresCol="f",
                          meta={"numFeatures": 3, "numClasses": 2}), schema(f=3))["stages"][0]
    assert stage["tree"] == {
        "feature": [2, 0, -1, -1, -1], "threshold": [0.1, None, None, None, None], "left": [1, 2, -1, -1, -1],
        "right": [4, 3, -1, -1, -1], "categories": [None, [0.0, 2.0], None, None, None],
        "arity": [None, 3, None, None, None],
        "leaf": [None, None, [2.0, 0.0], [0.0, 1.0], [1.0, 3.0]]}
    assert stage["classes"] == 2 and stage["task"] == "classification" and stage["thresholds"] is None


def test_an_ensemble(tmp_path):
    data = [{"treeID": t, "nodeData": n} for t in (1, 0, 2) for n in NODES[::-1]]
    weights = [{"_1": t, "_2": "{}", "_3": 0.5 * t} for t in (2, 0, 1)]
    stage = exported(save(tmp_path / "m", "GBTRegressionModel", data=data, trees=weights, featuresCol="f",
                          meta={"numFeatures": 3, "numTrees": 3}), schema(f=3))["stages"][0]
    assert stage["weights"] == [0.0, 0.5, 1.0] and len(stage["trees"]) == 3
    assert all(t["leaf"] == [None, None, [0.0], [1.0], [1.0]] for t in stage["trees"])
    assert stage["task"] == "regression" and (stage["probability"], stage["raw"]) == (None, None)


@pytest.mark.parametrize("statement, found", [
    ("SELECT * FROM __THIS__", (True, [])),
    ("select a, b as c, `d, e` f from __THIS__ ;", (False, [{"from": "a", "as": "a"}, {"from": "b", "as": "c"},
                                                           {"from": "d, e", "as": "f"}])),
    ("select __THIS__.*, x y from __THIS__", (True, [{"from": "x", "as": "y"}])),
])
def test_selects_that_only_choose(statement, found):
    assert stages.parse_select(statement) == found


@pytest.mark.parametrize("statement", [
    "", "select a from other", "select a + 1 from __THIS__", "select a from __THIS__ where a > 1", "select 1 from __THIS__",
    "select distinct a from __THIS__", "select null as a from __THIS__", "select *, * from __THIS__", "select a, from __THIS__",
    "select a b c from __THIS__", "select sum(a) from __THIS__", "select /*+ BROADCAST(a) */ a from __THIS__"])
def test_selects_that_do_more(statement):
    with pytest.raises(saved.Unsupported):
        stages.parse_select(statement)


def test_chosen_columns_are_all_that_is_left(tmp_path):
    choose = ("SQLTransformer", {"statement": "select a as x, b from __THIS__"})
    frame = schema(a="double", b="string", c="double")
    model = exported(pipeline(tmp_path / "1", choose, ("Binarizer", {"inputCol": "x", "outputCol": "o"})), frame)
    assert [c["name"] for c in model["inputs"]] == ["a", "b"]
    assert reasons(pipeline(tmp_path / "2", choose, ("Binarizer", {"inputCol": "c", "outputCol": "o"})), frame) == [
        ("Binarizer", "it reads the column c, which is not there")]
    twice = ("SQLTransformer", {"statement": "select *, a as B from __THIS__"})
    assert reasons(pipeline(tmp_path / "3", twice), frame) == [
        ("SQLTransformer", "its statement gives two columns one name")]


def test_column_names_in_any_case(tmp_path):
    frame = schema(A="double", B="double", b="double")
    model = exported(pipeline(tmp_path / "1", ("Binarizer", {"inputCol": "a", "outputCol": "o"})), frame)
    assert model["inputs"] == [{"name": "A", "type": "double"}]
    model = exported(pipeline(tmp_path / "2", ("Binarizer", {"inputCol": "b", "outputCol": "o"})), frame)
    assert model["inputs"] == [{"name": "b", "type": "double"}]


def test_a_folder_that_is_no_model(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no model that Spark saved"):
        _scorer.export(str(tmp_path))
