"""Which recorded cells a retraining runs, with which tables; what is said of the others. No JVM, no server."""
import json
import pathlib

import pytest

from splicemachine._retrain import plan, show, sqlcells, tables
from splicemachine._retrain.cells import Cell
from splicemachine.errors import SpliceError

CELLS = pathlib.Path(__file__).resolve().parents[3] / "shared/walkthrough/cells.json"
READ = {"sql": "select * from s.t", "from": "df", "tables": ["s.t"], "run_id": None, "hidden": False}
IMPORT = "from splicemachine.spark.context import SpliceMLContext\n"
START = [IMPORT + "splice = SpliceMLContext(spark)", 'df = splice.df("select * from s.t")']
END = "model = fit(df)\nmanager.log_spark_model(model)"


def entry(source, number=1, run="R", hidden=False, magic="guess"):
    if magic == "guess":
        first = source.lstrip().split("\n")[0].lstrip("%").split(" ")[0]
        magic = first if first in ("spark.pyspark", "splicemachine", "mlmanager") else None
    return {"execution_count": number, "magic": magic, "source": source, "run_id": run, "hidden": hidden}


def made(*cells, options=(), statements=(READ,), run="R"):
    """The plan for cells given as sources or entries; the last one logs the model."""
    entries = [c if isinstance(c, dict) else entry(c) for c in cells]
    for i, e in enumerate(entries):
        e["execution_count"] = i + 1
    return plan.make({"cells": entries, "forgotten": 0}, {"statements": list(statements)}, run, options)


def taken(p):
    return [s.cell.number for s in p.steps]


def test_a_run_in_a_busy_session():
    p = made("imported = 1", *START, "junk = imported",
             "%splicemachine\ncreate table s.t (a int)", "fit = len\nmanager = object()", END)
    assert taken(p) == [2, 3, 6, 7] and not p.problems
    assert p.left == [("In [1]", "not needed"), ("In [4]", "not needed"), ("In [5]", "changes the database")]


def test_what_was_logged_to_the_run_is_logged_again():
    p = made("fit = len\nmanager = object()", *START, "manager.log_param('a', 1)", entry("manager.log_param('b', 1)", run="other"),
             "x = input()", "manager.log_param('c', x)", END)
    assert taken(p) == [1, 2, 3, 4, 8] and not p.problems, "the cells of this run that log, where they can"
    assert ("In [5]", "another run's, not needed") in p.left
    assert ("In [7]", "what it logs is not logged again: In [6] asks for input") in p.left


def test_cells_of_another_run_log_nothing():
    p = made("fit = len\nmanager = object()", entry(START[0], run="other"), START[1], END)
    assert [(s.cell.number, s.logs) for s in p.steps] == [(1, True), (2, False), (3, True), (4, True)]


@pytest.mark.parametrize("source, problem", [
    ("df = spark.read.csv(input())", "asks for input"),
    ("import getpass\ndf = load(getpass.getpass())", "asks for input"),
    ("!ls\ndf = 1", "runs a shell command"),
    ("files = !ls\ndf = files", "runs a shell command"),
    ("%%bash\nls", None),
    ("%run other.py\ndf = 1", "uses %run"),
    ("df = (", "does not parse"),
])
def test_what_cannot_be_run_again(source, problem):
    p = made("fit = len\nmanager = object()", source, END)
    if problem is None or problem == "does not parse":  # its names are not known
        assert p.problems == ["no recorded cell makes df (a cell that failed, or that ran silently, is not recorded)"]
    else:
        assert f"In [2] {problem}" in p.problems
    with pytest.raises(SpliceError, match="this run cannot be retrained"):
        from splicemachine._retrain import drive

        drive.refuse(p)


def test_a_secret_and_cells_that_were_forgotten():
    p = made("fit = len\nmanager = object()", entry("df = load(password='***')", hidden=True), END)
    assert p.problems[0] == "In [2] holds a password or another secret, which is not recorded"
    p = plan.make({"cells": [entry(END, 900)], "forgotten": 12}, {}, "R")
    assert p.problems == ["no recorded cell makes df, fit, manager; 12 older cells are no longer recorded"]
    assert plan.make({"cells": []}, {}, "R").problems == ["no recorded cell logs a model (log_spark_model)"]


def test_cells_that_cannot_be_run_do_no_harm_when_they_are_not_needed():
    p = made("fit = len\nmanager = object()", "!rm -rf x", "y = input()", *START, END)
    assert not p.problems and ("In [2]", "runs a shell command; not needed") in p.left


