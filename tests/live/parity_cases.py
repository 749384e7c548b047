"""Pipelines for test_scorer_parity.py: every stage and model of docs/SCORER.md on data with edges.

A case is a function of (Data) that gives a Case.  `Data` makes columns of random values, the same for the same
seed; `test` rows may hold what `train` rows do not: nulls, NaN, infinities, labels and categories never seen.
"""

import decimal
import math
from typing import Any, NamedTuple

import numpy
from pyspark.ml.classification import (
    DecisionTreeClassifier, GBTClassifier, LinearSVC, LogisticRegression, MultilayerPerceptronClassifier, NaiveBayes,
    RandomForestClassifier)
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import (
    PCA, Binarizer, Bucketizer, Imputer, IndexToString, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder,
    SQLTransformer, StandardScaler, StringIndexer, VectorAssembler)
from pyspark.ml.linalg import Vectors
from pyspark.ml.regression import (
    DecisionTreeRegressor, GBTRegressor, GeneralizedLinearRegression, LinearRegression, RandomForestRegressor)

INF, NAN = math.inf, math.nan
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1e300, -1e300, 5e-324, 1e-12, 123456789.125]
CASES = {}


class Case(NamedTuple):
    stages: list
    train: Any
    test: Any
    says: str = ""  # the scorer cannot have it: a part of the reason


def case(**variants):
    """Register a case, or one for each variant: name -> arguments."""
    def register(make):
        for name, arguments in (variants or {"": ()}).items():
            CASES[make.__name__ + ("-" + name if name else "")] = \
                lambda data, make=make, arguments=arguments: make(data, *arguments)
        return make
    return register


def made(stage, **options):
    """With parameters that its constructor may not know."""
    return stage._set(**options)


class Data:
    """Random columns and the frames made of them."""

    def __init__(self, spark, rows, seed):
        self.spark, self.n = spark, rows
        self.random = numpy.random.default_rng(seed)

    def normal(self, scale=1.0, shift=0.0):
        return [float(x) for x in self.random.normal(shift, scale, self.n)]

    def whole(self, low, high):
        return [int(x) for x in self.random.integers(low, high, self.n)]

    def floats(self, scale=1.0):
        return [float(numpy.float32(x)) for x in self.random.normal(0, scale, self.n)]

    def pick(self, values, weights=None):
        at = self.random.choice(len(values), self.n, p=weights)
        return [values[i] for i in at]

    def with_edges(self, column, edges=EDGES, share=0.2):
        """Some values replaced by edges, each of them at least once."""
        out = list(column)
        for i in range(len(out)):
            if i < len(edges):
                out[i] = edges[i]
            elif self.random.random() < share:
                out[i] = edges[int(self.random.integers(len(edges)))]
        return out

    def frame(self, schema, *columns):
        """A frame with an id and these columns; one partition."""
        rows = list(zip(range(len(columns[0])), *columns))
        return self.spark.createDataFrame(rows, "id long, " + schema).coalesce(1)


def assembled(data, features=3, edges=False, positive=False, label=None):
    """Train and test frames of `features` doubles x0 …, and the stage that assembles them."""
    names = [f"x{i}" for i in range(features)]
    schema = ", ".join(f"{n} double" for n in names)
    frames = []
    for test in (False, True):
        columns = [data.normal(10.0 ** (i % 3 - 1), i) for i in range(features)]
        if positive:
            columns = [[abs(x) for x in c] for c in columns]
        y = label(columns) if label else [0.0] * data.n
        if test and edges:
            columns = [data.with_edges(c, share=0.05) for c in columns]
        frames.append(data.frame(schema + ", label double", *columns, y))
    return VectorAssembler(inputCols=names, outputCol="f", handleInvalid="keep"), *frames


def classes(n, noise=0.5):
    """Labels that depend on the columns, n classes."""
    def label(columns):
        rows = zip(*columns)
        return [float(int(abs(sum(r) / len(r) + noise * math.sin(7 * r[0])) * 2) % n) for r in rows]
    return label


def numbers(columns):
    return [sum((i + 1) * x for i, x in enumerate(r)) + math.cos(r[0]) for r in zip(*columns)]


# --- columns to vectors and back ---

