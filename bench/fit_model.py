"""Fit the fraud project's pipeline, and save it as MLflow serves it and as splice-scorer does.

    fit_model.py CSV FOLDER     FOLDER gets mlflow/, model.json and rows.json (100 rows, as a request)
"""
import json
import os
import sys

import mlflow.spark
import pyspark
from pyspark.ml import Pipeline
from pyspark.ml.classification import MultilayerPerceptronClassifier
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import SparkSession

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

from splicemachine import _scorer  # noqa: E402

ROWS = 100


def main(csv, folder):
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.read.csv(csv, header=True, inferSchema=True).withColumnRenamed("Class", "label")
    columns = [c for c in frame.columns if c not in ("label", "Time")]
    model = Pipeline(stages=[
        VectorAssembler(inputCols=columns, outputCol="features"),
        StandardScaler(inputCol="features", outputCol="scaledFeatures"),
        MultilayerPerceptronClassifier(maxIter=20, layers=[len(columns), len(columns) // 2, 2], blockSize=64,
                                       seed=5724, featuresCol="scaledFeatures")]).fit(frame)
    saved = os.path.join(folder, "mlflow")
    mlflow.spark.save_model(model, saved, dfs_tmpdir=os.path.join(folder, "tmp"),
                            pip_requirements=[f"pyspark=={pyspark.__version__}"])
    exported = _scorer.export(os.path.join(saved, "sparkml"), frame.schema.jsonValue())
    assert exported.model is not None, exported.unsupported
    rows = [list(r) for r in frame.select(*columns).limit(ROWS).collect()]
    for name, content in (("model", exported.model),
                          ("rows", {"dataframe_split": {"columns": columns, "data": rows}})):
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as f:
            json.dump(content, f)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
