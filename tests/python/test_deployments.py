"""MLManager's deployment calls, as they arrive at the kernel's end of the bridge."""
import decimal

import pytest

from splicemachine.errors import SpliceError
from splicemachine.ml._deployments import Deployments, _rows

JOB = {"id": 7, "kind": "deploy", "app": "fraud", "state": "success", "result": {"url": "http://x/invocations"}}


class Manager(Deployments):
    current_run_id = "active"


@pytest.fixture
def manager(kernel):
    kernel.ops["track.flush"] = lambda args, request: {"pending": 0}
    for op in ("add", "undeploy", "shift", "get"):
        kernel.ops[f"jobs.{op}"] = lambda args, request: {"job": JOB, "page": "http://x/jobs/7"}
    return Manager()


def sent(kernel, op):
    return [args for name, args in kernel.seen if name == op]


def test_deploy_aws_as_in_2020(manager, kernel, capsys):
    assert manager.deploy_aws("fraud", run_id="abc") == 7
    assert sent(kernel, "jobs.add") == [{
        "target": "sagemaker", "app_name": "fraud", "run_id": "abc", "region": "us-east-2",
        "instance_type": "ml.m5.xlarge", "instance_count": 1, "mode": "replace", "archive": False}]
    assert "Job 7 (deploy fraud): http://x/jobs/7" in capsys.readouterr().out


def test_the_active_run_is_deployed_when_none_is_given(manager, kernel):
    manager.deploy_local("fraud", deployment_mode="add", weight=2)
    assert sent(kernel, "jobs.add") == [{"target": "local", "app_name": "fraud", "run_id": "active",
                                         "mode": "add", "archive": False, "weight": 2}]
    manager.current_run_id = None
    with pytest.raises(SpliceError, match="no run is active"):
        manager.deploy_local("fraud")


def test_a_job_is_watched_to_its_end(manager, kernel, capsys):
    logs = [{"lines": [{"number": 1, "time": 0, "text": "one"}], "last": 1, "ended": False},
            {"lines": [], "last": 1, "ended": False},
            {"lines": [{"number": 2, "time": 0, "text": "two"}], "last": 2, "ended": True}]
    kernel.ops["jobs.log"] = lambda args, request: logs[len(sent(kernel, "jobs.log")) - 1]
    assert manager.watch_job("7") == JOB["result"]
    assert capsys.readouterr().out == "one\ntwo\n"
    assert [a["after"] for a in sent(kernel, "jobs.log")] == [0, 1, 1]
    kernel.ops["jobs.get"] = lambda args, request: {
        "job": {**JOB, "state": "failed", "error": "no model", "hint": "log it"}, "page": ""}
    kernel.seen.clear()
    with pytest.raises(SpliceError, match="job 7 failed: no model\nlog it"):
        manager.watch_job(7)


def test_logs_are_fetched_whole(manager, kernel):
    lines = [{"number": n, "time": 0, "text": f"line {n}"} for n in (1, 2, 3)]
    kernel.ops["jobs.log"] = lambda args, request: {
        "lines": [line for line in lines if line["number"] > args["after"]][:2],
        "last": min(args["after"] + 2, 3), "ended": True}
    assert manager.fetch_logs(7) == ["line 1", "line 2", "line 3"]


def test_deployed_models_are_a_frame(manager, kernel):
    kernel.ops["jobs.endpoints"] = lambda args, request: {"endpoints": [
        {"app": "fraud", "target": "local", "region": "", "state": "serving", "url": "http://x", "variants": [
            {"name": "a", "run_id": "r", "experiment_id": "1", "share": 0.9},
            {"name": "b", "run_id": "s", "experiment_id": "1", "share": 0.1}]}]}
    frame = manager.get_deployed_models()
    assert list(frame["variant"]) == ["a", "b"] and frame["share"].sum() == 1


def test_shift_and_undeploy(manager, kernel):
    manager.shift_traffic("fraud", 10)
    manager.undeploy("fraud", target="local")
    assert sent(kernel, "jobs.shift") == [{"app": "fraud", "percent": 10.0}]
    assert sent(kernel, "jobs.undeploy") == [{"app": "fraud", "target": "local"}]


def test_rows_of_every_kind():
    import numpy
    import pandas

    frame = pandas.DataFrame({"a": numpy.array([1, 2]), "b": [1.5, float("nan")], "c": ["x", None]})
    assert _rows(frame) == {"dataframe_split": {"columns": ["a", "b", "c"],
                                                "data": [[1, 1.5, "x"], [2, "NaN", None]]}}
    assert _rows({"a": decimal.Decimal("1.25")})["dataframe_split"]["data"] == [[1.25]]
    assert _rows([{"a": 1}, {"b": True}])["dataframe_split"] == {"columns": ["a", "b"],
                                                                 "data": [[1, None], [None, True]]}
    with pytest.raises(TypeError, match="rows are"):
        _rows("a row")


def test_invoke_gives_the_predictions_or_the_endpoints_words(manager, kernel):
    kernel.ops["jobs.invoke"] = lambda args, request: {"status": 200, "answer": {"predictions": [1]}}
    assert manager.invoke("fraud", {"V1": 0.5}) == [1]
    kernel.ops["jobs.invoke"] = lambda args, request: {"status": 400, "answer": {"message": "row 1: no V2"}}
    with pytest.raises(SpliceError, match="400: row 1: no V2"):
        manager.invoke("fraud", {"V1": 0.5})


@pytest.mark.parametrize("call", ["deploy_db", "deploy_database", "deploy_azure", "deploy_kubernetes"])
def test_what_is_not_there_says_what_to_do(call):
    with pytest.raises(SpliceError) as e:
        getattr(Manager(), call)("schema", "table", run_id="x")
    assert e.value.hint


def test_services_are_always_on():
    Manager().enable_service("DEPLOY_AWS")
    with pytest.raises(SpliceError, match="cannot be switched off"):
        Manager().disable_service("DEPLOY_AWS")