@case()
def assembler_of_all_types(data):
    schema = "d double, f float, i int, l long, s short, b byte, o boolean, m decimal(12,3), n decimal(38,18)"
    columns = [data.with_edges(data.normal(), [0.0, -0.0, 1e300, -1e300, 5e-324, INF, -INF]),
               data.floats(1e6),
               data.with_edges(data.whole(-9, 9), [2**31 - 1, -2**31]),
               data.with_edges(data.whole(-9, 9), [2**63 - 1, -2**63, 2**53 + 1]), data.whole(-2**15, 2**15),
               data.whole(-128, 128), data.pick([True, False]),
               [decimal.Decimal(x).scaleb(-3) for x in data.whole(-10**11, 10**11)],
               [decimal.Decimal(x).scaleb(-18) * 1000003 for x in data.whole(-10**17, 10**17)]]
    frame = data.frame(schema, *columns)
    stage = VectorAssembler(inputCols=list("dfilsbomn"), outputCol="f1")
    return Case([stage, VectorAssembler(inputCols=["f1", "d"], outputCol="f2")], frame, frame)


@case(keep=("keep",), skip=("skip",))
def assembler_of_what_is_missing(data, invalid):
    edges = [None, NAN, INF]
    frame = data.frame("x double, i int, y double", data.with_edges(data.normal(), edges),
                       data.with_edges(data.whole(0, 9), [None]), data.normal())
    return Case([VectorAssembler(inputCols=["y"], outputCol="v"),
                 VectorAssembler(inputCols=["x", "i", "v"], outputCol="o", handleInvalid=invalid)], frame, frame)


@case()
def vector_column(data):
    vectors = [Vectors.dense(x, y) if x > 0 else Vectors.sparse(2, [1], [y])
               for x, y in zip(data.normal(), data.with_edges(data.normal()))]
    frame = data.spark.createDataFrame(list(enumerate(vectors)), ["id", "v"]).coalesce(1)
    return Case([MaxAbsScaler(inputCol="v", outputCol="o")],
                data.spark.createDataFrame([(0, Vectors.dense(2.0, -4.0))], ["id", "v"]), frame)


@case(none=(False, False), std=(False, True), mean=(True, False), both=(True, True))
def standard_scaler(data, mean, std):
    assemble, train, test = assembled(data, 4, edges=True)
    constant = SQLTransformer(statement="select id, x0, x1, x2, x3, label from __THIS__")
    return Case([constant, assemble, StandardScaler(inputCol="f", outputCol="o", withMean=mean, withStd=std)],
                train.withColumn("x3", train.x3 * 0 + 7.0), test)


@case(unit=(0.0, 1.0), other=(-3.5, 0.1))
def min_max_scaler(data, low, high):
    assemble, train, test = assembled(data, 3, edges=True)
    return Case([assemble, MinMaxScaler(inputCol="f", outputCol="o", min=low, max=high)],
                train.withColumn("x1", train.x1 * 0 - 2.0), test)


@case()
def max_abs_scaler(data):
    assemble, train, test = assembled(data, 3, edges=True)
    return Case([assemble, MaxAbsScaler(inputCol="f", outputCol="o")], train.withColumn("x1", train.x1 * 0.0), test)


@case(one=(1.0,), two=(2.0,), odd=(1.7,), large=(30.0,), infinite=(INF,))
def normalizer(data, p):
    assemble, train, test = assembled(data, 3, edges=True)
    zeros = data.frame("x0 double, x1 double, x2 double, label double", *[[0.0] * 3] * 4)
    return Case([assemble, Normalizer(inputCol="f", outputCol="o", p=p)], train, test.unionAll(zeros).coalesce(1)
                .rdd.zipWithIndex().map(lambda r: (r[1], *r[0][1:])).toDF(test.schema))


@case(mean=("mean", NAN), median=("median", NAN), mode=("mode", NAN), marked=("mean", -1.0))
def imputer(data, strategy, missing):
    x = data.with_edges(data.normal(), [None, NAN, -1.0, INF], 0.1)
    columns = [[1.5 if v in (INF, -INF) else v for v in x],
               data.with_edges([float(v) for v in data.whole(-3, 3)], [None, NAN], 0.1),
               data.with_edges(data.whole(-2, 5), [None], 0.1),
               data.with_edges([decimal.Decimal(v).scaleb(-2) for v in data.whole(-99, 999)], [None], 0.1)]
    names = list("dfim")
    frame = data.frame("d double, f float, i int, m decimal(10,2)", *columns)
    return Case([Imputer(inputCols=names, outputCols=[n + "o" for n in names], strategy=strategy, missingValue=missing),
                 VectorAssembler(inputCols=[n + "o" for n in names], outputCol="o", handleInvalid="keep")], frame, frame)


