"""The model server answers as Spark does: each stage and model, fitted and exported, row by row.

A few hundred rows each; 10,000 with TEST_FULL=1 in the environment (tools/run-soak).
"""

import json
import math
import os
import subprocess
import time
import zlib

import pytest
from conftest import BUILD, ROOT
from parity_cases import CASES, Data

import sys

sys.path.insert(0, str(ROOT / "python"))

from splicemachine import _sample, _scorer  # noqa: E402

ROWS = 10_000 if os.environ.get("TEST_FULL") == "1" else 300
SCORER = BUILD / "bin/splice-scorer"
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import SparkSession

    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
               .config("spark.log.level", "OFF").config("spark.sql.shuffle.partitions", "2")
               .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
               .config("spark.ui.showConsoleProgress", "false")
               # Small frames: compiling a plan would take longer than running it.
               .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
               .config("spark.sql.adaptive.enabled", "false").config("spark.default.parallelism", "1").getOrCreate())
    yield session
    session.stop()


def fitted(case, folder):
    """The model, and its export with the schema of the test rows."""
    from pyspark.ml import Pipeline

    model = Pipeline(stages=case.stages).fit(case.train)
    model.write().overwrite().save("file://" + str(folder / "saved"))
    return model, _scorer.export(str(folder / "saved"), case.test.schema.jsonValue())


def score(model, columns, rows, folder):
    """The scorer's answers, or the process when it refuses."""
    path = folder / "model.json"
    path.write_text(json.dumps(model, allow_nan=False))
    body = json.dumps({"dataframe_split": {"columns": columns, "data": rows}}, allow_nan=False)
    done = subprocess.run([SCORER, "score", "--model", path, "--output", "all"], input=body, text=True,
                          capture_output=True, timeout=300)
    return json.loads(done.stdout)["predictions"] if done.returncode == 0 else done


