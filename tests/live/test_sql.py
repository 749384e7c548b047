"""%splicemachine and the import on a real Derby, through tests/live/sql_driver.c."""

import gzip
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import derby  # noqa: E402  (these two are ours, in tests/servers)
import moto  # noqa: E402

DRIVER = ROOT / "build" / os.environ.get("VARIANT", "plain") / "tests/live/sql_driver"


@pytest.fixture(scope="module")
def server():
    with derby.Derby() as d:
        yield d


class Cell:
    """What one cell put out."""

    def __init__(self, lines):
        self.text = "".join(o["text"] for o in lines if "stream" in o)
        self.shown = [o["display"] for o in lines if "display" in o and not o["id"]]
        self.live = [o["display"]["text/plain"] for o in lines if "display" in o and o["id"]]
        self.results = [o["result"] for o in lines if "result" in o]
        self.prompts = [o["prompt"] for o in lines if "prompt" in o]
        self.error = next((o["error"] for o in lines if "error" in o), None)

    @property
    def plain(self):
        assert self.error is None, self.error
        return self.results[0]["text/plain"]


def run_driver(env, cells, preexec=None):
    done = subprocess.run([DRIVER], input="\n----\n".join(cells).encode(), capture_output=True,
                          timeout=120, env=env, preexec_fn=preexec)
    assert done.returncode == 0, done.stderr
    out, lines = [], []
    for line in done.stdout.splitlines():
        o = json.loads(line)
        if "cell" in o:
            out.append(Cell(lines))
            lines = []
        else:
            lines.append(o)
    return out


def environment(tmp_path, url, **more):
    places = {f"XDG_{n}_HOME": str(tmp_path / n.lower()) for n in ("CONFIG", "DATA", "STATE")}
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SPLICE_"))}
    return {**env, **places, "HOME": str(tmp_path), "SPLICE_URL": url, **more}


@pytest.fixture
def sql(server, tmp_path, request):
    """Run cells on a database of the test's own; `%splicemachine` is put in front."""
    name = re.sub(r"\W", "_", request.node.name)[:40]

    def run(*cells, preexec=None, **env):
        url = f"derby://127.0.0.1:{server.port}/{name};create=true"
        done = run_driver(environment(tmp_path, url, **env),
                          ["%splicemachine\n" + c for c in cells], preexec)
        return done[0] if len(cells) == 1 else done
    return run


def import_call(table, path, **args):
    names = ["schema", "table", "columns", "file", "delimiter", "quote", "timestamp", "date", "time",
             "max_bad", "bad_dir", "one_line", "charset"]
    given = {"table": table, "file": str(path), "max_bad": 0, **args}
    literals = [given[n] if isinstance(given.get(n), int)
                else "'" + str(given[n]).replace("'", "''") + "'" if n in given else "null"
                for n in names]
    return f"call SYSCS_UTIL.IMPORT_DATA ({', '.join(map(str, literals))})"


def imported(cell):
    """rowsImported, failedRows, files, dataSize of the result row, in a line or below each other."""
    numbers = re.search(r"^ *(\d+) │ *(\d+) │ *(\d+) │ *(\d+) │ *(.*?) *$", cell.plain, re.M) or re.search(
        r"rowsImported *(\d+)\n failedRows *(\d+)\n files *(\d+)\n dataSize *(\d+)\n", cell.plain)
    return tuple(int(n) for n in numbers.groups()[:4])


def count(cell):
    """The one value of a result; its column is named by a number as well."""
    return int(re.findall(r"^ *(\d+) *$", cell.plain, re.M)[-1])


def bad_lines(folder):
    return [line for f in sorted(folder.glob("*.bad_*_0")) for line in f.read_bytes().splitlines()]


# --- statements ---------------------------------------------------------------