def test_quotes_magic_lines_and_options_of_the_cell():
    p = made("%spark.pyspark --python2-division\nfit = len\nmanager = ‘x’", "%matplotlib inline\n" + START[0],
             "%%time\ndf = splice.df('select * from s.t')", "  model = fit(df)\n  manager.log_model(model)",
             options=["s.t2"])
    assert not p.problems and taken(p) == [1, 2, 3, 4]
    assert p.steps[0].source.startswith("%spark.pyspark --python2-division\nfit")
    assert p.steps[2].source == "%%time\ndf = splice.df('select * from s.t2')"
    p = made(START[0], "%time df = splice.df('select * from s.t')", "fit = len\nmanager = 1", END, options=["u.v"])
    assert p.steps[1].source == "%time df = splice.df('select * from u.v')"


def test_what_deploys_is_not_needed():
    p = made("fit = len\nmanager = object()", *START, "job = manager.deploy_local('app')\nmanager.watch_job(job)", END)
    assert 4 not in taken(p) and not p.problems


def test_saving_and_loading():
    p = made("fit = len\nmanager = object()", *START, "m = fit(df)\nm.save('s3a://b/m')",
             "from pyspark.ml import PipelineModel\nm = PipelineModel.load('s3a://b/m')", "manager.log_spark_model(m)")
    assert not any("writes" in x for x in p.problems), "the cell that saves is not needed"
    p = made("fit = len\nmanager = object()", *START, "m = fit(df)\nm.save('s3a://b/m')\nmanager.log_param('a', 1)",
             "from pyspark.ml import PipelineModel\nm = PipelineModel.load('s3a://b/m')", "manager.log_spark_model(m)")
    assert "In [5] reads s3a://b/m, which In [4] writes: a replay writes nothing" in p.problems
    assert p.stopped == [("In [4]", "m.save(…)")]


@pytest.mark.parametrize("source, stopped, warned", [
    ("df.write.mode('overwrite').parquet('p')", "df.write.mode('overwrite').parquet(…)", None),
    ("splice.insert(df, 's.u')", "splice.insert(…)", None),
    ("splice.execute('delete from s.u')", "splice.execute(…)", None),
    ("spark.sql('insert into t values (1)')", "spark.sql(…)", None),
    ("spark.sql('select 1')", None, None),
    ("manager.deploy_aws('app')", "manager.deploy_aws(…)", None),
    ("manager.undeploy('app')", "manager.undeploy(…)", None),
    ("other = PySpliceContext(spark)\nother.createTable(df, 's.u')", "other.createTable(…)", None),
    ("seen = {}\nseen.update(a=1)", None, None),
    ("import numpy as np\nnp.save('f', 1)", None, "np.save(…)"),
    ("open('f', 'w').write('x')", None, "open(…)"),
    ("open('f').read()", None, None),
    ("import os\nos.remove('f')", None, "os.remove(…)"),
    ("import os\nos.path.join('a', 'b')", None, None),
    ("import subprocess\nsubprocess.run(['ls'])", None, "subprocess.run(…)"),
    ("df.toPandas().to_csv('f')", None, "df.toPandas().to_csv(…)"),
    ("splice.getConnection()", None, "splice.getConnection(…)"),
    ("rows = spark.read.jdbc('u', 't')", None, "past splice.df"),
])
def test_what_reaches_outside(source, stopped, warned):
    p = made("fit = len\nmanager = object()", *START, f"{source}\n{END}")
    assert [t for _, t in p.stopped] == ([stopped] if stopped else [])
    assert (warned is None) == (not p.warnings) and all(warned in w for w in p.warnings)


# --- tables ---

@pytest.mark.parametrize("before, after", [
    ("select * from S.T", "select * from s.t2"),
    ("select * from s.t2", None),
    ("select * from s.ta, s.t", "select * from s.ta, s.t2"),
    ("select t.a, s.t.b from s.t where t.a > 1", "select t2.a, s.t2.b from s.t2 where t2.a > 1"),
    ('select * from "S"."T"', "select * from s.t2"),
    ('select * from "s"."t"', None),
    ("select 's.t' from s.u -- s.t\n", None),
    ("select x from s.u /* join s.t */", None),
    ("s.t", "s.t2"),
    ("s.t.csv in a folder", None),
    ("s3a://bucket/s.t/x", None),
    ("from a.s.t", None),
    ("(select a from s . t) join s.t on", "(select a from s.t2) join s.t2 on"),
    ("select $s.t from s.t", "select $s.t from s.t2"),
])
def test_names_in_sql(before, after):
    assert tables.replaced(before, {("S", "T"): ("S", "T2")}) == after


