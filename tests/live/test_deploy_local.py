"""Deployments on this machine: a real MLflow, splice-manager with its Jobs Tracker, and splice-scorer.

The run is written through MLflow's own client, as log_spark_model writes it: a logistic regression over two columns.
"""
import collections
import http.client
import json
import math
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.request

import pytest

from conftest import BUILD, LIB

pytestmark = pytest.mark.skipif(not (LIB / "python").is_dir(), reason=f"no MLflow below {LIB}")

STEPS = ("package", "parity", "place", "join", "healthy", "switch", "tidy")
ROW = {"a": 1.0, "b": 2.0}


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {what}")


def model(bias, **stage):
    return {
        "format": "splice-scorer", "version": 1, "spark": "4.3.0",
        "inputs": [{"name": "a", "type": "double"}, {"name": "b", "type": "double"}],
        "stages": [
            {"kind": "VectorAssembler", "uid": "assembler_1", "inputs": ["a", "b"], "sizes": [1, 1],
             "output": "features", "handle_invalid": "error"},
            {"kind": "LogisticRegression", "uid": "regression_1", "features": "features", "classes": 2,
             "coefficients": {"rows": 1, "cols": 2, "values": [1.0, -2.0]}, "intercepts": [bias], "threshold": 0.5,
             "thresholds": None, "prediction": "prediction", "probability": "probability", "raw": "rawPrediction",
             **stage}],
        "outputs": {"prediction": "prediction", "probability": "probability", "raw": "rawPrediction"}}


def sample(bias):
    rows = [[0.5 * i, 0.1 * i - 1] for i in range(20)]
    expected = []
    for a, b in rows:
        margin = a - 2 * b + bias
        p = 1 / (1 + math.exp(-margin))
        expected.append({"prediction": float(p > 0.5), "probability": [1 - p, p], "rawPrediction": [-margin, margin]})
    return {"columns": [{"name": "a", "type": "double"}, {"name": "b", "type": "double"}], "rows": rows,
            "expected": expected}


