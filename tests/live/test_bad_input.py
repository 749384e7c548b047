"""What goes wrong in SQL, files and cells: a short error that says what to do, then the next cell works."""

import contextlib
import importlib.util
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import threading
import time

import pytest

from conftest import ROOT, Kernel


def said(result):
    """All that a failed cell says; checks that it is a real and short error."""
    reply = result.reply
    errors = [m["content"] for m in result.messages if m["msg_type"] == "error"]
    assert len(errors) == 1 and errors[0]["evalue"] == reply["evalue"] and reply["ename"]
    assert len(reply["evalue"]) < 500, reply["evalue"]
    return "\n".join([reply["evalue"], *reply["traceback"]])


@pytest.fixture(scope="module")
def sql(shared_kernel):
    """Runs SQL; every cell starts on an empty table t (a, b)."""
    def run(body, magic="%splicemachine", ok=True, kernel=shared_kernel, **kw):
        return (kernel.ok if ok else kernel.fails)(f"{magic}\n{body}", **kw)
    run("create table t (a int, b varchar(20))")
    return run


@pytest.fixture(autouse=True)
def an_empty_table(sql):
    yield
    sql("delete from t", magic="%splicemachine --rows 10")  # the kernel and its connection still work


def rows(sql):
    """The rows of t, as (a, b)."""
    shown = sql("select a, b from t order by a").data()[-1]
    return re.findall(r"^ +(\d+) │ (\S+)", shown, re.M)


def database(home):
    """The local Derby server, as splice-manager sees it."""
    services = json.loads(home.manager("status", "--json").stdout)["services"]
    return next(s for s in services if s["name"] == "database")


def password(home):
    text = (home.folder / "data/splice-kernel/database/derby.properties").read_text()
    return re.search(r"derby\.user\.splice=(\w+)", text)[1]


# --- connections ---------------------------------------------------------------


@pytest.mark.parametrize("url, name, hint", [
    ("derby://splice:wrong@127.0.0.1:{port}/splicedb", "08004", "check the user and the password"),
    ("derby://splice:x@no-such-host.invalid:1527/splicedb", "08001", "check the host's name"),
    ("derby://splice:x@127.0.0.1:1/splicedb", "08001", "is the port right"),
    ("mysql://splice@127.0.0.1/x", "UsageError", "splice://user@host:1527/splicedb"),
])
def test_a_connection_that_cannot_be(sql, home, url, name, hint):
    sql("autocommit off; insert into t values (1, 'open')")
    url = url.format(port=database(home)["port"])
    failed = sql("insert into t values (2, 'elsewhere')", magic=f"%splicemachine --connect {url}", ok=False)
    assert failed.reply["ename"] == name and hint in said(failed)
    assert "still go to derby://splice@127.0.0.1" in said(failed)
    assert rows(sql) == [("1", "open")]  # the transaction that was open goes on
    sql("rollback; autocommit on")


def test_a_password_typed_wrongly_is_asked_for_again(home, sql):
    typed, asked = ["wrong", password(home)], []
    kernel = Kernel(home, SPLICE_URL=f"derby://splice@127.0.0.1:{database(home)['port']}/splicedb")

    def answer(message):
        asked.append(message["content"])
        kernel.client.input(typed[len(asked) - 1])

    try:
        failed = sql("values 1", ok=False, kernel=kernel, allow_stdin=True, stdin_hook=answer)
        assert failed.reply["ename"] == "08004" and "wrong" not in said(failed)
        sql("insert into t values (3, 'typed')", kernel=kernel, allow_stdin=True, stdin_hook=answer)
        assert [a["password"] for a in asked] == [True, True]
    finally:
        kernel.close()
    assert rows(sql) == [("3", "typed")]


