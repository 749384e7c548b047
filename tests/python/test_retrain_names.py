"""What cells read, bind and change, and which of them others need."""
import ast

import pytest

from splicemachine._retrain.names import effects
from splicemachine._retrain.session import Session


def of(source):
    return effects(ast.parse(source))


def session(*sources):
    return Session({i: ast.parse(s) for i, s in enumerate(sources)})


def needed(*sources, roots=None):
    """(whole cells, cells of which the imports) that the last cell needs."""
    found = session(*sources).needed(roots or [len(sources) - 1])
    assert not found.missing, found.missing
    return sorted(found.whole), sorted(found.imports)


@pytest.mark.parametrize("source, uses, kills", [
    ("a = b", {"b"}, {"a"}),
    ("a = a + 1", {"a"}, {"a"}),
    ("a = 1\nb = a", set(), {"a", "b"}),
    ("if c:\n    a = 1\nb = a", {"c", "a"}, {"b"}),
    ("if c:\n    a = 1\nelse:\n    a = 2\nb = a", {"c"}, {"a", "b"}),
    ("for i in xs:\n    y = i", {"xs"}, set()),
    ("with open('f') as f:\n    t = f.read()", {"open"}, {"f", "t"}),
    ("try:\n    import x\nexcept ImportError:\n    x = None", {"ImportError"}, {"x"}),
    ("try:\n    a = 1\nexcept E as e:\n    print(e)\nb = a", {"E", "print", "a"}, {"b"}),
    ("[i * k for i in xs if i in ys]", {"k", "xs", "ys"}, set()),
    ("{k: v for k, v in d.items()}", {"d"}, set()),
    ("f = lambda x, y=z: x + y + w", {"z", "w"}, {"f"}),
    ("(n := g())", {"g"}, {"n"}),
    ("def f(a, *b, c=d, **e) -> t:\n    return a + g", {"d", "t"}, {"f"}),
    ("class C(B):\n    x = y\n    def m(self): return z", {"B", "y"}, {"C"}),
    ("a.b = c", {"a", "c"}, set()),
    ("a, (b, *c) = d", {"d"}, {"a", "b", "c"}),
    ("x: int = y", {"y"}, {"x"}),
    ("match v:\n    case [a, *b]: pass\n    case {'k': k, **r}: pass", {"v"}, set()),
    ("x = await y", {"y"}, {"x"}),
    ("import a.b, c as d\nfrom e import f as g", set(), {"a", "d", "g"}),
])
def test_reads_and_binds(source, uses, kills):
    tree = compile(source, "t", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    found = effects(tree)
    assert (found.uses, found.kills) == (uses, kills)


@pytest.mark.parametrize("source, changes", [
    ("stages.append(lr)", {"stages"}),
    ("lr.setMaxIter(5)", {"lr"}),
    ("a.b.c = 1", {"a"}),
    ("a[0] = 1", {"a"}),
    ("del a['k']", {"a"}),
    ("a += [1]", {"a"}),
    ("pipeline.getStages()[0].setMaxIter(1)", {"pipeline"}),
    ("df.filter('x').count()", set()),
    ("df.createOrReplaceTempView('v')", {"df", "spark"}),
    ("spark.udf.register('f', f)", {"spark"}),
    ("spark.conf.set('a', 'b')", {"spark"}),
    ("spark.read.parquet('p').show()", set()),
    ("spark.sql('select 1')", set()),
    ("spark.sql('create temporary view v as select 1')", {"spark"}),
    ("names.sort()", {"names"}),
    ("df.sort('a')", set()),
    ("clf.fit(X, y)", {"clf"}),
    ("clf.fit(X)", {"clf"}),
    ("model = est.fit(df)", set()),
    ("pdf.drop('a', axis=1, inplace=True)", {"pdf"}),
    ("pdf.drop('a')", set()),
    ("import random\nrandom.shuffle(xs)", {"xs"}),
    ("import numpy as np\nnp.random.seed(1)", {"np"}),
    ("import numpy as np\nnp.mean(xs)", set()),
    ("prepare(stages)", {"stages"}),
    ("print(stages, len(stages))", set()),
    ("z.show(df)", set()),
    ("z.put('k', df)", {"z"}),
    ("manager.log_param('a', a)", set()),
    ("evaluator.input(p)", {"evaluator"}),
])
def test_changes(source, changes):
    assert of(source).changes == changes


def test_the_nearest_binding_is_taken():
    assert needed("a = 1", "a = 2", "b = 3", "a") == ([1, 3], [])


def test_a_binding_in_a_branch_leaves_the_one_before():
    assert needed("x = 0", "a = 1", "if x:\n    a = 2", "a") == ([0, 1, 2, 3], [])


def test_changes_in_place():
    assert needed("s = []", "t = []", "s.append(1)", "t.append(1)", "print(s)") == ([0, 2, 4], [])


def test_changes_through_another_name():
    assert needed("lr = object()", "stages = [lr]", "lr.setMaxIter(3)", "print(stages)") == ([0, 1, 2, 3], [])
    assert needed("a = []", "b = a", "b.append(1)", "print(a)") == ([0, 1, 2, 3], [])


def test_frames_are_not_changed_by_looking_at_them():
    assert needed("df = spark.range(3)", "df.show()\nz.show(df)", "n = df.count()", "m = df.filter('id > 1')",
                  "df.count()") == ([0, 4], [])


def test_of_a_cell_only_its_imports():
    assert needed("import time\nfrom pyspark.ml import Pipeline\nx = train()", "t = time.time()") == ([1], [0])


def test_a_name_that_is_imported_and_assigned_needs_the_cell():
    assert needed("import a\na = a.b", "print(a)") == ([0, 1], [])


def test_importing_everything_is_always_taken():
    assert needed("x = 1", "from pyspark.sql.functions import *\ny = 2", "print(x)") == ([0, 2], [1])


def test_what_a_function_reads_is_needed_where_it_is_called():
    assert needed("def f():\n    return rate", "rate = 1", "rate = 2", "print(f())") == ([0, 2, 3], [])
    assert needed("rate = 1", "def f():\n    return rate", "def g():\n    return f()", "x = g()") == ([0, 1, 2, 3], [])


def test_what_a_function_changes():
    assert needed("log = []", "def note(x):\n    log.append(x)", "note(1)", "print(log)") == ([0, 1, 2, 3], [])
    assert needed("n = 0", "def more():\n    global n\n    n += 1", "more()", "print(n)") == ([0, 1, 2, 3], [])


def test_a_function_held_by_an_object():
    assert needed("limit = 3", "def big(x):\n    return x > limit", "from pyspark.sql.functions import udf",
                  "is_big = udf(big)", "df = spark.range(9).filter(is_big('id'))") == ([0, 1, 3, 4], [2])


def test_views_and_settings_of_spark():
    assert needed("a = spark.range(3)", "a.createOrReplaceTempView('v')", "b = spark.range(4)",
                  "c = spark.sql('select * from v')") == ([0, 1, 3], [])
    assert needed("spark.conf.set('k', 'v')", "c = 1") == ([0, 1], [])


def test_the_working_folder_and_the_environment():
    assert needed("import os\nos.chdir('/tmp')", "x = 1", "y = open('f')") == ([0, 2], [])
    assert needed("import os\nos.environ['K'] = 'v'", "y = 1") == ([0, 1], [])


def test_what_nothing_makes():
    assert session("a = 1", "b = a + gone").needed([1]).missing == {"gone"}
    assert session("def f():\n    return gone", "f()").needed([1]).missing == {"gone"}


def test_what_comes_after_is_not_taken():
    assert needed("a = 1", "print(a)", "a = 2", roots=[1]) == ([0, 1], [])
