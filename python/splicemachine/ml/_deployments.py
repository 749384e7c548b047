"""MLManager's calls that deploy models and look after what is deployed.

Each is a request to the Jobs Tracker (docs/JOBS.md) over the kernel's bridge.
A job goes on when the cell, or the notebook, is closed.  Signatures are those
of the package's 2020 releases and of its last one.
"""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from splicemachine import _bridge
from splicemachine.errors import SpliceError

LOG_WAIT_S = 10  # for new lines of a log, before it is asked again
IN_DATABASE = ("Models are not run inside the database here: neither Derby nor Splice lets a trigger "
               "call a model server.")
SCORE_ROWS = ("Deploy the model to an endpoint (deploy_local or deploy_aws) and score rows there, or "
              "score the table in Spark: splice.insert(model.transform(splice.df(QUERY)), TABLE).")

Job = Union[int, str]


class Deployments:
    """The part of MLManager that knows the Jobs Tracker."""

    current_run_id: Optional[str]

    def deploy_local(self, app_name: str, run_id: Optional[str] = None, deployment_mode: str = "replace",
                     archive: bool = False, weight: Optional[float] = None) -> int:
        """Serve a run's Spark model on this machine; returns the job's number.

        app_name         name of the endpoint
        run_id           whose model; the active run unless given
        deployment_mode  'create' (fails if the name exists), 'replace' (makes it if absent), 'add'
                         (beside those there, with `weight`, 0 unless given)
        archive          keep what is replaced
        """
        return self._deploy(target="local", app_name=app_name, run_id=run_id, mode=deployment_mode,
                            archive=archive, weight=weight)

    def deploy_aws(self, app_name: str, region: str = "us-east-2", instance_type: str = "ml.m5.xlarge",
                   run_id: Optional[str] = None, instance_count: int = 1,
                   deployment_mode: str = "replace", archive: bool = False) -> int:
        """Deploy a run's Spark model to SageMaker; returns the job's number.

        Arguments as those of deploy_local; region, instance type and count are AWS's.
        """
        return self._deploy(target="sagemaker", app_name=app_name, run_id=run_id, region=region,
                            instance_type=instance_type, instance_count=instance_count,
                            mode=deployment_mode, archive=archive)

    def _deploy(self, run_id: Optional[str], **request: Any) -> int:
        run = run_id or self.current_run_id
        if run is None:
            raise SpliceError("no run is active", "Say which run's model: run_id=RUN.")
        _bridge.call("track.flush")
        return _started(_bridge.call("jobs.add", run_id=run,
                                     **{k: v for k, v in request.items() if v is not None}))

    def undeploy(self, app_name: str, target: Optional[str] = None, region: Optional[str] = None) -> int:
        """End an endpoint; returns the job's number."""
        return _started(_bridge.call("jobs.undeploy", **_endpoint(app_name, target, region)))

    def shift_traffic(self, app_name: str, percent: float, variant: Optional[str] = None,
                      target: Optional[str] = None, region: Optional[str] = None) -> int:
        """Give a variant (the newest unless named) so many percent of the requests; the job's number."""
        extra = {"variant": variant} if variant else {}
        return _started(_bridge.call("jobs.shift", percent=float(percent), **extra,
                                     **_endpoint(app_name, target, region)))

    def watch_job(self, job_id: Job) -> Dict[str, Any]:
        """Print a job's log until it ends; returns its result, raises what made it fail."""
        seen, ended = 0, False
        while not ended:
            log = _bridge.call("jobs.log", id=int(job_id), after=seen, wait=LOG_WAIT_S)
            for line in log["lines"]:
                print(line["text"], flush=True)
            seen, ended = log["last"], log["ended"]
        job = _bridge.call("jobs.get", id=int(job_id))["job"]
        if job["state"] == "success":
            return job.get("result") or {}
        raise SpliceError(f"job {job_id} {job['state']}" + (f": {job['error']}" if job.get("error") else ""),
                          job.get("hint") or None)

    def fetch_logs(self, job_id: Job) -> List[str]:
        """The lines of a job's log so far."""
        lines: List[str] = []
        seen = 0
        while True:
            log = _bridge.call("jobs.log", id=int(job_id), after=seen, wait=0)
            if not log["lines"]:
                return lines
            lines += [line["text"] for line in log["lines"]]
            seen = log["last"]

    def get_deployed_models(self) -> Any:
        """A pandas frame with a row for each variant of each endpoint."""
        import pandas

        columns = ["app", "target", "region", "state", "url", "variant", "run_id", "experiment_id",
                   "share"]
        rows = [[e["app"], e["target"], e["region"], e["state"], e["url"], v["name"], v["run_id"],
                 v["experiment_id"], v["share"]]
                for e in _bridge.call("jobs.endpoints")["endpoints"] for v in e["variants"]]
        return pandas.DataFrame(rows, columns=columns)

    def invoke(self, app_name: str, rows: Any, target: Optional[str] = None,
               region: Optional[str] = None) -> Any:
        """Ask an endpoint: its predictions for a pandas or Spark frame, a row (dict) or a list of rows."""
        answer = _bridge.call("jobs.invoke", rows=_rows(rows), **_endpoint(app_name, target, region))
        if answer["status"] != 200:
            said = answer["answer"]
            raise SpliceError(f"the endpoint answered {answer['status']}: "
                              f"{said.get('message', said) if isinstance(said, dict) else said}")
        return answer["answer"]["predictions"]

    def deploy_db(self, *args: Any, **kwargs: Any) -> None:
        """Not possible here; the error says what to do instead."""
        raise SpliceError(IN_DATABASE, SCORE_ROWS)

    deploy_model = deploy_database = undeploy_db = deploy_db

    def deploy_azure(self, *args: Any, **kwargs: Any) -> None:
        """Not possible here; the error says what to do instead."""
        raise SpliceError("Deployments go to this machine (deploy_local) or to SageMaker (deploy_aws).",
                          "For another platform take the model from MLflow: runs:/RUN/spark_model.")

    deploy_kubernetes = undeploy_kubernetes = deploy_azure

    def toggle_service(self, service_name: str, action: str) -> None:
        """The Jobs Tracker's handlers are always on; asking to enable one is fine."""
        if action not in ("enable", "start"):
            raise SpliceError(f"{service_name} cannot be switched off",
                              "Cancel the jobs that shall not run: %mlmanager cancel NUMBER.")

    def enable_service(self, service_name: str) -> None:
        """Does nothing: all handlers are on."""
        self.toggle_service(service_name, "enable")

    def disable_service(self, service_name: str) -> None:
        """Not possible; the error says what to do instead."""
        self.toggle_service(service_name, "disable")

    def login_director(self, username: Optional[str] = None, password: Optional[str] = None,
                       jwt_token: Optional[str] = None) -> None:
        """Does nothing: the kernel has the Jobs Tracker's token."""