def test_the_walkthroughs_statements(sql, tmp_path):
    (tmp_path / "in.csv").write_text('"Time","Amount","Class"\n0,1.5,"0"\n1e+05,2.25,"1"\n')
    cell = sql(f"""set schema cc_fraud;
drop table if exists cc_fraud_data;
create table cc_fraud.cc_fraud_data (time_offset integer, amount decimal(10,2), class_result int);
{import_call('cc_fraud_data', tmp_path / 'in.csv', schema='cc_fraud', max_bad=100000,
             bad_dir=str(tmp_path / 'bad'))};
select class_result, count(*) from cc_fraud.cc_fraud_data group by class_result;""")
    assert "schema CC_FRAUD did not exist and was created" in cell.text
    assert "WARNING 42Y55" in cell.text
    assert "table CC_FRAUD.CC_FRAUD_DATA created" in cell.text
    assert "CLASS_RESULT" in cell.plain
    lines = bad_lines(tmp_path / "bad")
    assert len(lines) == 1 and lines[0].startswith(b"22018 ")
    assert lines[0].endswith(b'["Time","Amount","Class"]')
    assert "100000" in sql("select time_offset from cc_fraud.cc_fraud_data where class_result = 1").plain


def test_a_syntax_error_in_the_third_of_five(sql):
    cell, after = sql("create table t (a int);\ninsert into t values 1, 2;\n"
                      "select a frm t x y;\ninsert into t values 3;\nselect a from t",
                      "select count(*) from t")
    assert cell.error["ename"] == "42X01"
    assert "in statement 3 of 5, line 4 of the cell" in cell.error["evalue"]
    line, caret = cell.error["evalue"].splitlines()[-2:]
    assert line[caret.index("^"):] == "t x y"
    assert "2 rows inserted" in cell.text
    assert count(after) == 2


def test_adapted_statements(sql):
    cells = sql("select 1", "select top 2 a from (values 1, 2, 3) x (a)",
                "select a from (values 1, 2, 3) x (a) limit 1 offset 1",
                "create table if not exists t (a int); create table if not exists t (a int)",
                "insert into t values 1, 2, 3; create table u as select top 2 a from t order by a",
                "select count(*) from u", "drop view v if exists; drop table if exists nosuch",
                "analyze table t", "explain select a from t where a > 1",
                "with q as (select a from t) select * from q")
    assert "1 row" in cells[0].plain
    assert "2 rows" in cells[1].plain
    assert "1 row" in cells[2].plain
    assert "WARNING X0Y32" in cells[3].text
    assert "table created with 2 rows" in cells[4].text
    assert count(cells[5]) == 2
    assert "WARNING X0X05" in cells[6].text and "WARNING 42Y55" in cells[6].text
    assert "statistics of 1 table updated" in cells[7].text
    assert "Scan ResultSet for T" in cells[8].plain
    assert "on Splice this runs" in cells[9].error["evalue"]
    assert cells[9].error["ename"] == "0A000"


def test_create_table_as_is_whole_or_absent(sql):
    made, again = sql("create table t (a int); insert into t values 1, 0;\n"
                      "create table u as select 1 / a as b from t", "select * from u")
    assert made.error["ename"] == "22012"
    assert again.error["ename"] == "42X05"


def test_listings(sql):
    cells = sql("create table a_b (x int primary key, y varchar(10)); create table axb (q int)",
                "show tables", "describe a_b", "show primarykeys from a_b", "describe nosuch",
                "show schemas")
    assert "A_B" in cells[1].plain and "AXB" in cells[1].plain and "SYSTABLES" not in cells[1].plain
    assert "VARCHAR" in cells[2].plain and "Q" not in re.findall(r"│ (\w) +│", cells[2].plain)
    assert "X" in cells[3].plain
    assert cells[4].error["ename"] == "42X05"
    assert "SYSIBM" in cells[5].plain


def test_transactions(sql):
    cells = sql("create table t (a int); autocommit off; insert into t values 1; rollback",
                "select count(*) from t", "insert into t values 1; commit; autocommit on",
                "insert into t values 2", "rollback", "select count(*) from t")
    assert "rolled back" in cells[0].text
    assert count(cells[1]) == 0
    assert count(cells[5]) == 2