def test_a_server_that_vanishes_mid_fetch(sql, home):
    sql("insert into t select 7, 'kept' from sys.syscolumns a, sys.syscolumns b")
    before = sql("select count(*) from t").data()
    killer = threading.Timer(1, os.kill, (database(home)["pid"], signal.SIGKILL))
    killer.start()
    failed = sql("select x.a from t x, t y", ok=False)  # hundreds of millions of rows
    killer.join()
    assert failed.reply["ename"] == "08006" and "next SQL cell connects again" in said(failed)
    after = sql("select count(*) from t")
    assert after.data()[-1].split()[-1] == before[-1].split()[-1]
    notices = " ".join(after.data())
    assert "connection was lost" in notices and "started again" in notices


# --- statements ----------------------------------------------------------------


def test_a_syntax_error_in_the_third_of_five(sql):
    failed = sql("insert into t values (1, 'one');\nselect a, b from t;\nselec 3;\n"
                 "insert into t values (4, 'four');\ninsert into t values (5, 'five')", ok=False)
    assert failed.reply["ename"] == "42X01"
    assert "in statement 3 of 5, line 4 of the cell:\n  selec 3\n  ^" in said(failed)
    assert "1 row inserted" in failed.text and "one" in failed.data()[0]
    assert rows(sql) == [("1", "one")]


@pytest.mark.parametrize("text, name", [
    ("insert into t values (1, '{}')", "54002"),  # the server's own, but at once
    ("insert into t values (1, 'open {})", "42X02"),
    ("insert into t values {}", "E_TOOBIG"),
])
def test_a_sql_cell_of_ten_megabytes_that_cannot_run(sql, text, name):
    filler = ", ".join(["(1, 'row')"] * 1_700_000) if name == "E_TOOBIG" else "x" * 10_000_000
    failed = sql(text.format(filler), ok=False)
    assert failed.reply["ename"] == name and "Hint: " in said(failed)
    assert rows(sql) == []


def test_a_sql_cell_of_ten_megabytes_runs(sql):
    filler = "x" * 5_000_000
    sql(f"-- {filler}\ninsert into t /* {filler} */ values (1, 'one')")
    assert rows(sql) == [("1", "one")]


def test_a_python_cell_of_ten_megabytes(shared_kernel):
    filler = "x" * 10_000_000
    assert shared_kernel.ok(f"text = '{filler}'\nlen(text)").data() == ["10000000"]
    assert shared_kernel.fails(f"1 / 0  # {filler}").reply["ename"] == "ZeroDivisionError"
    assert shared_kernel.ok("len(text)").data() == ["10000000"]


def test_a_magic_that_does_not_exist(shared_kernel):
    shared_kernel.ok("kept = 1")
    near = shared_kernel.fails("%splicemachin\nselect 1")
    assert near.reply["ename"] == "UsageError" and "did you mean %splicemachine?" in said(near)
    near = shared_kernel.fails("%%mlmanger status")
    assert "did you mean %mlmanager?" in said(near)
    far = shared_kernel.fails("%nonsense 1")
    assert far.reply["ename"] == "UsageError" and "`%nonsense` not found" in far.text
    assert shared_kernel.ok("kept").data() == ["1"]


# --- imports -------------------------------------------------------------------


@pytest.fixture
def load(sql, tmp_path):
    """Import bytes (None: no file) into t, where the row (0, here) is already."""
    sql("insert into t values (0, 'here')")

    def run(content, ok=True, max_bad=0, charset="null", bad=None, path=None, **kw):
        path = path or tmp_path / "in.csv"
        if content is not None:
            path.write_bytes(content)
        return sql(f"call SYSCS_UTIL.IMPORT_DATA (null, 't', null, '{path}', ',', null, null, null, null, {max_bad}, "
                   f"'{bad or tmp_path / 'bad'}', null, {charset})", ok=ok, **kw)
    return run


def bad_records(folder):
    return b"".join(f.read_bytes() for f in sorted(folder.glob("in.csv.bad_*")))


