"""MLflow in a cell sees the notebook's server, experiment and run.

The kernel says with each cell which they are, and MLManager's calls say when
they change.  `mlflow` itself is told through its environment variables and,
once imported, through the same state its fluent calls use, without a request
to the server: a server that is down must not hold up a cell that does not
log.  In the other direction, a run that a cell left active by
``mlflow.start_run()`` is made the notebook's when the cell ends.
"""
from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, Optional

from splicemachine import _bridge, _imports

_state: Dict[str, Any] = {}
_pushed: Optional[str] = None   # id of the run we put on MLflow's stack
_experiment: Optional[str] = None  # id of the experiment we set in MLflow


def see(tracking: Optional[Dict[str, Any]]) -> None:
    """The notebook's tracking state, as docs/BRIDGE.md words it; None changes nothing."""
    if tracking is None:
        return
    _state.clear()
    _state.update(tracking)
    _set_env("MLFLOW_TRACKING_URI", _state.get("uri"))
    _set_env("MLFLOW_EXPERIMENT_ID", _id("experiment"))
    if "mlflow" in sys.modules and hasattr(sys.modules["mlflow"], "tracking"):
        _apply()


def watch_import() -> None:
    """Make the first ``import mlflow`` of the process find the state, starting the server if need be."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    _imports.after("mlflow", _loaded)


def _loaded(module: Any) -> None:
    ensure_server()
    _apply()


def uri() -> Optional[str]:
    """Address of the tracking server, or None while none was needed."""
    return _state.get("uri")


def refresh() -> None:
    """Ask the kernel for the state, after a call that changed it."""
    see(_bridge.call("track.state"))


def ensure_server() -> None:
    """Have the kernel start the tracking server, if none was used yet."""
    if _bridge.available() and not _state.get("uri"):
        _bridge.call("track.server")
        refresh()


def adopt_run() -> None:
    """A cell ended: tell the kernel when it left another run active than the notebook's."""
    module = sys.modules.get("mlflow.tracking.fluent")
    if module is None or not _bridge.available():
        return
    stack = module._active_run_stack.get()
    now = stack[-1].info.run_id if stack else None
    if now == _id("run"):
        return
    if now is not None:
        _bridge.call("track.set_run", run_id=now)
    elif _pushed is not None and _pushed == _id("run"):
        _bridge.call("track.end_run")  # the cell ended it with mlflow.end_run()
    else:
        return
    refresh()


def _id(kind: str) -> Optional[str]:
    return (_state.get(kind) or {}).get("id")


def _set_env(name: str, value: Optional[str]) -> None:
    if value:
        os.environ[name] = value
    elif name in _ours:
        os.environ.pop(name, None)
    if value:
        _ours.add(name)


_ours: set = set()


def _apply() -> None:
    global _pushed, _experiment
    import mlflow
    from mlflow.tracking import fluent

    if _state.get("uri") and mlflow.get_tracking_uri() != _state["uri"]:
        mlflow.set_tracking_uri(_state["uri"])
    experiment = _id("experiment")
    if experiment != _experiment:
        fluent._active_experiment_id = experiment
        _experiment = experiment
    run = _id("run")
    stack = fluent._active_run_stack.get()
    if stack and stack[-1].info.run_id == run:
        _pushed = run
        return
    if stack and _pushed is not None:
        stack[:] = [r for r in stack if r.info.run_id != _pushed]
    _pushed = None
    if run and not stack:
        stack.append(fluent.ActiveRun(_run(run)))
        _pushed = run


def _run(run: str):
    """A Run made of what the kernel said; MLflow asks the server for more when it needs it."""
    from mlflow.entities import LifecycleStage, Run, RunData, RunInfo, RunStatus

    info = RunInfo(run_id=run, experiment_id=_id("experiment") or "0", user_id="",
                   status=RunStatus.to_string(RunStatus.RUNNING),
                   start_time=int(time.time() * 1000), end_time=None,
                   lifecycle_stage=LifecycleStage.ACTIVE,
                   artifact_uri=_state["run"].get("artifact_uri"),
                   run_name=_state["run"].get("name"))
    return Run(info, RunData())
