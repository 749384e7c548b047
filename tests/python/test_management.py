"""MLManager's calls, as they arrive in the kernel's tracking client."""
import math

import pytest

from splicemachine.errors import SpliceError, TrackingError
from splicemachine.ml.management import MLManager
from tracking_ops import Memory, TrackingOps


@pytest.fixture
def tracking(kernel, monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    ops = TrackingOps(Memory())
    ops.install(kernel.ops)
    return ops


@pytest.fixture
def manager(tracking):
    return MLManager()


def active(tracking):
    return tracking.client.runs[tracking.run["id"]]


def test_walkthrough_in_order(tracking, capsys):
    manager = MLManager()
    manager.create_experiment("fraud-demo")
    manager.set_active_experiment("fraud-demo")
    manager.create_new_run(user_id="Ben")
    first = tracking.run["id"]
    manager.create_new_run(user_id="Ben")
    assert tracking.run["id"] != first and tracking.client.runs[first].info.status == "FINISHED"
    manager.log_param("oversample", "2X")
    manager.log_param("maxIter", 100)
    manager.log_metric("time", 1.5)
    for key, value in {"TPR": 0.5, "MCC": math.nan}.items():
        manager.log_metric(key, value)
    run = active(tracking)
    assert run.data.params == {"oversample": "2X", "maxIter": "100"}
    assert run.data.metrics["time"] == 1.5 and math.isnan(run.data.metrics["MCC"])
    assert run.info.run_name == "Ben" and run.data.tags["mlflow.user"] == "Ben"
    out = capsys.readouterr().out
    assert "Tracking server: http://127.0.0.1:5001" in out
    assert "Experiment fraud-demo made, ID 1: http" in out and out.count("Run Ben started") == 2


def test_experiment_that_exists(manager, tracking, capsys):
    one = manager.create_experiment("e")
    manager.create_new_run()
    assert manager.create_experiment("e") == one
    assert "exists; active now" in capsys.readouterr().out
    assert len(tracking.client.runs) == 1
    manager.create_experiment("e", reset=True)
    assert "its 1 runs deleted" in capsys.readouterr().out and not tracking.client.runs


def test_set_active_experiment_by_id_and_unknown(manager):
    one = manager.create_experiment("one")
    manager.create_experiment("two")
    manager.set_active_experiment(int(one))
    assert manager.experiment_id == one and manager.active_experiment.name == "one"
    with pytest.raises(TrackingError, match="no experiment three"):
        manager.set_active_experiment("three")
    assert manager.experiment_id == one


def test_no_run_and_no_experiment(manager):
    with pytest.raises(TrackingError, match="no experiment is active") as e:
        manager.create_new_run()
    assert "create_experiment" in str(e.value)
    with pytest.raises(TrackingError, match="no run is active"):
        manager.log_param("a", 1)
    assert manager.current_run_id is None and manager.active_run is None and manager.experiment_id is None


def test_logging_forms(manager, tracking):
    manager.create_experiment("e")
    manager.create_new_run()
    manager.lp("p", [1, 2])
    manager.lm("m", 1, step=3)
    manager.lm("m", 2, step=4)
    manager.st("t", True)
    manager.log_params([("a", 1), ("b", None)])
    manager.log_metrics({"x": 1, "y": "2.5"})
    manager.set_tags({"u": "v"})
    manager.log_batch(metrics=[("z", 9)], parameters={"c": "d"}, tags={})
    run = active(tracking)
    assert run.data.params == {"p": "[1, 2]", "a": "1", "b": "None", "c": "d"}
    assert run.data.metrics == {"m": 2, "x": 1, "y": 2.5, "z": 9}
    assert run.data.tags["t"] == "True" and run.data.tags["u"] == "v"
    assert [(m[0], m[3]) for m in run.history][:2] == [("m", 3), ("m", 4)]
    assert all(m[2] > 1.5e12 for m in run.history)  # milliseconds
    manager.log_params([])  # nothing to say, nothing sent


def test_calls_of_the_client_with_a_run_id(manager, tracking):
    manager.create_experiment("e")
    first = manager.create_new_run()
    manager.create_new_run()
    manager.log_param(first, "k", "v")
    manager.log_metric(first, "m", 1.0)
    manager.log_metric("n", 1.0, 7)
    manager.log_metric(first, "n", 2.0, 1600000000000, 8)
    assert tracking.client.runs[first].data.params == {"k": "v"}
    assert tracking.client.runs[first].data.metrics == {"m": 1.0, "n": 2.0}
    assert tracking.client.runs[first].history[1] == ("n", 2.0, 1600000000000, 8)
    assert [(m[0], m[3]) for m in active(tracking).history] == [("n", 7)]


def test_bad_arguments(manager):
    manager.create_experiment("e")
    manager.create_new_run()
    with pytest.raises(TypeError, match="not a number"):
        manager.log_metric("m", "much")
    with pytest.raises(TypeError, match="key 3"):
        manager.log_param(3, "v")
    with pytest.raises(TypeError, match="1 arguments"):
        manager.log_param("k")
    with pytest.raises(ValueError, match="not a name"):
        manager.create_experiment("  ")
    with pytest.raises(FileNotFoundError, match="no such file"):
        manager.log_artifact("/nonexistent/file")
    with pytest.raises(TrackingError, match="Changing param"):
        manager.log_param("p", 1)
        manager.log_param("p", 2)


def test_runs(manager, tracking):
    manager.create_experiment("e")
    parent = manager.start_run(tags={"a": 1}, run_name="outer")
    child = manager.start_run(run_name="inner", nested=True)
    assert tracking.client.runs[child].data.tags["mlflow.parentRunId"] == parent
    manager.set_active_run(parent)
    assert manager.current_run_id == parent
    fresh = manager.reset_run()
    assert parent not in tracking.client.runs and tracking.client.runs[fresh].info.run_name == "outer"
    manager.end_run(metadata={"why": "done"}, status="FAILED")
    assert tracking.client.runs[fresh].info.status == "FAILED"
    assert tracking.client.runs[fresh].data.tags["why"] == "done" and tracking.run is None


def test_timers(manager, tracking):
    manager.create_experiment("e")
    manager.create_new_run()
    with pytest.raises(SpliceError, match="no timer"):
        manager.log_and_stop_timer()
    manager.start_timer("t")
    assert manager.log_and_stop_timer() == active(tracking).data.metrics["t"] >= 0
    with manager.timer("block", param=True):
        pass
    assert float(active(tracking).data.params["block"]) >= 0


def test_artifacts(manager, tracking, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("x")
    manager.create_experiment("e")
    run = manager.create_new_run()
    manager.log_artifact(str(file))
    manager.log_artifact(str(file), name="sub/b.txt")
    manager.log_artifacts(str(tmp_path), "folder")
    manager.log_artifacts([str(file)], ["c.txt"])
    logged = [(path.rsplit("/", 1)[1], into) for _, path, into in tracking.client.artifacts]
    assert logged == [("a.txt", None), ("b.txt", "sub"), (tmp_path.name, "folder"), ("c.txt", None)]
    target = manager.download_artifact("m/x.bin", str(tmp_path))
    assert target == str(tmp_path / "x.bin") and open(target).read() == f"{run} m/x.bin"


def test_other_server_is_said(tracking, capsys):
    MLManager("http://elsewhere:5001")
    assert "http://elsewhere:5001 is not used here" in capsys.readouterr().err
    MLManager(object())  # a SpliceMLContext, as in 2020
    assert capsys.readouterr().err == ""


def test_unknown_method(manager):
    with pytest.raises(AttributeError, match="deploy_somewhere"):
        manager.deploy_somewhere