@case(keep=("keep",), skip=("skip",))
def bucketizer(data, invalid):
    edges = [None, NAN, INF, -INF, -1.0, 0.0, -0.0, 0.5, 2.0, 2.5, -7.0]
    quarters = [0.25 * v for v in data.whole(-3, 9)]
    frame = data.frame("x double, y float, i int, z double", data.with_edges(data.normal(), edges),
                       data.with_edges(quarters, [NAN, None, 2.25]), data.with_edges(data.whole(-1, 4), [None]),
                       data.with_edges(quarters, [NAN, -1.0, 2.0, 0.0]))
    return Case([Bucketizer(inputCols=["x", "y", "i"], outputCols=["bx", "by", "bi"], handleInvalid=invalid,
                            splitsArray=[[-INF, -1.0, 0.0, 0.5, INF], [-9.0, 0.25, 2.25], [-1.0, 1.0, 3.0]]),
                 Bucketizer(inputCol="z", outputCol="b", splits=[-1.0, 0.0, 2.0], handleInvalid=invalid),
                 VectorAssembler(inputCols=["bx", "by", "bi", "b"], outputCol="o", handleInvalid="keep")], frame, frame)


@case()
def binarizer(data):
    frame = data.frame("x double, y double", data.with_edges(data.normal(), [*EDGES, 0.3]),
                       data.with_edges(data.normal(), EDGES))
    return Case([Binarizer(inputCol="x", outputCol="a", threshold=0.3),
                 Binarizer(inputCols=["x", "y"], outputCols=["b", "c"], thresholds=[0.0, -1.5]),
                 VectorAssembler(inputCols=["x", "y"], outputCol="v", handleInvalid="keep"),
                 Binarizer(inputCol="v", outputCol="w", threshold=-0.1),
                 VectorAssembler(inputCols=["a", "b", "c", "w"], outputCol="o")], frame, frame)


@case(keep=("keep",), skip=("skip",))
def string_indexer(data, invalid):
    train = data.frame("s string, i int, d double, f float, l long, m decimal(6,2)",
                       data.with_edges(data.pick(["a", "b", "ä", "", " b", "1.0"], [.4, .2, .1, .1, .1, .1]), [None]),
                       data.whole(-2, 3), data.pick([0.1, 1.0, -0.0, 1e7, 1.5e-5, 123456789.125, NAN, INF]),
                       data.pick([0.10000000149011612, 1.0, 3.4028234663852886e38]), data.pick([1, 2**49, -5]),
                       data.pick([decimal.Decimal("1.50"), decimal.Decimal("-0.25"), decimal.Decimal("2.00")]))
    test = data.frame("s string, i int, d double, f float, l long, m decimal(6,2)",
                      data.with_edges(data.pick(["a", "b", "ä", "", " b", "new", "A"]), [None]), data.whole(-3, 4),
                      data.with_edges(data.pick([0.1, 1.0, 0.0, -0.0, 1e7, 1e-3, 9999999.0, 1.5e-5, 123456789.125, NAN, INF]),
                                      [None, -INF, 5e-324]),
                      data.pick([0.10000000149011612, 1.0, 2.0, 3.4028234663852886e38]), data.pick([1, 2**49, 7]),
                      data.pick([decimal.Decimal("1.50"), decimal.Decimal("-0.25"), decimal.Decimal("2.01"), None]))
    names = list("sidflm")
    return Case([StringIndexer(inputCols=names, outputCols=[n + "o" for n in names], handleInvalid=invalid),
                 VectorAssembler(inputCols=[n + "o" for n in names], outputCol="o")], train, test)


@case(frequency=("frequencyDesc",), alphabet=("alphabetAsc",))
def index_to_string(data, order):
    frame = data.frame("s string", data.pick(["b", "a", "ccc", "ü\"\\\n"], [.1, .4, .3, .2]))
    return Case([StringIndexer(inputCol="s", outputCol="i", stringOrderType=order, handleInvalid="keep"),
                 IndexToString(inputCol="i", outputCol="o")], frame,
                data.frame("s string", data.pick(["b", "a", "new", None])))