def _started(answer: Dict[str, Any]) -> int:
    job = answer["job"]
    print(f"Job {job['id']} ({job['kind']} {job['app']}): {answer['page']}")
    return job["id"]


def _endpoint(app: str, target: Optional[str], region: Optional[str]) -> Dict[str, str]:
    named = {"app": app, "target": target, "region": region}
    return {k: v for k, v in named.items() if v}


def _rows(rows: Any) -> Dict[str, Any]:
    """The scorer's JSON (docs/SCORER.md) of a frame, a row or a list of rows."""
    from splicemachine import _sample

    if hasattr(rows, "sparkSession"):
        columns, data = list(rows.columns), [list(r) for r in rows.collect()]
    elif hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        columns = [str(c) for c in rows.columns]
        data = [[_plain(v) for v in row] for row in rows.itertuples(index=False, name=None)]
    elif isinstance(rows, dict):
        columns, data = list(rows), [list(rows.values())]
    elif isinstance(rows, (list, tuple)) and rows and isinstance(rows[0], dict):
        columns = list(dict.fromkeys(c for row in rows for c in row))
        data = [[row.get(c) for c in columns] for row in rows]
    else:
        raise TypeError("rows are a pandas or Spark frame, a dict, or a list of dicts; not "
                        f"{type(rows).__name__}")
    return {"dataframe_split": {"columns": columns,
                                "data": [[_sample.value(_plain(v)) for v in row] for row in data]}}


def _plain(value: Any) -> Any:
    """NumPy's scalars as Python's, pandas' missing values as None."""
    import pandas

    if value is None or value is pandas.NaT or value is pandas.NA:
        return None
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