def test_missing_schema_stays_missing_when_told_so(sql):
    assert sql("set schema nosuch", SPLICE_CREATE_SCHEMA="false").error["ename"] == "42Y07"


def test_rows_beyond_those_shown_are_counted(sql, server):
    cell, = sql("create table t (a int)", "insert into t values 1, 2, 3, 4, 5",
                "select a from t order by a", SPLICE_ROWS="2")[2:]
    assert "2 of 5 rows" in cell.plain


def test_rows_passed_over_have_every_form(sql):
    """Nulls, texts and large objects beyond the rows shown, over many blocks; and an error among them."""
    cells = sql("create table t (a int, b varchar(4000), c clob, d blob, e decimal(9,2), f timestamp)",
                "insert into t values (1, 'x', null, cast(x'0102' as blob), 1.5, current_timestamp),"
                " (2, null, 'y', null, null, null), (3, '" + "z" * 3000 + "', '" + "long " * 2000 + "', null, -1, null)",
                *["insert into t select a + 3, b, c, d, e, f from t"] * 7,
                "select * from t", "select a, 1 / (a - 20) from t", "select count(*) from t", SPLICE_ROWS="2")
    assert "2 of 384 rows" in cells[-3].plain
    assert cells[-2].error["ename"] == "22012"
    assert count(cells[-1]) == 384


def test_a_cell_of_ten_megabytes(sql):
    cell = sql("-- " + "x;'" * 3_500_000 + "\nselect 1; " + "/* ; */ " * 1000 + "select 2")
    assert len(cell.shown) == 1 and count(cell) == 2
    cell = sql("select '" + "x" * 10_000_000)
    assert "never ends" in cell.error["evalue"]


# --- connections --------------------------------------------------------------


def test_unknown_host_and_closed_port(sql, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    for url in (f"derby://127.0.0.1:{port}/x", "derby://no-such-host.invalid:1527/x"):
        cell, = run_driver(environment(tmp_path, url), ["%splicemachine\nselect 1"])
        assert cell.error and len(cell.error["evalue"]) < 300, cell.error


def test_passwords(tmp_path):
    with derby.Derby(users={"ann": "se;cret"}) as d:
        url = f"derby://ann@127.0.0.1:{d.port}/x;create=true"
        wrong, = run_driver(environment(tmp_path, url), ["%splicemachine\nvalues 1"])
        assert wrong.prompts and "ann" in wrong.prompts[0]
        assert wrong.error["ename"] in ("08004", "E_AUTH")
        typed, = run_driver(environment(tmp_path, url, TEST_PASSWORD="se;cret"),
                            ["%splicemachine\nvalues 1"])
        assert "1 row" in typed.plain
        given, = run_driver(environment(tmp_path, url, SPLICE_PASSWORD="nonsense"),
                            ["%splicemachine\nvalues 1"])
        assert given.error and not given.prompts
        assert "nonsense" not in json.dumps(given.error)


def test_switch_the_connection(server, tmp_path):
    one, two = (f"derby://127.0.0.1:{server.port}/{name};create=true" for name in ("one", "two"))
    cells = run_driver(environment(tmp_path, one),
                       ["%splicemachine create table only_in_one (a int)",
                        f"%splicemachine --connect {two}", "%splicemachine select * from only_in_one",
                        f"%splicemachine --connect {one} select count(*) from only_in_one",
                        "%splicemachine --connect ftp://x"])
    assert "/two" in cells[1].text
    assert cells[2].error["ename"] == "42X05"
    assert count(cells[3]) == 0
    assert cells[4].error


def test_a_server_that_vanishes_mid_fetch(tmp_path):
    with derby.Derby() as d:
        url = f"derby://127.0.0.1:{d.port}/x;create=true"
        process = subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=environment(tmp_path, url))
        wide = " union all ".join(f"select a.x from b a, b b, b c, b d, b e" for _ in range(3))
        cells = ("%splicemachine\ncreate table b (x varchar(100)); insert into b values "
                 + ", ".join(["'" + "y" * 90 + "'"] * 40),
                 "%splicemachine\nautocommit off; insert into b values 'z'; " + wide,
                 "%splicemachine\nvalues 1")
        process.stdin.write("\n----\n".join(cells).encode())
        process.stdin.close()
        lines = []
        for line in process.stdout:
            lines.append(json.loads(line))
            if "1 row inserted" in lines[-1].get("text", ""):
                threading.Timer(1.0, lambda: os.killpg(d.process.pid, signal.SIGKILL)).start()
        assert process.wait(60) == 0
    errors = [o["error"] for o in lines if "error" in o]
    assert errors[0]["ename"] == "08006"
    assert "next SQL cell connects again" in errors[0]["hint"]
    assert len(errors) == 2  # the third cell finds no server, and says so shortly
    assert len(errors[1]["evalue"]) < 300