@case(drop=(True, "error"), all=(False, "error"), keep=(True, "keep"), keep_all=(False, "keep"))
def one_hot_encoder(data, drop, invalid):
    train = data.frame("i int, d double", data.whole(0, 4), [float(x) for x in data.whole(0, 3)])
    odd = [5, 100] if invalid == "keep" else [0]
    test = data.frame("i int, d double", data.with_edges(data.whole(0, 4), odd),
                      data.with_edges([float(x) for x in data.whole(0, 3)], [0.5, 1.7, float(odd[-1])]))
    return Case([OneHotEncoder(inputCols=["i", "d"], outputCols=["a", "b"], dropLast=drop, handleInvalid=invalid),
                 VectorAssembler(inputCols=["a", "b"], outputCol="o")], train, test)


@case(one=(1,), three=(3,))
def pca(data, k):
    assemble, train, test = assembled(data, 5)
    return Case([assemble, PCA(k=k, inputCol="f", outputCol="o")], train, test)


@case(all=("select *, x0 as `a b`, X1 c from __THIS__",), some=("SELECT id, x0 AS `a b`, __THIS__.x1 c FROM __THIS__",))
def select_columns(data, statement):
    _, train, test = assembled(data, 3)
    return Case([SQLTransformer(statement=statement), VectorAssembler(inputCols=["C", "a b"], outputCol="o")], train, test)


@case()
def select_that_computes(data):
    _, train, test = assembled(data, 1)
    return Case([SQLTransformer(statement="select id, x0 * 2 as c from __THIS__")], train, test,
                "its SQL does more than choose and rename columns")


@case()
def label_that_is_a_text(data):
    assemble, train, test = assembled(data, 2, label=classes(2))
    train = train.withColumn("label", train.label.cast("string"))
    return Case([StringIndexer(inputCol="label", outputCol="l"), assemble,
                 LogisticRegression(featuresCol="f", labelCol="l", maxIter=3)], train, test.drop("label"))


# --- models ---

@case(two=(2, {}), threshold=(2, {"threshold": 0.3}), never=(2, {"threshold": 1.0}), thresholds=(2, {"thresholds": [0.8, 0.2]}),
      zero=(2, {"thresholds": [0.0, 1.0]}), multinomial=(2, {"family": "multinomial"}), three=(3, {}),
      many=(7, {"thresholds": [0.1, 0.2, 0.0, 0.5, 1.0, 0.3, 0.7]}), origin=(3, {"fitIntercept": False}),
      lasso=(4, {"regParam": 0.2, "elasticNetParam": 1.0}), no_raw=(3, {"rawPredictionCol": ""}),
      no_probability=(2, {"probabilityCol": ""}), only=(3, {"rawPredictionCol": "", "probabilityCol": "",
                                                          "thresholds": [0.2, 0.5, 0.3]}))
def logistic_regression(data, n, options):
    assemble, train, test = assembled(data, 4, edges=True, label=classes(n))
    return Case([assemble, LogisticRegression(featuresCol="f", maxIter=8, **options)], train, test)


@case(ones=(1.0,), zeros=(0.0,))
def one_class(data, label):
    assemble, train, test = assembled(data, 2, edges=True, label=lambda c: [label] * len(c[0]))
    return Case([assemble, LogisticRegression(featuresCol="f", maxIter=3)], train, test)


@case(one=(1, {}), five=(5, {}), ridge=(3, {"regParam": 0.3}), huber=(3, {"loss": "huber"}))
def linear_regression(data, features, options):
    assemble, train, test = assembled(data, features, edges=True, label=numbers)
    return Case([assemble, LinearRegression(featuresCol="f", maxIter=8, **options)], train, test)


GLM = {"gaussian": ("identity", "log", "inverse"), "binomial": ("logit", "probit", "cloglog"),
       "poisson": ("log", "identity", "sqrt"), "gamma": ("inverse", "identity", "log")}


def glm_label(family):
    def label(columns):
        values = [abs(sum(r)) / len(r) + 0.5 for r in zip(*columns)]
        return [float(v > 1.5) if family == "binomial" else float(int(v) + 1) if family == "poisson" else v + 1 for v in values]
    return label