class World:
    def __init__(self, home):
        self.home = home
        self.env = home.env
        self.data = home.folder / "data/splice-kernel"
        done = home.manager("start", "mlflow")
        assert done.returncode == 0, done.stderr
        import mlflow
        self.client = mlflow.MlflowClient(f"http://127.0.0.1:{home.env['SPLICE_MLFLOW_PORT']}")
        self.experiment = self.client.create_experiment("fraud")

    def run(self, *words, **kw):
        return subprocess.run([BUILD / "bin/splice-manager", *words], env=self.env, capture_output=True, text=True,
                              timeout=150, **kw)

    def ok(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def popen(self, *words):
        return subprocess.Popen([BUILD / "bin/splice-manager", *words], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def log(self, files, tmp_path):
        """A run with these artifacts: {path: object or text}."""
        run = self.client.create_run(self.experiment)
        for path, content in files.items():
            target = tmp_path / run.info.run_id / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content if isinstance(content, str) else json.dumps(content))
        self.client.log_artifacts(run.info.run_id, str(tmp_path / run.info.run_id))
        self.client.set_terminated(run.info.run_id)
        return run.info.run_id

    def log_model(self, bias, tmp_path, **more):
        return self.log({"spark_model/MLmodel": "flavors:\n  spark:\n    model_data: sparkml\n",
                         "splice/model.json": model(bias), "splice/sample.json": sample(bias), **more}, tmp_path)

    def status(self):
        answer = json.loads(self.ok("status", "--json"))
        return {"manager": answer["manager"], **{s["name"]: s for s in answer["services"]}}

    def port(self, app="fraud"):
        return self.status()[f"endpoint:{app}"]["port"]

    def ask(self, port, row=ROW, **headers):
        """(prediction, variant)."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations",
                                         json.dumps({"dataframe_records": [row]}).encode(),
                                         {"Content-Type": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["predictions"][0], answer.headers["x-splice-variant"]

    def answers(self, port):
        try:
            return self.ask(port)
        except OSError:
            return None

    def files(self):
        """What deployments leave: endpoints and the jobs' own folders."""
        return sorted(str(p.relative_to(self.data)) for place in ("endpoints", "jobs")
                      for p in (self.data / place).rglob("*") if p.name != "token")

    def query(self, sql, *values):
        with sqlite3.connect(f"file:{self.data}/jobs.db?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql, values).fetchall()

    def newest_job(self):
        return self.query("select max(id) from job")[0][0] or 0


@pytest.fixture(scope="module")
def world(home):
    return World(home)


@pytest.fixture
def clean(world):
    """The endpoint is not there before, nor after."""
    yield
    if world.run("undeploy", "fraud").returncode != 0:
        assert not (world.data / "endpoints/fraud/endpoint.json").exists()


class Load:
    """Requests without pause, over kept and over new connections, until told to end."""

    def __init__(self, port, row=None):
        self.port, self.row = port, row or ROW
        self.variants = collections.Counter()
        self.bad = []
        self.stop = False
        self.threads = [threading.Thread(target=self.send, args=(kept,), daemon=True) for kept in (True, False, True)]
        for t in self.threads:
            t.start()

    def send(self, kept):
        body = json.dumps({"dataframe_records": [self.row]})
        link = None
        while not self.stop:
            try:
                link = link or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                link.request("POST", "/invocations", body, {"Content-Type": "application/json"})
                answer = link.getresponse()
                text = answer.read()
                if answer.status == 200:
                    self.variants[answer.getheader("x-splice-variant")] += 1
                else:
                    self.bad.append((answer.status, text))
                if not kept:
                    link.close()
                    link = None
            except OSError as e:
                self.bad.append(repr(e))
                link = None
        if link:
            link.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop = True
        for t in self.threads:
            t.join()


def test_a_run_becomes_an_endpoint_is_replaced_shared_and_ended(world, tmp_path, clean):
    first, second = world.log_model(0.0, tmp_path), world.log_model(4.0, tmp_path)
    before = world.files()

    out = world.ok("deploy", "--run", first, "--app", "fraud")
    port = world.port()
    assert out.splitlines()[-1] == f"http://127.0.0.1:{port}/invocations"
    assert "20 rows are answered as Spark answered them" in out
    prediction, variant = world.ask(port)
    assert prediction == 0.0 and variant.startswith(f"fraud-{first[:8]}-")
    assert f"fraud  ready  http://127.0.0.1:{port}/invocations" in world.ok("endpoints")

    again = world.run("deploy", "--run", second, "--app", "fraud")
    assert again.returncode == 1 and "there is an endpoint fraud already" in again.stderr

    with Load(port) as load:
        time.sleep(0.5)
        world.ok("deploy", "--run", second, "--app", "fraud", "--mode", "replace")
        time.sleep(0.5)
    assert not load.bad
    assert {name.split("-")[1] for name in load.variants} == {first[:8], second[:8]}
    assert world.ask(port)[0] == 1.0
    assert len(list((world.data / "endpoints/fraud/models").iterdir())) == 1

    world.ok("deploy", "--run", first, "--app", "fraud", "--mode", "add")
    with Load(port) as load:
        time.sleep(1)
        added = load.variants.copy()
        out = world.ok("shift", "fraud", "10%")
        assert "10 % of the requests" in out
        shifted = load.variants.copy()
        time.sleep(2)
    assert not load.bad
    assert {name.split("-")[1] for name in added} == {second[:8]}  # none, until they are shifted
    counts = {name.split("-")[1]: n - shifted[name] for name, n in load.variants.items()}
    share = counts[first[:8]] / sum(counts.values())
    assert sum(counts.values()) > 200 and 0.08 < share < 0.12

    world.ok("undeploy", "fraud")
    assert world.files() == before
    assert world.answers(port) is None
    assert "endpoint:fraud" not in world.status()
    assert world.run("undeploy", "fraud").returncode == 1


def test_what_is_replaced_is_kept_when_it_is_asked_for(world, tmp_path, clean):
    first = world.log_model(0.0, tmp_path)
    world.ok("deploy", "--run", first, "--app", "fraud")
    world.ok("deploy", "--run", first, "--app", "fraud", "--mode", "replace", "--archive")
    kept = list((world.data / "endpoints/fraud/archive").iterdir())
    assert [json.loads(p.read_text()) for p in kept] == [model(0.0)]


def kill_worker_at(world, job, step):
    """SIGKILL as soon as the journal has the step."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        state, worker = world.query("select state, worker from job where id = ?", job)[0]
        if state in ("success", "failed", "cancelled"):
            return False
        if worker and world.query("select 1 from step where job = ? and name = ?", job, step):
            try:
                os.kill(worker, signal.SIGKILL)
                return True
            except ProcessLookupError:
                return False
    pytest.fail(f"no step {step}")


@pytest.mark.parametrize("mode", ["create", "replace"])
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_worker_costs_nothing(world, tmp_path, clean, step, mode):
    first, second = world.log_model(0.0, tmp_path), world.log_model(4.0, tmp_path)
    for _ in range(30):  # a step lasts milliseconds: the kill may come too late
        before = world.files()
        if mode == "replace":
            world.ok("deploy", "--run", second, "--app", "fraud")
        job = world.newest_job() + 1
        p = world.popen("deploy", "--run", first, "--app", "fraud", "--mode", mode)
        wait_until(lambda: world.newest_job() == job, 30, "the job is there")
        hit = kill_worker_at(world, job, step)
        out = p.communicate(timeout=120)[0]
        assert p.returncode == 0, out
        attempts = world.query("select attempts from job where id = ?", job)[0][0]
        assert world.ask(world.port())[0] == 0.0
        assert len(list((world.data / "endpoints/fraud/models").iterdir())) == 1
        world.ok("undeploy", "fraud")
        assert world.files() == before
        if hit and attempts == 2:
            assert "the worker was killed; another goes on" in out
            return
    pytest.fail("no kill hit a worker")


def test_two_at_once_are_one(world, tmp_path, clean):
    run = world.log_model(0.0, tmp_path)
    both = [world.popen("deploy", "--run", run, "--app", "fraud") for _ in range(2)]
    outs = [p.communicate(timeout=120)[0] for p in both]
    assert sorted(p.returncode for p in both) == [0, 1]
    loser = outs[0] if both[0].returncode else outs[1]
    assert "already" in loser
    assert len(list((world.data / "endpoints/fraud/models").iterdir())) == 1
    assert world.ask(world.port())[0] == 0.0


def test_a_model_that_answers_otherwise_is_refused_and_leaves_nothing(world, tmp_path, clean):
    good = world.log_model(0.0, tmp_path)
    bad = world.log_model(0.0, tmp_path, **{"splice/sample.json": sample(3.0)})
    before = world.files()
    done = world.run("deploy", "--run", bad, "--app", "fraud")
    assert done.returncode == 1 and "does not answer the sample as Spark did" in done.stderr
    assert world.files() == before
    world.ok("deploy", "--run", good, "--app", "fraud")
    with_good = world.files()
    done = world.run("deploy", "--run", bad, "--app", "fraud", "--mode", "replace")
    assert done.returncode == 1
    assert world.files() == with_good
    assert world.ask(world.port())[0] == 0.0
    doctor = world.run("doctor", "deploy", "--run", bad, "--app", "other")
    assert doctor.returncode == 1 and "failed   parity" in doctor.stdout


def test_what_cannot_be_served_is_named(world, tmp_path):
    spark = {"spark_model/MLmodel": "flavors:\n  spark:\n    model_data: sparkml\n"}
    unknown = world.log({**spark, "splice/unsupported.json": {"stages": [
        {"kind": "Word2Vec", "uid": "w2v_1", "reason": "no such stage"}]}}, tmp_path)
    other = world.log({"model/MLmodel": "flavors:\n  python_function:\n    env: x\n  sklearn:\n    a: b\n"}, tmp_path)
    bare = world.log(spark, tmp_path)
    deleted = world.log_model(0.0, tmp_path)
    world.client.delete_run(deleted)
    before = world.files()
    for run, text in ((unknown, "Word2Vec (w2v_1): no such stage"), (other, "flavour sklearn in \"model\""),
                      (bare, "without splice/model.json"), (deleted, "is deleted"), ("0" * 32, "there is no run")):
        done = world.run("deploy", "--run", run, "--app", "fraud")
        assert done.returncode == 1 and text in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) >= 3  # the job, what is wrong, what to do
    assert world.files() == before
    wrong = world.run("deploy", "--run", unknown, "--app", "fraud!", "--mode", "create")
    assert wrong.returncode == 2 and "app_name: must be" in wrong.stderr


def test_a_dead_scorer_comes_back_and_the_logs_are_there(world, tmp_path, clean):
    world.ok("deploy", "--run", world.log_model(0.0, tmp_path), "--app", "fraud")
    before = world.status()["endpoint:fraud"]
    os.kill(before["pid"], signal.SIGKILL)

    def back():
        now = world.status()["endpoint:fraud"]
        return now["state"] == "ready" and now["pid"] != before["pid"] and now

    after = wait_until(back, 20, "the scorer is back")
    assert after["port"] == before["port"] and after["restarts"] == 1
    assert world.ask(after["port"])[0] == 0.0
    world.ok("stop", "endpoint:fraud")
    assert "fraud  stopped" in world.ok("endpoints")
    assert world.answers(before["port"]) is None
    world.ok("start", "endpoint:fraud")
    assert world.ask(before["port"])[0] == 0.0
    assert world.ok("logs", "endpoint:fraud")
    assert world.run("start", "endpoint:nobody").returncode == 2


def test_endpoints_outlive_the_manager_and_keep_it(world, tmp_path, clean):
    world.ok("deploy", "--run", world.log_model(0.0, tmp_path), "--app", "fraud")
    port = world.port()
    old = world.status()["manager"]["pid"]
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: world.answers(port) is None, 15, "the guard ended the scorer")
    idle = {**world.env, "SPLICE_MANAGER_IDLE_MINUTES": "0.02"}
    started = subprocess.run([BUILD / "bin/splice-manager", "start", "manager"], env=idle, capture_output=True,
                             text=True, timeout=60)
    assert started.returncode == 0, started.stderr
    wait_until(lambda: world.answers(port), 15, "the endpoint is back")
    time.sleep(3)  # longer than it may be idle
    assert world.ask(port)[0] == 0.0
    world.ok("stop", "endpoint:fraud")
    wait_until(lambda: world.run("status").returncode == 3, 15, "the manager went idle")
    assert world.home.manager("start", "mlflow").returncode == 0


def test_a_job_goes_on_when_the_manager_was_killed(world, tmp_path, clean):
    run = world.log_model(0.0, tmp_path)
    world.ok("start", "jobs")
    for _ in range(20):
        job = world.newest_job() + 1
        p = world.popen("deploy", "--run", run, "--app", "fraud", "--mode", "replace")
        wait_until(lambda: world.newest_job() == job, 30, "the job is there")
        manager = world.status()["manager"]["pid"]
        os.kill(manager, signal.SIGKILL)
        ended = world.query("select ended from job where id = ?", job)[0][0]
        assert world.home.manager("start", "mlflow").returncode == 0
        p.communicate(timeout=120)
        assert p.returncode == 0
        port = wait_until(lambda: world.status().get("endpoint:fraud", {}).get("port"), 20, "the endpoint runs")
        wait_until(lambda: world.answers(port), 20, "it answers")
        if not ended:
            return
    pytest.fail("no kill came before the job's end")