# --- imports ------------------------------------------------------------------

TABLE = "create table t (a int, b varchar(20), c decimal(7,2), d date)"
GOOD = "1,one,1.50,2026-01-31\n2,two,2.25,2026-02-01\n"


@pytest.fixture
def load(sql, tmp_path):
    """Import bytes into a new table t; gives the import's cell and the rows there are then."""
    def run(content, name="in.csv", table=TABLE, before="", **args):
        env = args.pop("env", {})
        preexec = args.pop("preexec", None)
        comment = args.pop("comment", "")
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        cells = sql(f"drop table if exists t; {table}; {before}",
                    comment + import_call("t", args.pop("file", path), **args),
                    "select count(*) from t",
                    "values 1", preexec=preexec, **env)
        assert "1 row" in cells[3].plain, "the next cell works"
        return cells[1], count(cells[2])
    return run


def test_import_20000_rows(load, tmp_path):
    lines = [f"{i},text {i},{i % 90000}.25,2026-01-{i % 28 + 1:02}" for i in range(20000)]
    cell, rows = load("A,B,C,D\n" + "\r\n".join(lines) + "\r\n", max_bad=1)
    size = (tmp_path / "in.csv").stat().st_size
    assert imported(cell) == (20000, 1, 1, size)
    assert rows == 20000
    assert len(bad_lines(tmp_path)) == 1


def test_import_values(sql, tmp_path):
    (tmp_path / "in.csv").write_text('1e+05,"a ""b"", c",1e2,2026-01-31\n,"",,\n-7.0,é,-0.999,2024-02-29\n')
    cell = sql(TABLE + ";" + import_call("t", tmp_path / "in.csv")
               + "; select a, b, length(b) as n, c, d from t order by c")
    for part in ("100000", 'a "b", c', "100.00", "2026-01-31", "-7", "-0.99", "NULL"):
        assert part in cell.plain, (part, cell.plain)


def test_import_into_named_columns(sql, tmp_path):
    (tmp_path / "in.csv").write_text("x|1\ny|2\n")
    cell = sql('create table "Mixed" ("k" int, b varchar(5), c int default 9);'
               + import_call('"Mixed"', tmp_path / "in.csv", columns='B, "k"', delimiter="|")
               + '; select "k", b, c from "Mixed" order by 1')
    assert re.search(r"1 │ x │ +9", cell.plain)


def test_import_formats(sql, tmp_path):
    (tmp_path / "in.txt").write_text("31.01.2026\t11:30 pm\t2026/01/31 23.30.15\n")
    cell = sql("create table t (a date, b time, c timestamp);"
               + import_call("t", tmp_path / "in.txt", delimiter="\\t", date="dd.MM.yyyy",
                             time="hh:mm a", timestamp="yyyy/MM/dd HH.mm.ss")
               + "; select * from t")
    assert "2026-01-31" in cell.plain and "23:30:00" in cell.plain
    assert "2026-01-31 23:30:15" in cell.plain


def test_import_records_over_lines(load):
    cell, rows = load('1,"two\nlines",1,2026-01-31\n2,x,2,2026-01-31\n', one_line="false")
    assert imported(cell)[:2] == (2, 0) and rows == 2