def near(a, b):
    """Whether two values of answers are the same but for the last digits."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(near, a, b))
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return a == b
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-300)


def tied(answer):
    """Whether the best two classes are as good as each other: the last digit decides."""
    by = answer.get("probability") or answer.get("rawPrediction")
    if not by or len(by) < 2 or any(isinstance(x, str) for x in by):
        return False
    best = sorted(by)[-2:]
    return abs(best[1] - best[0]) <= TOLERANCE


def differences(expected, got):
    """(id, Spark's answer, the scorer's) of rows that are answered differently."""
    for key, spark in expected.items():
        scorer = got[key]
        if spark is None or scorer is None:
            if spark is not scorer:
                yield key, spark, scorer
        elif not all(near(v, scorer.get(k)) for k, v in spark.items() if k != "prediction") or \
                not near(spark["prediction"], scorer["prediction"]) and not tied(spark):
            yield key, spark, scorer


def answers_of_spark(model, outputs, frame):
    """id -> answer; rows that Spark leaves out are not there."""
    members = [(k, outputs[v]) for k, v in _sample.ANSWERS.items() if v in outputs]
    rows = model.transform(frame).select("id", *("`" + c + "`" for _, c in members)).collect()
    return {r[0]: {k: _sample.value(v) for (k, _), v in zip(members, r[1:])} for r in rows}


@pytest.mark.parametrize("name", CASES)
def test_parity(spark, tmp_path, name):
    case = CASES[name](Data(spark, ROWS, zlib.crc32(name.encode())))
    model, exported = fitted(case, tmp_path)
    if case.says:
        assert exported.model is None and case.says in exported.unsupported[0]["reason"]
        return
    assert exported.model is not None, exported.unsupported
    columns = [c["name"] for c in exported.model["inputs"]]
    rows = case.test.select("id", *("`" + c + "`" for c in columns)).collect()
    expected = answers_of_spark(model, exported.model["outputs"], case.test)
    answers = score(exported.model, columns, [[_sample.value(v) for v in r[1:]] for r in rows], tmp_path)
    assert isinstance(answers, list), answers.stderr
    ids = [r[0] for r in rows]
    assert len(answers) == len(ids) == len(set(ids)) and (ROWS <= len(ids) or "k_means" in name)
    wrong = list(differences({i: expected.get(i) for i in ids}, dict(zip(ids, answers))))
    lines = [f"{dict(zip(columns, map(str, rows[ids.index(i)][1:])))}\n  Spark  {a}\n  scorer {b}" for i, a, b in wrong[:5]]
    assert not wrong, f"{len(wrong)} of {len(ids)} rows differ, first:\n" + "\n".join(lines)


# --- rows that Spark refuses ---

def refusals():
    from pyspark.ml.feature import Bucketizer, IndexToString, OneHotEncoder, StringIndexer, VectorAssembler
    from pyspark.ml.classification import NaiveBayes

    yield "null", [VectorAssembler(inputCols=["x"], outputCol="o")], "x double", [1.0], None
    yield "nan", [VectorAssembler(inputCols=["x"], outputCol="o")], "x double", [1.0], math.nan
    yield "unseen", [StringIndexer(inputCol="x", outputCol="o")], "x string", ["a"], "b"
    yield "null_text", [StringIndexer(inputCol="x", outputCol="o")], "x string", ["a"], None
    yield "outside", [Bucketizer(inputCol="x", outputCol="o", splits=[0.0, 1.0, 2.0])], "x double", [1.0], 2.5
    yield "nan_bucket", [Bucketizer(inputCol="x", outputCol="o", splits=[0.0, 1.0, 2.0])], "x double", [1.0], math.nan
    yield "category", [OneHotEncoder(inputCols=["x"], outputCols=["o"])], "x double", [0.0, 1.0], 5.0
    yield "below", [OneHotEncoder(inputCols=["x"], outputCols=["o"])], "x double", [0.0, 1.0], -1.0
    yield "no_label", [IndexToString(inputCol="x", outputCol="o", labels=["a"])], "x double", [0.0], 3.0
    yield "negative", [VectorAssembler(inputCols=["x"], outputCol="f"), NaiveBayes(featuresCol="f")], "x double", [1.0], -1.0


@pytest.mark.parametrize("name", ["null", "nan", "unseen", "null_text", "outside", "nan_bucket", "category", "below",
                                  "no_label", "negative"])
def test_what_spark_refuses(spark, tmp_path, name):
    stages, schema, good, bad = {r[0]: r[1:] for r in refusals()}[name]
    train = spark.createDataFrame([(i, v, 0.0) for i, v in enumerate(good)], f"id long, {schema}, label double").coalesce(1)

    class case:
        pass
    case.stages, case.train, case.test = stages, train, train
    model, exported = fitted(case, tmp_path)
    assert exported.model is not None, exported.unsupported
    rows = spark.createDataFrame([(0, good[0], 0.0), (1, bad, 0.0)], train.schema)
    with pytest.raises(Exception):
        answers_of_spark(model, exported.model["outputs"], rows)
    refused = score(exported.model, ["x"], [[_sample.value(good[0])], [_sample.value(bad)]], tmp_path)
    assert not isinstance(refused, list), refused
    assert refused.returncode == 1 and "row 2" in refused.stderr, refused.stderr
    assert isinstance(score(exported.model, ["x"], [[_sample.value(v)] for v in good], tmp_path), list)


# --- size ---

def test_a_large_forest_is_exported_in_seconds(spark, tmp_path):
    from pyspark.ml.classification import RandomForestClassifier

    data = Data(spark, 4000, 1)
    columns = [data.normal() for _ in range(10)]
    frame = data.frame(", ".join(f"x{i} double" for i in range(10)) + ", label double", *columns,
                       [float(x) for x in data.whole(0, 3)])
    from pyspark.ml.feature import VectorAssembler

    class case:
        stages = [VectorAssembler(inputCols=[f"x{i}" for i in range(10)], outputCol="f"),
                  RandomForestClassifier(featuresCol="f", numTrees=100, maxDepth=10, seed=1)]
        train = test = frame
    model, _ = fitted(case, tmp_path)
    start = time.monotonic()
    exported = _scorer.export(str(tmp_path / "saved"), frame.schema.jsonValue())
    text = json.dumps(exported.model)
    seconds = time.monotonic() - start
    nodes = sum(len(t["leaf"]) for t in exported.model["stages"][1]["trees"])
    print(f"{nodes} nodes, {len(text) >> 20} MB, {seconds:.1f} s")
    assert nodes == model.stages[1].totalNumNodes > 50_000 and seconds < 20
