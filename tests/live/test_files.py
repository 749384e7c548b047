"""Files by URL beside a server that verifies signatures, and Spark on the same buckets."""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import moto  # noqa: E402  (ours, in tests/servers)

LIB = pathlib.Path(os.environ.get("SPLICE_LIB_DIR", pathlib.Path.home() / ".local/lib/splice-kernel"))
DRIVER = ROOT / "build" / os.environ.get("VARIANT", "plain") / "tests/live/files_driver"
KEYS = ["plain", "a b+c", "d/é/☺", "d/%41%2F", "e//f", "g/?x=1&y#z", "h/~'()*!", "i=j;k,l:m@n$"]


class Failed(Exception):
    """An error of the driver: its JSON as attributes."""

    def __init__(self, text):
        super().__init__(text)
        self.__dict__.update(json.loads(text))


@pytest.fixture(scope="module")
def aws():
    with moto.Server(["demo", "other"]) as server:
        yield server


@pytest.fixture
def places(tmp_path):
    return {name: str(tmp_path / place) for name, place in
            (("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state"),
             ("HOME", "home"))}


@pytest.fixture
def drive(aws, places):
    """Call the driver with the server's variables, changed by keyword (None removes one)."""
    def run(command, url="", stdin=b"", **changed):
        env = {**aws.env, **places, **changed}
        done = subprocess.run([DRIVER, command, url], input=stdin, capture_output=True, timeout=60,
                              env={k: v for k, v in env.items() if v is not None})
        if done.returncode:
            raise Failed(done.stderr.decode().splitlines()[-1])
        return done.stdout
    return run


@pytest.mark.parametrize("key", KEYS)
def test_every_key_goes_there_and_back(aws, drive, key):
    drive("put", f"s3a://demo/keys/{key}", key.encode())
    assert aws.client("s3").get_object(Bucket="demo", Key=f"keys/{key}")["Body"].read() == key.encode()
    assert drive("get", f"s3://demo/keys/{key}") == key.encode()
    assert json.loads(drive("stat", f"s3a://demo/keys/{key}")) == {
        "size": len(key.encode()), "folder": False}


def test_large_object_is_the_same(aws, drive):
    data = random.Random(1).randbytes(20 * 1024 * 1024 + 7)
    drive("put", "s3a://demo/large", data)
    assert drive("get", "s3a://demo/large") == data
    assert aws.log().count('"GET /demo/large') == 4  # 1 MB, then 8 MB at a time


def test_empty_object(drive):
    drive("put", "s3a://demo/empty", b"")
    assert drive("get", "s3a://demo/empty") == b""


def test_listing_goes_over_pages_and_folders(aws, drive):
    s3 = aws.client("s3")
    for name in [f"{i:04} +é" for i in range(1100)] + ["below/x"]:
        s3.put_object(Bucket="other", Key=f"many/{name}", Body=b"x")
    s3.put_object(Bucket="other", Key="many/", Body=b"")
    entries = json.loads(drive("list", "s3a://other/many"))
    assert [e["name"] for e in entries] == [f"{i:04} +é" for i in range(1100)] + ["below"]
    assert entries[-1] == {"url": "s3a://other/many/below", "name": "below", "size": 0, "folder": True}
    assert drive("get", entries[7]["url"]) == b"x"
    assert json.loads(drive("stat", "s3a://other/many"))["folder"] is True
    assert [e["name"] for e in json.loads(drive("list", "s3a://other"))] == ["many"]
    one = json.loads(drive("list", "s3a://other/many/below/x"))
    assert one == [{"url": "s3a://other/many/below/x", "name": "x", "size": 1, "folder": False}]


@pytest.mark.parametrize("changed, url, code, name", [
    ({}, "s3a://demo/no/such", "E_NOTFOUND", "NoSuchKey"),
    ({}, "s3a://no-such-bucket/x", "E_NOTFOUND", "NoSuchBucket"),
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3a://demo/plain", "E_AUTH", "SignatureDoesNotMatch"),
    ({"AWS_ACCESS_KEY_ID": "AKIAWRONG"}, "s3a://demo/plain", "E_AUTH", "InvalidAccessKeyId"),
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "s3a://demo/plain", "E_IO", ""),
])
def test_errors_name_the_url_and_what_to_do(drive, changed, url, code, name):
    drive("put", "s3a://demo/plain", b"x")
    with pytest.raises(Failed) as error:
        drive("get", url, **changed)
    assert (error.value.code, error.value.name) == (code, name)
    assert error.value.text.startswith(url + ": ") and error.value.hint


def test_logs_are_new_and_buckets_are_checked_first(drive):
    drive("log", "s3a://demo/log.bad", b"row\n")
    assert drive("get", "s3a://demo/log.bad") == b"row\n"
    with pytest.raises(Failed) as error:
        drive("log", "s3a://demo/log.bad", b"again")
    assert error.value.code == "E_EXISTS"
    with pytest.raises(Failed) as error:
        drive("put", "s3a://no-such-bucket/x", b"x")
    assert (error.value.code, "no-such-bucket" in error.value.hint) == ("E_NOTFOUND", True)