def test_import_gzip_and_folder(load, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "1.csv").write_text(GOOD)
    (folder / "2.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    (folder / "_SUCCESS").write_text("")
    cell, rows = load(None, file=folder)
    assert imported(cell)[:3] == (4, 0, 2) and rows == 4


def test_too_many_bad_records_import_nothing(load, tmp_path):
    cell, rows = load(GOOD + "x,1,1,1\n" + GOOD + "y,1,1,1\n", max_bad=1)
    assert cell.error["ename"] == "SE009" and rows == 0
    assert "22018" in cell.error["hint"]
    assert len(bad_lines(tmp_path)) == 2


def test_any_number_of_bad_records(load, tmp_path):
    cell, rows = load(GOOD + "x,1,1,1\n" * 50, max_bad=-1)
    assert imported(cell)[:2] == (2, 50) and rows == 2
    assert len(bad_lines(tmp_path)) == 50


def test_rows_that_the_server_refuses(load, tmp_path):
    keyed = "create table t (a int primary key, b varchar(3) check (b <> 'no'))"
    cell, rows = load("1,a\n2,b\n1,c\n3,no\n4,long one\n5,d\n", table=keyed, max_bad=-1)
    assert imported(cell)[:2] == (3, 3) and rows == 3
    states = sorted(line[:5] for line in bad_lines(tmp_path))
    assert states == [b"22001", b"23505", b"23513"]
    assert any(line.endswith(b"[1,c]") for line in bad_lines(tmp_path))


def test_a_file_that_is_missing(load):
    cell, rows = load(None, file="/nowhere/x.csv")
    assert cell.error["ename"] == "X0X14" and "/nowhere/x.csv" in cell.error["evalue"]


def test_a_bucket_that_is_not_there(load, tmp_path):
    cell, rows = load(None, file="s3a://nowhere/x.csv")
    assert cell.error["ename"] == "X0X14" and "s3a://nowhere/x.csv" in cell.error["evalue"]


def test_a_table_that_is_missing(sql, tmp_path):
    (tmp_path / "in.csv").write_text(GOOD)
    assert sql(import_call("nosuch", tmp_path / "in.csv")).error["ename"] == "42X05"


def test_an_empty_file(load):
    cell, rows = load("")
    assert imported(cell)[:2] == (0, 0) and "no records" in cell.text


def test_a_binary_file(load):
    cell, rows = load(bytes(range(256)) * 1000, max_bad=-1)
    assert "is not a text file" in cell.error["evalue"] and rows == 0


def test_the_place_of_bad_records_is_told_whole(load, tmp_path):
    folder = tmp_path / "a folder with a name that is not short"
    cell, _ = load("x,bad,1,2026-01-01\n", max_bad=1, bad_dir=folder)
    (bad,) = folder.glob("in.csv.bad_*")
    assert str(bad) in cell.plain


def test_short_records(load, tmp_path):
    cell, rows = load(GOOD + "3,three\n", max_bad=1)
    assert imported(cell)[:2] == (2, 1)
    assert b"The record has 2 columns, the table takes 4" in bad_lines(tmp_path)[0]


def test_latin_1(load, tmp_path):
    cell, rows = load(b"1,caf\xe9,1,2026-01-31\n" + GOOD.encode(), max_bad=1)
    assert imported(cell)[:2] == (2, 1)
    assert b"Byte 0xE9 (number 4 of column B)" in bad_lines(tmp_path)[0]
    assert bad_lines(tmp_path)[0].endswith(b"[1,caf\xe9,1,2026-01-31]")
    cell, rows = load(b"1,caf\xe9,1,2026-01-31\n", charset="ISO-8859-1")
    assert imported(cell)[:2] == (1, 0)


def test_a_line_of_ten_megabytes(load, tmp_path):
    cell, rows = load(GOOD + "3," + "x" * 10_000_000 + ",1,2026-01-31\n" + GOOD, max_bad=1)
    assert imported(cell)[:2] == (4, 1)
    assert len(bad_lines(tmp_path)[0]) > 10_000_000


def test_a_line_beyond_every_limit(load):
    cell, rows = load(GOOD + "3," + "x" * 40_000_000 + "\n" + GOOD, max_bad=1)
    assert imported(cell)[:2] == (4, 1)


def test_a_bad_record_folder_that_cannot_be(load, tmp_path):
    (tmp_path / "file").write_text("")
    cell, rows = load(GOOD + "x\n", max_bad=1, bad_dir=str(tmp_path / "file" / "bad"))
    assert "bad record cannot be kept" in cell.error["evalue"] and rows == 0


def test_a_full_disk_in_the_bad_record_folder(load):
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))
    cell, rows = load(GOOD + ("x" * 60 + ",1,1,1\n") * 2000, max_bad=-1, preexec=small_files)
    assert "cannot be kept" in cell.error["evalue"] and rows == 0