def test_tables_that_change_places():
    swap = {("S", "A"): ("S", "B"), ("S", "B"): ("S", "A")}
    assert tables.replaced("select * from s.a join s.b", swap) == "select * from s.b join s.a"


@pytest.mark.parametrize("before, after", [
    ('x = f("select * from s.t")  # s.t', 'x = f("select * from u.v")  # s.t'),
    ("x = '''select *\n  from s.t\n'''", "x = '''select *\n  from u.v\n'''"),
    ("x = f'select {s.t} from s.t'", "x = f'select {s.t} from u.v'"),
    ("\fx = 'from s.t'\ny = 'from s.t'", "\fx = 'from u.v'\ny = 'from u.v'"),
    ("x = '\u2028 \x85 \x1c from s.t'\ny = 'from s.t'", "x = '\u2028 \x85 \x1c from u.v'\ny = 'from u.v'"),
    ("t = s.t", None),
    ("x = b'from s.t'", None),
    ("x = r'from s.t\\d'", "x = r'from u.v\\d'"),
    ("x = \"from \\\"S\\\".\\\"T\\\"\"", "x = \"from u.v\""),
    ("x = 'from s.t where a = \\'y\\''", "x = 'from u.v where a = \\'y\\''"),
])
def test_names_in_texts_of_python(before, after):
    got, n = tables.substituted(before, 0, before, {("S", "T"): ("U", "V")})
    assert (got if n else None) == after


def test_a_quoted_name_in_a_text():
    source = 'x = "from s.t"'
    assert tables.substituted(source, 0, source, {("S", "T"): ("S", "My T")})[0] == r'x = "from s.\"My T\""'


def test_which_table():
    assert plan.chosen_tables([("S", "T")], ["u.v"]) == {("S", "T"): ("U", "V")}
    both = [("S", "T"), ("S", "U")]
    assert plan.chosen_tables(both, ["s.t=s.t2"]) == {("S", "T"): ("S", "T2")}
    assert plan.chosen_tables(both, ["T=s.t2", 's.u="A=B".c']) == {("S", "T"): ("S", "T2"), ("S", "U"): ("A=B", "C")}
    assert plan.chosen_tables(both, []) == {}
    for options, text in ((["s.t2"], "reads several tables: s.t, s.u"), (["x.y=s.t2"], "does not read x.y"),
                          (["s.t=a.b.c"], "not the name of a table")):
        with pytest.raises(SpliceError, match=text):
            plan.chosen_tables(both, options)
    with pytest.raises(SpliceError, match="given once"):
        plan.chosen_tables([("S", "T")], ["a", "b"])
    with pytest.raises(SpliceError, match="more than one"):
        plan.chosen_tables([("S", "T"), ("U", "T")], ["t=x.y"])
    with pytest.raises(SpliceError, match="name no table"):
        plan.chosen_tables([], ["x.y"])


def test_tables_are_those_of_the_cells_that_run():
    other = {**READ, "sql": "select * from s.other", "tables": ["s.other", "s.t"]}
    p = made("fit = len\nmanager = object()", "x = splice.df('select * from s.other')", *START, END, options=["s.t2"],
             statements=[other, READ, {**READ, "sql": "select count(*) from s.t", "from": "cell"}])
    assert p.tables == {("S", "T"): ("S", "T2")} and p.queries == ["select * from s.t2"]
    assert p.fresh == [("S", "T2")]
    assert made("fit = len\nmanager = object()", *START, END).fresh == [("S", "T")]


# --- SQL and %mlmanager cells ---

@pytest.mark.parametrize("body, source, left", [
    ("set schema s;", "%splicemachine\nset schema s;", None),
    ("set schema s; create table a (b int);", "%splicemachine\nset schema s;", "changes the database"),
    ("select ';' from a; -- x\nvalues 1", None, "a query"),
    ("call SYSCS_UTIL.IMPORT_DATA('a')", None, "changes the database"),
    ("/* c */ insert into a values 1; select 1 from b", None, "changes the database"),
    ("commit", None, "changes the database"),
])
def test_of_a_sql_cell(body, source, left):
    assert sqlcells.sql_part(body, False) == sqlcells.Part(source, left)