@case(**{f"{family}_{link}": (family, link) for family, links in GLM.items() for link in links})
def generalized_linear_regression(data, family, link):
    assemble, train, test = assembled(data, 2, edges=True, positive=True, label=glm_label(family))
    return Case([assemble, GeneralizedLinearRegression(featuresCol="f", family=family, link=link, maxIter=6,
                                                       regParam=0.01)], train, test)


@case(compound=(1.5, None), log=(1.2, 0.0), root=(1.8, 0.5), odd=(3.0, -0.7), gaussian=(0.0, None), poisson=(1.0, 0.0),
      gamma=(2.0, 1.0))
def tweedie(data, variance, power):
    assemble, train, test = assembled(data, 2, edges=True, positive=True, label=glm_label("gamma"))
    model = GeneralizedLinearRegression(featuresCol="f", family="tweedie", variancePower=variance, maxIter=5, regParam=0.01,
                                        linkPredictionCol="l")
    return Case([assemble, model if power is None else model.setLinkPower(power)], train, test)


@case()
def glm_with_offset(data):
    assemble, train, test = assembled(data, 2, positive=True, label=glm_label("poisson"))
    def with_offset(f):
        return f.withColumn("o", (f.id % 5).cast("int"))
    return Case([assemble, GeneralizedLinearRegression(featuresCol="f", family="poisson", offsetCol="o", maxIter=5,
                                                       linkPredictionCol="l"),
                 VectorAssembler(inputCols=["prediction", "l"], outputCol="both")], with_offset(train), with_offset(test))


@case(two=([4, 3, 2], {}), deep=([4, 5, 4, 3], {}), none=([4, 2], {}), thresholds=([4, 3, 3], {"thresholds": [0.2, 0.5, 0.3]}),
      no_raw=([4, 3, 2], {"rawPredictionCol": ""}))
def multilayer_perceptron(data, layers, options):
    assemble, train, test = assembled(data, layers[0], edges=True, label=classes(layers[-1]))
    return Case([assemble, made(MultilayerPerceptronClassifier(featuresCol="f", layers=layers, maxIter=6, seed=3), **options)],
                train, test)


def categorical(data, label):
    """Features of which some are categories: an index, and buckets whose test rows hold one never seen."""
    frames = []
    for test in (False, True):
        s = data.pick(list("abcdefg") + (["new"] if test else []))
        t = data.with_edges(data.normal(), [None, NAN], 0.05) if test else data.normal()
        x, y = data.normal(), data.normal(10)
        code = ["abcdefg".find(v) for v in s]
        columns = [[c * 0.7 % 3 for c in code], x, y]
        x = data.with_edges(x, share=0.05) if test else x
        frames.append(data.frame("s string, t double, x double, y double, label double", s, t, x, y, label(columns)))
    stages = [StringIndexer(inputCol="s", outputCol="si", handleInvalid="keep"),
              Bucketizer(inputCol="t", outputCol="ti", splits=[-INF, -0.5, 0.0, 0.5, INF], handleInvalid="keep"),
              VectorAssembler(inputCols=["si", "x", "ti", "y"], outputCol="f", handleInvalid="keep")]
    return stages, *frames


TREES = {"tree": DecisionTreeClassifier, "forest": RandomForestClassifier, "gbt": GBTClassifier}
REGRESSIONS = {"tree": DecisionTreeRegressor, "forest": RandomForestRegressor, "gbt": GBTRegressor}


@case(tree=("tree", 2, {}), tree_deep=("tree", 5, {"maxDepth": 10}), tree_root=("tree", 3, {"maxDepth": 0}),
      tree_thresholds=("tree", 3, {"thresholds": [0.2, 0.0, 0.9]}), tree_no_raw=("tree", 4, {"rawPredictionCol": ""}),
      forest=("forest", 2, {"numTrees": 7}), forest_many=("forest", 9, {"numTrees": 5, "maxDepth": 8}),
      forest_one=("forest", 3, {"numTrees": 1}), forest_thresholds=("forest", 3, {"numTrees": 3, "thresholds": [0.5, 0.2, 0.9]}),
      forest_no_raw=("forest", 3, {"numTrees": 3, "rawPredictionCol": "", "probabilityCol": ""}),
      gbt=("gbt", 2, {"maxIter": 4}), gbt_thresholds=("gbt", 2, {"maxIter": 2, "thresholds": [0.9, 0.2]}),
      gbt_no_raw=("gbt", 2, {"maxIter": 2, "rawPredictionCol": ""}))