def test_bad_arguments(sql):
    for call, part in (("call SYSCS_UTIL.IMPORT_DATA (null)", "13 are expected"),
                       (import_call("t", "x", delimiter="||"), "argument 5, columnDelimiter"),
                       (import_call("t", "x", max_bad="many"), "argument 10, maxBadRecords"),
                       (import_call("t", "x", one_line="maybe"), "argument 12, oneLineRecords")):
        assert part in sql(call).error["evalue"]


def test_an_interrupted_import_leaves_nothing(load):
    lines = "".join(f"{i},text,1.5,2026-01-31\n" for i in range(400_000))
    cell, rows = load(lines, comment="-- cancel after 700\n")
    assert cell.error["ename"] == "KeyboardInterrupt" and "none of them were kept" in cell.error["evalue"]
    assert rows == 0


def test_imports_within_a_transaction(sql, tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(GOOD + "x\n")
    cells = sql(TABLE + "; autocommit off; insert into t (a) values 0",
                import_call("t", tmp_path / "bad.csv"), "select count(*) from t",
                import_call("t", tmp_path / "good.csv"), "select count(*) from t", "rollback",
                "select count(*) from t")
    assert cells[1].error["ename"] == "SE009"
    assert [count(cells[i]) for i in (2, 4, 6)] == [1, 3, 0]


def test_load_replace(sql, tmp_path):
    (tmp_path / "in.csv").write_text(GOOD)
    call = import_call("t", tmp_path / "in.csv")
    cells = sql(TABLE + "; insert into t (a) values 8, 9",
                call.replace("IMPORT_DATA", "LOAD_REPLACE"), "select count(*) from t")
    assert imported(cells[1])[:2] == (2, 0) and count(cells[2]) == 2


def test_import_from_a_folder_bucket(sql, tmp_path):
    bucket = tmp_path / "data" / "splice-kernel" / "buckets" / "demo"
    (bucket / "in").mkdir(parents=True)
    (bucket / "in" / "a.csv").write_text("a,b,c,d\n" + GOOD)
    cell = sql(TABLE + ";" + import_call("t", "s3a://demo/in/a.csv", max_bad=1,
                                         bad_dir="s3a://demo/bad"))
    assert imported(cell)[:2] == (2, 1)
    assert len(bad_lines(bucket / "bad")) == 1


def test_import_from_s3(sql):
    with moto.Server(["demo"]) as aws:
        client = aws.client("s3")
        lines = "".join(f"{i},text {i},1.5,2026-01-31\n" for i in range(30_000))
        client.put_object(Bucket="demo", Key="in/a.csv.gz", Body=gzip.compress(
            ("a,b,c,d\n" + lines).encode()))
        cell, rows = sql(TABLE + ";" + import_call("t", "s3a://demo/in/a.csv.gz", max_bad=1,
                                                   bad_dir="s3a://demo/bad"),
                         "select count(*) from t", **aws.env)
        assert imported(cell)[:2] == (30_000, 1) and count(rows) == 30_000
        keys = [o["Key"] for o in client.list_objects_v2(Bucket="demo", Prefix="bad/")["Contents"]]
        assert len(keys) == 1
        bad = client.get_object(Bucket="demo", Key=keys[0])["Body"].read()
        assert bad.startswith(b"22018 ") and bad.endswith(b"[a,b,c,d]\n")