@pytest.mark.parametrize("body, kept", [
    ("experiment e\nrun Ben\nlog oversample=2X rate=0.5\nend", ['log param oversample=2X']),
    ("log param depth=5", ["log param depth=5"]),
    ("log metric a=1\ntag team=x", []),
    ("log note='a b' x=1e3 y=\"c \\\" d\"", ['log param "note=a b" "y=c \\" d"']),
    ("log acc=0.9", []),
])
def test_of_a_tracking_cell(body, kept):
    part = sqlcells.tracking_part(body, True)
    assert part.source == ("\n".join(["%mlmanager", *kept]) if kept else None)
    assert sqlcells.tracking_part(body, False).source is None


def test_words_are_those_of_mlmanager():
    assert sqlcells.split("log a=\"b \\\" c\" 'd e' f'g h'i \\x") == ["log", 'a=b " c', "d e", "fg hi", "\\x"]


def test_where_a_cell_begins():
    for source, magic, body in (("%spark.pyspark\nx", "spark.pyspark", "x"), ("%%spark.pyspark x = 1", "spark.pyspark", "x = 1"),
                                ("%spark.pyspark --python2-division x", "spark.pyspark", "x"),
                                ("call A.B()", "splicemachine", "call A.B()"), ("x", None, "x")):
        assert Cell(entry(source, magic=magic), 0).body == body


# --- the walkthrough ---

def walkthrough(first, last, ben):
    """Cells of the page as the kernel records them."""
    if not CELLS.exists():
        pytest.skip("no ../shared/walkthrough/cells.json")
    sources = [c["source"] for c in json.loads(CELLS.read_text())]
    found = []
    for i in range(first, last + 1):
        e = entry(sources[i], i, run=ben(i))
        e["magic"] = "splicemachine" if sources[i].startswith("call ") else e["magic"]
        found.append(e)
    return {"cells": found, "forgotten": 0}


FRAUD = {"sql": "SELECT * FROM cc_fraud.cc_fraud_data", "from": "df", "tables": ["cc_fraud.cc_fraud_data"]}


def test_the_walkthrough_for_ben():
    cells = walkthrough(3, 15, lambda i: None if i < 10 else "first" if i == 10 else "ben")
    p = plan.make(cells, {"statements": [FRAUD]}, "ben", ["cc_fraud.cc_fraud_data2"])
    assert not p.problems and not p.warnings
    # context, set schema, manager, frame, oversampling, pipeline, training, saving
    assert taken(p) == [3, 4, 7, 9, 11, 12, 13, 15]
    assert p.stopped == [("In [15]", "model.save(…)")]
    assert p.renames == [("CLASS_RESULT", "label")] and p.queries == ["SELECT * FROM cc_fraud.cc_fraud_data2"]
    assert [s.changed for s in p.steps] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert 'splice.df("SELECT * FROM cc_fraud.cc_fraud_data2")' in p.steps[3].source
    assert ("In [10]", "another run's, not needed") in p.left and ("In [14]", "not needed") in p.left


def test_the_walkthrough_for_amy():
    cells = walkthrough(3, 21, lambda i: None if i < 10 else "ben" if i < 17 else "amy")
    cells["cells"][-1]["source"] += "\nmanager.log_spark_model(model)"
    p = plan.make(cells, {"statements": [FRAUD]}, "amy", ["cc_fraud.cc_fraud_data2"])
    assert not p.problems
    assert [(s.cell.number, s.note) for s in p.steps] == [
        (3, ""), (4, "set schema"), (7, ""), (13, "its imports"), (17, ""), (18, ""), (19, ""), (21, "")]
    assert "import time" in p.steps[3].source and "log_param" not in p.steps[3].source


# --- how it is said ---

def test_the_plan_as_text_and_html():
    p = made("fit = len\nmanager = object()", *START, "x = '<b>'", "%splicemachine\ndrop table s.t", "df.write.csv('a')\n" + END,
             options=['s."T<2>"'])
    text, page = show.plain(p, "<i>Ben</i>"), show.as_html(p, "<i>Ben</i>")
    assert text.startswith('Run <i>Ben</i> again: 4 recorded cells, s."T<2>" instead of s.t\n--- 1 of 4 · In [1]')
    assert "--- 3 of 4 · In [3], table replaced" in text
    assert "Left out when run:\n  In [6]: df.write.csv(…)" in text
    assert "Not run:\n  In [4]: not needed\n  In [5]: changes the database" in text
    assert "<i>" not in page and "T<2>" not in page and "&lt;i&gt;Ben" in page
    assert "<script" not in page and "<style" not in page and page.count("<details open>") == 1
    p = made("fit = len\nmanager = object()", *START, END, options=["s.t2"])
    assert '<span style="' in show.as_html(p, "Ben") and ">s.t2</span>" in show.as_html(p, "Ben")
