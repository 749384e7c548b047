"""The database client beside a real Derby server."""

import json
import os
import pathlib
import struct
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

from derby import Derby  # noqa: E402  (ours, in tests/servers)

DRIVER = ROOT / "build" / os.environ.get("VARIANT", "plain") / "tests/live/drda_driver"


class Failed(Exception):
    """An error of the client: code, name, text, hint and all else of the answer."""

    def __init__(self, answer):
        super().__init__(f"{answer['error']['code']} {answer['error']['name']}: {answer['error']['text']}")
        self.__dict__.update(answer["error"])
        self.answer = answer


class Client:
    """A driver process with one connection."""

    def __init__(self, port, database="test;create=true", login="app@", scheme="derby", url=None):
        url = url or f"{scheme}://{login}127.0.0.1:{port}/{database}"
        self.process = subprocess.Popen([DRIVER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.read()
        except Failed:
            self.close()
            raise

    def read(self):
        line = self.process.stdout.readline()
        assert line, f"the driver ended with status {self.process.wait()}"
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer)
        return answer

    def call(self, op, **args):
        self.process.stdin.write(json.dumps({"op": op, **args}).encode() + b"\n")
        self.process.stdin.flush()
        return self.read()

    def execute(self, sql, *params, **args):
        return self.call("execute", sql=sql, params=list(params), **args)

    def rows(self, sql, *params, **args):
        return self.execute(sql, *params, **args)["sets"][0]["rows"]

    def session(self, do="", **args):
        return self.call("session", do=do, **args)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


@pytest.fixture(scope="module")
def derby():
    with Derby() as server:
        yield server


@pytest.fixture(scope="module")
def shared(derby):
    with Client(derby.port) as client:
        yield client


@pytest.fixture
def db(shared):
    """A connection in autocommit with no table T."""
    if not shared.session()["usable"]:
        pytest.fail("the shared connection broke in an earlier test")
    shared.session("autocommit", on=True)
    try:
        shared.execute("drop table t")
    except Failed as e:
        assert e.name == "42Y55"
    return shared


def exact(values):
    """Floating numbers, given as hexadecimal texts, in one spelling."""
    return [float.fromhex(v) if isinstance(v, str) and "0x" in v else v for v in values]


def checksum(data):
    total = 0
    for byte in data:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total


# --- connecting --------------------------------------------------------------


def test_authentication():
    with Derby(users={"ann": "s@c/ret"}) as server:
        with Client(server.port, login="ann:s%40c%2Fret@") as client:
            assert client.session()["server"] == "Apache Derby 10.16.1.1"
            assert client.session()["schema"] == "ANN"
        for login in ("ann:wrong@", "ann@", "bob:s%40c%2Fret@", ""):
            with pytest.raises(Failed) as e:
                Client(server.port, login=login)
            assert (e.value.code, e.value.name) == ("E_AUTH", "08004")
            assert e.value.hint and "wrong" not in e.value.text + e.value.hint


def test_unknown_database(derby):
    with pytest.raises(Failed) as e:
        Client(derby.port, "nosuch")
    assert (e.value.code, e.value.name) == ("E_NOTFOUND", "XJ004")
    assert "nosuch" in e.value.text and "create=true" in e.value.hint


def test_long_database_name(derby):
    with Client(derby.port, "a-database-with-a-name-of-more-than-eighteen-bytes;create=true") as client:
        rows = client.rows("select tableid from sys.systables a, sys.sysschemas b, sys.syscolumns c")
        assert len(rows) > 10000


def test_nothing_listens(derby):
    with pytest.raises(Failed) as e:
        Client(1)
    assert e.value.code == "E_CLOSED" and e.value.hint


# --- statements --------------------------------------------------------------


def test_ddl_dml_query(db):
    assert db.execute("create table t (i int not null primary key, s varchar(20))")["affected"] == -1
    assert db.execute("insert into t values (1, 'a'), (2, null)")["affected"] == 2
    assert db.execute("update t set s = 'b'")["affected"] == 2
    assert db.execute("delete from t where i = 5")["affected"] == 0
    result = db.execute("select s as x, i, i + 1 from t order by i")
    columns = result["sets"][0]["columns"]
    assert [c["name"] for c in columns] == ["X", "I", "3"]
    assert [c["type_name"] for c in columns] == ["VARCHAR(20)", "INTEGER", "INTEGER"]
    assert [c["nullable"] for c in columns] == [True, False, False]
    assert (columns[0]["schema"], columns[0]["table"]) == ("APP", "T")
    assert result["sets"][0]["rows"] == [["b", 1, 2], ["b", 2, 3]]
    assert result["affected"] == -1


@pytest.mark.parametrize("sql, state, text", [
    ("select * from nosuch", "42X05", "Table/View 'NOSUCH' does not exist."),
    ("selec 1", "42X01", 'Syntax error: Encountered "selec" at line 1, column 1.'),
    ("values 1/0", "22012", "Attempt to divide by zero."),
    ("set schema nosuch", "42Y07", "Schema 'NOSUCH' does not exist"),
    ("drop table nosuch", "42Y55", "'DROP TABLE' cannot be performed on 'NOSUCH' because it does not exist."),
    ("values cast('x' as int)", "22018", "Invalid character string format for type INTEGER."),
])
def test_errors_are_the_servers_own(db, sql, state, text):
    with pytest.raises(Failed) as e:
        db.execute(sql)
    assert (e.value.code, e.value.name, e.value.text) == ("E_SERVER", state, text)
    assert db.session() == {"schema": "APP", "usable": True, "in_transaction": False,
                            "server": "Apache Derby 10.16.1.1"}


def test_error_behind_good_rows(db):
    """The rows of the blocks before the failing one are given; Derby drops those of its own block."""
    db.execute("create table t (i int)")
    db.call("batch", sql="insert into t values ?", rows=[[["INTEGER", 1]]] * 1000, repeat=100)
    db.execute("insert into t values 0")
    db.call("open", sql="select 1/i from t")
    assert db.call("fetch", limit=50000)["count"] == 50000
    with pytest.raises(Failed) as e:
        db.call("fetch", limit=100000)
    assert e.value.name == "22012"
    db.session("free")
    assert db.rows("values 1") == [[1]]
    assert not db.session()["in_transaction"]


def test_schema_is_followed(db):
    try:
        db.execute("create schema other")
    except Failed:
        pass
    db.execute("set schema other")
    assert db.session()["schema"] == "OTHER"
    db.execute("set schema app")
    assert db.session()["schema"] == "APP"


def test_warnings(db):
    db.execute("create table t (i int)")
    db.execute("insert into t values (1), (null)")
    result = db.execute("select max(i), sum(i) from t")
    assert result["sets"][0]["rows"] == [[1, 1]]
    assert result["warnings"] == ["01003: Null values were eliminated from the argument of a column function."]


def test_call_with_result_sets(db):
    db.execute("create table t (i int, s clob)")
    result = db.execute("call SYSIBM.SQLCOLUMNS(null, 'APP', 'T', '%', null)")
    assert len(result["sets"]) == 1
    names = [c["name"] for c in result["sets"][0]["columns"]]
    assert [row[names.index("COLUMN_NAME")] for row in result["sets"][0]["rows"]] == ["I", "S"]
    result = db.execute("call SYSCS_UTIL.SYSCS_CHECKPOINT_DATABASE()")
    assert result["sets"] == [{"columns": [], "rows": [], "count": 0}]
    assert not db.session()["in_transaction"]


def test_call_with_parameters(db):
    db.execute("call SYSCS_UTIL.SYSCS_SET_DATABASE_PROPERTY(?, ?)", ["VARCHAR", "my.property"], ["VARCHAR", "ü"])
    assert db.rows("values SYSCS_UTIL.SYSCS_GET_DATABASE_PROPERTY('my.property')") == [["ü"]]


def test_unknown_first_words_are_looked_at(db):
    db.execute("create table t (i int)")
    assert db.execute("/* a */ -- b\n insert into t values 1")["affected"] == 1
    assert db.rows("(select i from t) union all (values 7)") == [[1], [7]]


def test_big_statement(db):
    for size in (32700, 32755, 32763, 32764, 60000):
        text = "values 1 --" + "x" * (size - 11)
        assert db.rows(text) == [[1]]
    with pytest.raises(Failed) as e:
        db.execute("values '" + "x" * 70000 + "'")
    assert e.value.name == "54002"
    many = "values " + ",".join(f"'{'y' * 30000}'" for _ in range(33))
    assert [row[0]["length"] for row in db.rows(many)] == [30000] * 33


def test_many_columns(db):
    for n in (84, 85, 100, 200, 1012):
        names = ", ".join(f"c{i} int" for i in range(n))
        db.execute(f"create table t ({names})")
        db.execute(f"insert into t values ({', '.join(str(i) for i in range(n))})")
        result = db.execute("select * from t")["sets"][0]
        assert len(result["columns"]) == n
        assert result["rows"] == [list(range(n))]
        db.execute("drop table t")


def test_many_parameters(db):
    for n in (84, 85, 168, 200, 1000):
        markers = " + ".join(["cast(? as int)"] * n)
        assert db.rows(f"values {markers}", *[["INTEGER", 1]] * n) == [[n]]


def test_wrong_number_of_parameters(db):
    with pytest.raises(Failed) as e:
        db.execute("values cast(? as int)", ["INTEGER", 1], ["INTEGER", 2])
    assert e.value.code == "E_INPUT"
    assert e.value.text == "the statement has 1 markers (?), got 2 values"


# --- types -------------------------------------------------------------------

REAL_MAX = struct.unpack(">f", bytes.fromhex("7f7fffff"))[0]
TYPES = {  # declaration: (type name of values, values)
    "boolean": ("BOOLEAN", [True, False]),
    "smallint": ("SMALLINT", [0, -1, -32768, 32767]),
    "int": ("INTEGER", [0, -1, -2**31, 2**31 - 1]),
    "bigint": ("BIGINT", [0, -1, -2**63, 2**63 - 1]),
    "real": ("REAL", [x.hex() for x in (0.0, -1.5, REAL_MAX, -REAL_MAX)]),
    "double": ("DOUBLE", [x.hex() for x in (0.0, 0.1, -1e-300, 1.7976931348623157e308, 2.2250738585072014e-308)]),
    "decimal(5,2)": ("DECIMAL", ["0.00", "-0.01", "999.99", "-999.99"]),
    "decimal(4,4)": ("DECIMAL", ["0.0000", "-0.9999", "0.0001"]),
    "decimal(31,0)": ("DECIMAL", ["9" * 31, "-" + "9" * 31, "0"]),
    "decimal(31,31)": ("DECIMAL", ["0." + "9" * 31, "-0." + "0" * 30 + "1"]),
    "decimal(30,10)": ("DECIMAL", ["1" * 20 + ".0000000001"]),
    "char(5)": ("CHAR", ["ab   ", "     ", "äöü€x"]),
    "varchar(32672)": ("VARCHAR", ["", "x", "☃" * 600, "a'b\"c\n\t\\", "😀"]),
    "long varchar": ("VARCHAR", ["", "lang", "ü" * 900]),
    "clob": ("CLOB", ["", "x", "☃" * 600]),
    "char(3) for bit data": ("VARCHAR FOR BIT DATA", [{"hex": "00ff20"}]),
    "varchar(300) for bit data": ("VARCHAR FOR BIT DATA", [{"hex": ""}, {"hex": "00"}, {"hex": "ff" * 300}]),
    "long varchar for bit data": ("VARCHAR FOR BIT DATA", [{"hex": "1234"}]),
    "blob": ("BLOB", [{"hex": ""}, {"hex": "00"}, {"hex": "00ff" * 300}]),
    "date": ("DATE", ["0001-01-01", "1970-01-01", "9999-12-31"]),
    "time": ("TIME", ["00:00:00", "23:59:59"]),
    "timestamp": ("TIMESTAMP", ["0001-01-01 00:00:00.000000000", "9999-12-31 23:59:59.999999999",
                                "2026-01-02 03:04:05.123456789"]),
}


@pytest.mark.parametrize("declaration", TYPES)
def test_types_there_and_back(db, declaration):
    """Every value and a null, by parameters and by a batch, read back the same."""
    name, values = TYPES[declaration]
    db.execute(f"create table t (n int, v {declaration})")
    for i, value in enumerate(values + [None]):
        assert db.execute("insert into t values (?, ?)", ["INTEGER", i], [name, value])["affected"] == 1
    result = db.call("batch", sql="insert into t values (?, ?)",
                     rows=[[["INTEGER", 100 + i], [name, v]] for i, v in enumerate(values + [None])])
    assert result == {"failures": [], "good": len(values) + 1}
    rows = db.execute("select v from t order by n")["sets"][0]
    assert rows["columns"][0]["type"] == name
    assert exact(row[0] for row in rows["rows"]) == exact(values + [None]) * 2


@pytest.mark.parametrize("declaration", [d for d in TYPES if "bit data" not in d and d not in ("blob", "boolean")])
def test_text_is_converted_by_the_server(db, declaration):
    name, values = TYPES[declaration]
    if name in ("REAL", "DOUBLE"):
        values = [v for v in values if float.fromhex(v) in (0.0, 0.1, -1.5)]
    db.execute(f"create table t (n int, v {declaration})")
    for i, value in enumerate(values):
        text = repr(float.fromhex(value)) if name in ("REAL", "DOUBLE") else str(value)
        db.execute("insert into t values (?, ?)", ["INTEGER", i], ["VARCHAR", text])
    assert exact(row[0] for row in db.rows("select v from t order by n")) == exact(values)


def test_decimals_are_not_rounded_by_us(db):
    db.execute("create table t (d decimal(10,2))")
    result = db.call("batch", sql="insert into t values ?", rows=[
        [["DECIMAL", "1.50"]], [["DECIMAL", "12345678901.00"]], [["DECIMAL", "2"]], [["DECIMAL", "x"]],
        [["DECIMAL", "3.999"]]])
    assert [f[:2] for f in result["failures"]] == [[1, "22003"], [3, "22018"]]
    # What the server does with the third digit is the server's business: it cuts.
    assert db.rows("select d from t order by d") == [["1.50"], ["2.00"], ["3.99"]]


def test_odd_dates_go_as_text(db):
    db.execute("create table t (d date, s timestamp)")
    db.execute("insert into t values (?, ?)", ["DATE", "01/31/2026"], ["TIMESTAMP", "2026-01-31 10:11:12.5"])
    assert db.rows("select * from t") == [["2026-01-31", "2026-01-31 10:11:12.500000000"]]
    with pytest.raises(Failed) as e:
        db.execute("insert into t values (?, null)", ["DATE", "no date"])
    assert e.value.name == "22007"


def test_user_defined_type_is_a_placeholder(db):
    rows = db.execute("select aliasinfo, alias from sys.sysaliases where alias = 'SYSCS_CHECKPOINT_DATABASE'")
    assert rows["sets"][0]["columns"][0]["type"] == "OPAQUE"
    assert rows["sets"][0]["rows"][0][0].startswith("<UDT, ")


@pytest.mark.parametrize("size", [0, 1, 32767, 32768, 65536, 10 * 1024 * 1024])
@pytest.mark.parametrize("kind", ["clob", "blob"])
def test_large_objects(db, kind, size):
    db.execute(f"create table t (n int, v {kind}, w {kind})")
    data = (b"ab\xc3\xa9d\n" * (size // 6 + 1))[:size]
    text = data.decode("utf-8", "ignore")
    data = text.encode()
    value = ["CLOB", text] if kind == "clob" else ["BLOB", {"hex": data.hex()}]
    db.execute("insert into t values (1, ?, ?)", value, [value[0], None])
    db.execute("insert into t values (2, ?, ?)", [value[0], None], value)
    if len(data) > 2000:
        value[1] = {"length": len(data), "sum": checksum(data)}
    if size == 0 and kind == "blob":
        value[1] = {"hex": ""}
    assert db.rows("select * from t order by n") == [[1, value[1], None], [2, None, value[1]]]


def test_long_text_for_a_varchar(db):
    """Derby sends no more than 65,535 bytes of a VARCHAR; that is said, and CLOB is the way round."""
    db.execute("create table t (v varchar(32672))")
    text = "€" * 30000  # 90,000 bytes
    data = text.encode()
    db.execute("insert into t values ?", ["VARCHAR", text])
    assert db.rows("select cast(v as clob) from t") == [[{"length": 90000, "sum": checksum(data)}]]
    result = db.execute("select v from t")
    assert result["sets"][0]["rows"] == [[{"length": 65535, "sum": checksum(data[:65535])}]]
    assert result["warnings"] == ["01004: column 1 was cut from 30000 to 21845 characters by the server: "
                                  "cast it to CLOB"]
    with pytest.raises(Failed) as e:
        db.execute("insert into t values ?", ["VARCHAR", text * 2])
    assert e.value.name == "XCL30" and "VARCHAR" in e.value.text


# --- fetching ----------------------------------------------------------------


def fill(db, n):
    db.execute("create table t (i int, s varchar(100))")
    result = db.call("batch", sql="insert into t values (?, ?)", repeat=n // 100,
                     rows=[[["INTEGER", i], ["VARCHAR", "v" * i]] for i in range(100)])
    assert result["good"] == n


def test_rows_stream_over_many_blocks(db):
    fill(db, 30000)
    result = db.execute("select i, s from t")["sets"][0]
    assert result["count"] == 30000
    assert all(row == [i % 100, "v" * (i % 100)] for i, row in enumerate(result["rows"]))


def test_two_cursors_and_an_update_between(db):
    fill(db, 30000)
    db.call("open", sql="select s, i from t")
    assert db.call("fetch", limit=100)["rows"][99] == ["v" * 99, 99]
    assert db.rows("select count(*) from t") == [[30000]]
    assert db.execute("insert into t values (1000, 'new')")["affected"] == 1
    got = db.call("fetch", limit=50000)
    assert got["count"] in (29900, 29901) and got["end"]
    assert all(row == ["v" * (i % 100), i % 100] for i, row in enumerate(got["rows"][:29900]))


def test_a_query_that_fails_leaves_other_cursors(db):
    """Derby says that the unit of work ended abnormally (ABNUOWRM), and ends nothing."""
    fill(db, 30000)
    db.session("autocommit", on=False)
    db.execute("insert into t values (-1, 'kept')")
    db.call("open", sql="select s, i from t where i >= 0")
    db.call("fetch", limit=100)
    with pytest.raises(Failed) as e:
        db.rows("values 1/0")
    assert e.value.name == "22012"
    assert db.call("fetch", limit=50000)["count"] == 29900
    db.session("free")
    db.session("commit")
    assert db.rows("select s from t where i = -1") == [["kept"]]


def test_result_is_freed_early(db):
    fill(db, 30000)
    db.call("open", sql="select * from t")
    db.call("fetch", limit=1)
    assert not db.session("free")["in_transaction"]
    db.execute("drop table t")


def test_transactions(db):
    db.execute("create table t (i int)")
    db.session("autocommit", on=False)
    db.execute("insert into t values 1")
    assert db.session()["in_transaction"]
    db.session("rollback")
    assert not db.session()["in_transaction"]
    db.execute("insert into t values 2")
    db.session("commit")
    db.execute("insert into t values 3")
    db.session("autocommit", on=True)
    assert not db.session()["in_transaction"]
    assert db.rows("select * from t") == [[2], [3]]


def test_rollback_closes_cursors(db):
    fill(db, 30000)
    db.session("autocommit", on=False)
    db.call("open", sql="select * from t")
    db.call("fetch", limit=1)
    db.session("rollback")
    with pytest.raises(Failed) as e:
        db.call("fetch", limit=50000)
    assert e.value.name == "24000"
    assert db.session("free")["usable"]


def test_statement_that_fails_keeps_the_transaction(db):
    db.execute("create table t (i int primary key not null)")
    db.session("autocommit", on=False)
    db.execute("insert into t values 1")
    with pytest.raises(Failed):
        db.execute("insert into t values 1")
    db.session("commit")
    assert db.rows("select * from t") == [[1]]


def test_deadlock_tells_that_all_is_rolled_back(derby):
    with Client(derby.port) as a, Client(derby.port) as b:
        a.execute("create table dead1 (i int)")
        a.execute("create table dead2 (i int)")
        for c, own in ((a, "dead1"), (b, "dead2")):
            c.session("autocommit", on=False)
            c.execute(f"insert into {own} values 1")
        a.process.stdin.write(json.dumps({"op": "execute", "sql": "select * from dead2"}).encode() + b"\n")
        a.process.stdin.flush()
        time.sleep(0.3)
        failed, other = [], a
        try:
            b.execute("select * from dead1")
        except Failed as e:
            failed.append((e, b))
        else:
            other = None
        try:
            a.read()
        except Failed as e:
            failed.append((e, a))
        assert len(failed) == 1 and failed[0][0].name == "40001", (failed, other)
        assert not failed[0][1].session()["in_transaction"]


# --- batches -----------------------------------------------------------------


def test_batch_goes_on_behind_bad_rows(db):
    db.execute("create table t (i int primary key not null, s varchar(5))")
    rows = [[["INTEGER", i], ["VARCHAR", "ok"]] for i in range(5000)]
    rows[2500][0][1] = 17
    rows[4000][1][1] = "too long"
    rows[4999][0][1] = None
    result = db.call("batch", sql="insert into t values (?, ?)", rows=rows)
    assert [f[:2] for f in result["failures"]] == [[2500, "23505"], [4000, "22001"], [4999, "23502"]]
    assert "duplicate key" in result["failures"][0][2]
    assert result["good"] == 4997
    assert db.rows("select count(*) from t") == [[4997]]


def test_batch_stops_when_told(db):
    db.execute("create table t (i int primary key not null)")
    db.session("autocommit", on=False)
    with pytest.raises(Failed) as e:
        db.call("batch", sql="insert into t values ?", rows=[[["INTEGER", i % 100]] for i in range(10000)],
                stop_at=103)
    assert e.value.code == "E_INPUT" and e.value.name == "23505"
    assert [f[0] for f in e.value.answer["failures"]] == [100, 101, 102, 103]
    db.session("rollback")
    assert db.rows("select count(*) from t") == [[0]]


def test_batch_does_not_commit(db):
    db.execute("create table t (i int)")
    db.session("autocommit", on=False)
    db.call("batch", sql="insert into t values ?", rows=[[["INTEGER", 1]]] * 3000)
    db.session("rollback")
    assert db.rows("select count(*) from t") == [[0]]


def test_batch_with_large_objects(db):
    db.execute("create table t (i int, c clob, b blob)")
    rows = [[["INTEGER", i], ["CLOB", "x" * (i * 1000)], ["BLOB", {"hex": "ab" * (i * 500)}]] for i in range(100)]
    assert db.call("batch", sql="insert into t values (?, ?, ?)", rows=rows)["good"] == 100
    assert db.rows("select sum(length(c)), sum(length(b)) from t") == [[4950000, 2475000]]


def test_batch_tells_its_parameters(db):
    db.execute("create table t (i int, d decimal(10,2), s varchar(7), x timestamp)")
    assert db.call("params", sql="insert into t values (?, ?, ?, ?)")["params"] == [
        "INTEGER", "DECIMAL(10,2)", "VARCHAR(7)", "TIMESTAMP"]
    with pytest.raises(Failed) as e:
        db.call("params", sql="insert into nosuch values ?")
    assert e.value.name == "42X05"
    with pytest.raises(Failed) as e:
        db.call("params", sql="select * from t where i = ?")
    assert e.value.code == "E_INPUT"


# --- ends --------------------------------------------------------------------

SLOW = ("select count(*) from sys.syscolumns a, sys.syscolumns b, sys.syscolumns c, sys.syscolumns d "
        "where a.columnnumber + b.columnnumber + c.columnnumber + d.columnnumber = -1")


def test_cancel_gives_the_connection_up(derby):
    with Client(derby.port) as client:
        start = time.monotonic()
        with pytest.raises(Failed) as e:
            client.execute(SLOW, cancel_after_ms=300)
        assert time.monotonic() - start < 30
        assert (e.value.code, e.value.name) == ("E_CANCEL", "KeyboardInterrupt")
        assert not client.session()["usable"]
        with pytest.raises(Failed) as e:
            client.execute("values 1")
        assert e.value.code == "E_CLOSED"


def test_cancel_between_statements_is_harmless(db):
    with pytest.raises(Failed):
        db.call("open", sql="values 1/0", cancel_after_ms=1)
    assert db.rows("values 1") == [[1]]


def test_server_dies_in_mid_fetch():
    with Derby() as server:
        with Client(server.port) as client:
            fill(client, 200000)
            client.call("open", sql="select i, s, s || s from t")
            client.call("fetch", limit=10)
            server.kill()
            start = time.monotonic()
            with pytest.raises(Failed) as e:
                client.call("fetch", limit=10**9)
            assert time.monotonic() - start < 30
            assert (e.value.code, e.value.name) == ("E_CLOSED", "08006")
            assert not client.session("free")["usable"]


def test_server_dies_in_mid_batch():
    with Derby() as server:
        with Client(server.port) as client:
            client.execute("create table t (i int, s varchar(100))")
            client.process.stdin.write(json.dumps(
                {"op": "batch", "sql": "insert into t values (?, ?)", "repeat": 2000000,
                 "rows": [[["INTEGER", 1], ["VARCHAR", "x" * 100]]]}).encode() + b"\n")
            client.process.stdin.flush()
            time.sleep(1)
            server.kill()
            with pytest.raises(Failed) as e:
                client.read()
            assert e.value.code == "E_CLOSED"