def tree_classes(data, kind, n, options):
    stages, train, test = categorical(data, classes(n))
    return Case([*stages, made(TREES[kind](featuresCol="f", seed=5), **options)], train, test)


@case(tree=(), )
def tree_of_one_class(data):
    stages, train, test = categorical(data, lambda c: [0.0] * len(c[0]))
    return Case([*stages, DecisionTreeClassifier(featuresCol="f")], train, test)


@case(tree=("tree", {}), tree_root=("tree", {"maxDepth": 0}), forest=("forest", {"numTrees": 6, "maxDepth": 7}),
      gbt=("gbt", {"maxIter": 5, "stepSize": 0.3}), gbt_absolute=("gbt", {"maxIter": 3, "lossType": "absolute"}))
def tree_numbers(data, kind, options):
    stages, train, test = categorical(data, numbers)
    return Case([*stages, REGRESSIONS[kind](featuresCol="f", seed=5, **options)], train, test)


@case()
def tree_that_names_leaves(data):
    stages, train, test = categorical(data, classes(2))
    return Case([*stages, DecisionTreeClassifier(featuresCol="f", leafCol="leaf")], train, test, "leafCol")


@case(zero=({},), threshold=({"threshold": -0.4},), infinite=({"threshold": INF},), one=({"rawPredictionCol": ""},))
def linear_svc(data, options):
    assemble, train, test = assembled(data, 3, edges=True, label=classes(2))
    return Case([assemble, LinearSVC(featuresCol="f", maxIter=5, **options)], train, test)


@case(multinomial=("multinomial", {}), complement=("complement", {}), gaussian=("gaussian", {}), bernoulli=("bernoulli", {}),
      thresholds=("multinomial", {"thresholds": [0.9, 0.1, 0.5]}), smooth=("multinomial", {"smoothing": 0.0}))
def naive_bayes(data, kind, options):
    frames = []
    for test in (False, True):
        columns = [[float(v) for v in data.whole(0, 2 if kind == "bernoulli" else 5)] for _ in range(4)]
        if kind == "gaussian":
            columns = [data.normal(2), data.normal(), data.with_edges(data.normal(), [0.0, 1e3, -1e3], 0.02), [1.0] * data.n]
        frames.append(data.frame("a double, b double, c double, d double, label double", *columns, classes(3)(columns)))
    return Case([VectorAssembler(inputCols=list("abcd"), outputCol="f"), NaiveBayes(featuresCol="f", modelType=kind, **options)],
                *frames)


@case(euclidean=("euclidean", 5), cosine=("cosine", 4), two=("euclidean", 2))
def k_means(data, distance, k):
    assemble, train, test = assembled(data, 3, edges=distance == "euclidean")
    if distance == "euclidean":
        test = test.where("not (isnan(x0) or isnan(x1) or isnan(x2))")
    return Case([assemble, KMeans(featuresCol="f", k=k, distanceMeasure=distance, seed=2, maxIter=5)], train, test)


@case()
def nested_pipelines(data):
    from pyspark.ml import Pipeline

    assemble, train, test = assembled(data, 3, label=classes(2))
    return Case([Pipeline(stages=[assemble, StandardScaler(inputCol="f", outputCol="g")]),
                 Pipeline(stages=[Pipeline(stages=[LogisticRegression(featuresCol="g", maxIter=3)])])], train, test)


@case()
def tuned(data):
    from pyspark.ml.evaluation import BinaryClassificationEvaluator
    from pyspark.ml.tuning import CrossValidator, ParamGridBuilder

    assemble, train, test = assembled(data, 2, label=classes(2))
    lr = LogisticRegression(featuresCol="f", maxIter=3)
    grid = ParamGridBuilder().addGrid(lr.regParam, [0.0, 0.5]).build()
    return Case([assemble, CrossValidator(estimator=lr, estimatorParamMaps=grid, numFolds=2, seed=1,
                                          evaluator=BinaryClassificationEvaluator())], train, test)
