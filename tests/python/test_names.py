"""Which cells start Spark, and which buckets a cell names."""
import pytest

from splicemachine import _buckets, _names, _spark

USES = [
    ("df = spark.range(3)", {"spark"}),
    ("f(spark)", {"spark"}),
    ("def f():\n    return sc.parallelize([1])", {"sc"}),
    ("sqlContext.sql('select 1')", {"sqlContext"}),
    ("spark = spark.newSession()", {"spark"}),
    ("await g(spark)", {"spark"}),
    ("get_ipython().run_line_magic('timeit', 'spark.range(1).count()')", {"spark"}),
    ("get_ipython().run_cell_magic('time', '', 'sc.version')", {"sc"}),
    ("[spark.range(i) for i in x]", {"spark"}),
    ("print(f'{spark.version}')", {"spark"}),
]
USES_NOT = [
    "x = 1", "spark = 1\nspark + 1", "print('spark')", "# spark", "def f(sc):\n    return sc",
    "[sc for sc in x]", "a.spark.b", "import pyspark as spark\nspark.x", "spark +",
    "from m import sc\nsc.x", "f(spark=1)", "for sc in x:\n    print(sc)",
    "get_ipython().run_cell_magic('bash', '', 'echo spark')", "lambda sc: sc", "",
]


@pytest.mark.parametrize("source, expected", USES)
def test_uses(source, expected):
    assert _names.used(source, _spark.NAMES) == expected


@pytest.mark.parametrize("source", USES_NOT)
def test_uses_not(source):
    assert _names.used(source, _spark.NAMES) == set()


@pytest.mark.parametrize("source, expected", [
    ("m.save('s3a://splice-demo/x')", {"splice-demo"}),
    ("m.save('s3://a.b-c/x'); n.save(\"s3a://other1\")", {"a.b-c", "other1"}),
    ("m.save(path)", {"from-variable"}),
    ("m.save(f's3a://{bucket}/x')", {"in-fstring"}),
    ("print('nothing')", set()),
    ("m.save('s3a://UPPER/x')", set()),
    ("this is not python s3a://raw/x", {"raw"}),
])
def test_buckets_of_a_cell(source, expected):
    names = {"path": "s3a://from-variable/x", "bucket": "in-fstring", "unused": "s3a://not-named/x"}
    assert _buckets.in_cell(source, names) == expected


def test_bucket_settings():
    assert _buckets.settings({"folders": {}, "any": None}) == {}
    conf = _buckets.settings({"folders": {"b": "/x y/b"}, "any": None})
    assert conf["spark.hadoop.fs.viewfs.mounttable.b.linkFallback"] == "file:///x%20y/b"
    assert conf["spark.hadoop.fs.s3a.impl"].endswith("ViewFileSystemOverloadScheme")


def test_spark_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    conf = _spark.settings({"spark": {"master": "local[2]", "conf": {"spark.driver.memory": "3g", "a": 1}}},
                           str(tmp_path))
    assert conf["spark.master"] == "local[2]" and conf["spark.driver.memory"] == "3g"
    assert conf["spark.driver.host"] == "127.0.0.1" and conf["a"] == "1"
    cluster = _spark.settings({"spark": {"master": "spark://host:7077"}}, str(tmp_path))
    assert "spark.driver.host" not in cluster and "spark.sql.shuffle.partitions" not in cluster


def test_conf_folder_keeps_the_users_own(tmp_path):
    users, ours = tmp_path / "users", tmp_path / "ours"
    users.mkdir(), ours.mkdir()
    (users / "core-site.xml").write_text("<x/>")
    (users / "spark-defaults.conf").write_text("spark.a 1\nspark.master yarn")
    _spark._write_conf(str(ours), str(users), {"spark.b": "C:\\d"})
    text = (ours / "spark-defaults.conf").read_text()
    assert text.splitlines() == ["spark.a 1", "spark.master yarn", "spark.b C:\\\\d"]
    assert (ours / "spark-defaults.conf").stat().st_mode & 0o777 == 0o600
    assert (ours / "core-site.xml").read_text() == "<x/>" and (ours / "log4j2.properties").exists()