def test_buckets_are_made(aws, drive):
    drive("create", "made-here")
    drive("create", "made-here")
    drive("create", "made-in-europe", AWS_REGION="eu-west-1")
    names = [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"]]
    assert {"made-here", "made-in-europe"} <= set(names)


def test_profile_is_as_good_as_the_environment(aws, drive, tmp_path):
    path = tmp_path / "credentials"
    path.write_text(f"[work]\naws_access_key_id = {aws.access_key}\n"
                    f"aws_secret_access_key = {aws.secret_key}\n")
    drive("put", "s3a://demo/by-profile", b"x", AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None,
          AWS_PROFILE="work", AWS_SHARED_CREDENTIALS_FILE=str(path))
    assert drive("get", "s3a://demo/by-profile") == b"x"


SPARK = """
import json, sys
from pyspark.sql import SparkSession
from splicemachine import _spark
told = json.load(open(sys.argv[1]))
builder = SparkSession.builder
settings = _spark.settings({"lib_dir": told["lib_dir"], "buckets": told["buckets"],
                            "spark": {"master": "local[2]", "conf": told["conf"]}}, told["folder"])
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
for bucket in sys.argv[2:]:
    frame = spark.createDataFrame([(1, "a"), (2, "b")], "n int, t string")
    frame.coalesce(1).write.mode("overwrite").csv(f"s3a://{bucket}/spark/csv")
    frame.write.mode("overwrite").parquet(f"s3a://{bucket}/spark/parquet")
    frame.write.mode("overwrite").parquet(f"s3a://{bucket}/spark/parquet")
    rows = spark.read.parquet(f"s3://{bucket}/spark/parquet").orderBy("n").collect()
    assert [tuple(r) for r in rows] == [(1, "a"), (2, "b")], rows
    print("done", bucket)
"""


def run_spark(told, buckets, env, tmp_path):
    told = {**told, "lib_dir": str(LIB), "folder": str(tmp_path)}
    (tmp_path / "told.json").write_text(json.dumps(told))
    (tmp_path / "job.py").write_text(SPARK)
    done = subprocess.run([LIB / "python/bin/python", tmp_path / "job.py", tmp_path / "told.json", *buckets],
                          env={**env, "PYTHONPATH": str(ROOT / "python")}, capture_output=True,
                          text=True, timeout=240)
    assert done.stdout.split("\n")[:-1] == [f"done {b}" for b in buckets], done.stdout + done.stderr[-6000:]


def csv_part(entries):
    return next(e["url"] for e in entries if e["name"].startswith("part-"))


def test_spark_and_we_see_the_same_objects(aws, drive, places, tmp_path):
    """Buckets on S3 by a profile's keys, and one that the settings make a folder."""
    keys = tmp_path / "credentials"
    keys.write_text(f"[default]\naws_access_key_id = {aws.access_key}\n"
                    f"aws_secret_access_key = {aws.secret_key}\n")
    config = pathlib.Path(places["XDG_CONFIG_HOME"]) / "splice-kernel"
    config.mkdir(parents=True)
    (config / "config").write_text(f"[bucket]\nmine = {tmp_path}/mine dir\n")
    by_profile = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
                  "AWS_SHARED_CREDENTIALS_FILE": str(keys)}
    told = json.loads(drive("spark", **by_profile))
    assert aws.secret_key not in json.dumps(told)
    env = {k: v for k, v in {**aws.env, **by_profile}.items() if v is not None}
    run_spark(told, ["demo", "mine"], env, tmp_path)
    for bucket in ("demo", "mine"):
        part = csv_part(json.loads(drive("list", f"s3a://{bucket}/spark/csv")))
        assert drive("get", part) == b"1,a\n2,b\n"
    assert (tmp_path / "mine dir/spark/csv").is_dir()


def test_spark_and_we_see_the_same_folder(drive, places, tmp_path):
    """No AWS anywhere: every bucket is a folder."""
    nothing = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_ENDPOINT_URL": None}
    drive("put", "s3a://laptop/mine", b"x", **nothing)
    told = json.loads(drive("spark", **nothing))
    run_spark(told, ["laptop"], {**moto.without_aws(), "AWS_EC2_METADATA_DISABLED": "true"}, tmp_path)
    part = csv_part(json.loads(drive("list", "s3a://laptop/spark/csv", **nothing)))
    assert drive("get", part, **nothing) == b"1,a\n2,b\n"
    assert (pathlib.Path(places["XDG_DATA_HOME"]) / "splice-kernel/buckets/laptop/spark/csv").is_dir()
    with pytest.raises(Failed) as error:
        drive("get", "s3a://laptop/../other/x", **nothing)
    assert error.value.code == "E_INPUT"