@pytest.mark.parametrize("content, name, hint", [
    (None, "X0X14", "read where the kernel runs"),
    (bytes(range(1, 256)) * 50 + b"\0" * 100, "SE009", "The first one: "),
    (b"PK\3\4\x14\0\0\0" * 1000, "UsageError", "gzip files are unpacked"),
    (b"1,one\n2\n3,three\n", "SE009", "XIE0A The record has 1 column, the table takes 2 (line 2"),
    ("1,grün\n".encode("latin-1"), "SE009", "such as 'ISO-8859-1', as the last argument"),
    (b"1,one\n2," + b"y" * 10_000_000 + b"\n", "SE009", "too long for type VARCHAR(20) (line 2"),
], ids=["missing", "binary", "archive", "short", "latin-1", "10-MB-line"])
def test_a_file_that_cannot_be_imported(sql, load, content, name, hint):
    failed = load(content, ok=False)
    assert failed.reply["ename"] == name and hint in said(failed)
    assert rows(sql) == [("0", "here")]


def test_an_empty_file_is_told(sql, load):
    done = load(b"")
    assert "the file holds no records" in done.text and rows(sql) == [("0", "here")]


def test_good_records_are_imported_and_bad_ones_kept(sql, load, tmp_path):
    latin = "1,grün\n".encode("latin-1")
    long = b"4," + b"y" * 10_000_000
    load(b"2,two\n" + latin + b"3\n" + long + b"\n5,five\n", max_bad=3)
    assert rows(sql) == [("0", "here"), ("2", "two"), ("5", "five")]
    kept = bad_records(tmp_path / "bad")
    assert b"[" + latin[:-1] + b"]" in kept and b"[3]" in kept and b"[" + long + b"]" in kept
    load(latin, charset="'ISO-8859-1'")
    assert ("1", "grün") in rows(sql)


@contextlib.contextmanager
def full_disk(kernel, folder):
    """A folder that takes 64 KB: a file system of its own where that may be made, else a limit of the kernel's."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if os.geteuid() == 0 and subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", folder], check=True)
        return
    limits = resource.prlimit(kernel.pid, resource.RLIMIT_FSIZE, (64 << 10, -1))
    try:
        yield
    finally:
        resource.prlimit(kernel.pid, resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_in_the_bad_record_folder(sql, load, shared_kernel, tmp_path):
    content = b"1,one\n" + b"x,bad\n" * 5000
    with full_disk(shared_kernel, tmp_path / "full"):
        failed = load(content, ok=False, max_bad=-1, bad=tmp_path / "full")
        assert "Nothing was imported" in said(failed) and "make room, or choose another folder" in said(failed)
        assert rows(sql) == [("0", "here")]
    load(content, max_bad=-1)
    assert rows(sql) == [("0", "here"), ("1", "one")] and bad_records(tmp_path / "bad").count(b"[x,bad]") == 5000


def test_a_bad_record_folder_that_cannot_be_made(sql, load, tmp_path):
    failed = load(b"x,bad\n", ok=False, max_bad=-1, bad="/proc/nowhere")
    assert "Nothing was imported" in said(failed) and "badRecordDirectory" in said(failed)
    assert rows(sql) == [("0", "here")]


def moto_server(buckets):
    """tests/servers/moto.py by its path: the package moto has the same name."""
    spec = importlib.util.spec_from_file_location("moto_stand_in", ROOT / "tests/servers/moto.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Server(buckets)


def test_a_bucket_that_is_not_there(sql, load, home):
    with moto_server(["there"]) as aws:
        aws.client("s3").put_object(Bucket="there", Key="in.csv", Body=b"1,one\n")
        kernel = Kernel(home, **aws.variables)
        try:
            for path, words in (("s3a://nowhere/in.csv", "bucket does not exist"),
                                ("s3a://there/none.csv", "there is no such object")):
                failed = load(None, ok=False, path=path, kernel=kernel)
                assert failed.reply["ename"] == "X0X14" and words in said(failed)
                assert "check the names of bucket and object" in said(failed)
            load(None, path="s3a://there/in.csv", kernel=kernel)
        finally:
            kernel.close()
    assert rows(sql) == [("0", "here"), ("1", "one")]


def test_a_folder_bucket_that_is_not_there(sql, load):
    failed = load(None, ok=False, path="s3a://nowhere/in.csv")
    assert failed.reply["ename"] == "X0X14" and "nowhere/in.csv" in said(failed)
    assert rows(sql) == [("0", "here")]
