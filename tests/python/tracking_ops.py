"""The bridge's track.* operations (docs/BRIDGE.md, "Tracking") over an MlflowClient, for tests.

`Memory` is as much of a client as they need, without a server.
"""
import itertools
import time
from types import SimpleNamespace as Bag

from bridge_server import Fault


class TrackingOps:
    """One notebook's tracking state; add to a stand-in with `install`."""

    def __init__(self, client, uri="http://127.0.0.1:5001"):
        self.client, self.uri = client, uri
        self.experiment = self.run = None
        self.started = False

    def install(self, ops):
        for name in ("state", "server", "create_experiment", "set_experiment", "create_run", "set_run",
                     "end_run", "delete_run", "get_run", "log", "log_artifact", "log_artifacts",
                     "download_artifact", "flush", "read", "kept"):
            ops["track." + name] = getattr(self, name)

    def read(self, args, request):
        return {}

    def kept(self, args, request):
        return {"cells": [], "statements": [], "forgotten": {"cells": 0, "statements": 0}}

    def state(self, args=None, request=None):
        return {"uri": self.uri if self.started else None, "ui": self.uri if self.started else None,
                "experiment": self.experiment, "run": self.run, "pending": 0}

    def server(self, args, request):
        self.started = True
        return {"uri": self.uri, "ui": self.uri}

    def _known(self, experiment):
        self.experiment = {"id": experiment.experiment_id, "name": experiment.name,
                           "url": f"{self.uri}/#/experiments/{experiment.experiment_id}"}
        return self.experiment

    def create_experiment(self, args, request):
        self.started = True
        known = self.client.get_experiment_by_name(args["name"])
        deleted = 0
        if known is None:
            self.client.create_experiment(args["name"])
        elif args.get("reset"):
            for run in self.client.search_runs([known.experiment_id]):
                self.client.delete_run(run.info.run_id)
                deleted += 1
        experiment = self._known(self.client.get_experiment_by_name(args["name"]))
        return {"experiment": experiment, "created": known is None, "deleted_runs": deleted}

    def set_experiment(self, args, request):
        known = self.client.get_experiment(args["id"]) if "id" in args \
            else self.client.get_experiment_by_name(args["name"])
        if known is None:
            raise Fault("E_NOTFOUND", f"no experiment {args.get('name') or args['id']}",
                        "create_experiment makes it")
        return {"experiment": self._known(known)}

    def _run(self, run):
        info = run.info
        return {"id": info.run_id, "name": info.run_name, "experiment_id": info.experiment_id,
                "url": f"{self.uri}/#/runs/{info.run_id}", "status": info.status,
                "user": run.data.tags.get("mlflow.user", ""), "artifact_uri": info.artifact_uri,
                "start_time": info.start_time, "end_time": info.end_time}

    def create_run(self, args, request):
        if self.experiment is None:
            raise Fault("E_USAGE", "no experiment is active", "create_experiment(NAME) makes one")
        self.end_run({}, request)
        tags = {"mlflow.user": args.get("user") or "me", **(args.get("tags") or {})}
        run = self.client.create_run(self.experiment["id"], tags=tags,
                                     run_name=args.get("name") or args.get("user") or "me")
        self.run = self._run(run)
        return {"run": self.run}

    def set_run(self, args, request):
        run = self.client.get_run(args["run_id"])
        self.run = self._run(run)
        self._known(self.client.get_experiment(run.info.experiment_id))
        return {"run": self.run}

    def end_run(self, args, request):
        ended, self.run = self.run, None
        if ended:
            self.client.set_terminated(ended["id"], args.get("status") or "FINISHED")
        return {"run": ended}

    def delete_run(self, args, request):
        run = args.get("run_id") or self._active()
        self.client.delete_run(run)
        self.run = None
        return {"run_id": run}

    def _active(self):
        if self.run is None:
            raise Fault("E_USAGE", "no run is active", "create_new_run() starts one")
        return self.run["id"]

    def get_run(self, args, request):
        run = self.client.get_run(args.get("run_id") or self._active())
        return {"run": {**self._run(run), "params": dict(run.data.params),
                        "metrics": dict(run.data.metrics), "tags": dict(run.data.tags)}}

    def log(self, args, request):
        run = args.get("run_id") or self._active()
        for key, value in (args.get("params") or {}).items():
            self.client.log_param(run, key, value)
        for m in args.get("metrics") or []:
            self.client.log_metric(run, m["key"], float(m["value"]), m.get("timestamp"), m.get("step"))
        for key, value in (args.get("tags") or {}).items():
            self.client.set_tag(run, key, value)
        return {}

    def log_artifact(self, args, request):
        self.client.log_artifact(args.get("run_id") or self._active(), args["file"], args.get("path"))
        return {"files": 1, "bytes": 0, "artifact_uri": ""}

    def log_artifacts(self, args, request):
        self.client.log_artifacts(args.get("run_id") or self._active(), args["dir"], args.get("path"))
        return {"files": 1, "bytes": 0, "artifact_uri": ""}

    def download_artifact(self, args, request):
        with open(args["file"], "w") as f:
            f.write(f"{args.get('run_id') or self._active()} {args['path']}")
        return {"bytes": 1}

    def flush(self, args, request):
        return {"pending": 0}


class Memory:
    """A client without a server."""

    def __init__(self):
        self.experiments, self.runs, self.artifacts = {}, {}, []
        self._ids = itertools.count(1)

    def create_experiment(self, name):
        id_ = str(next(self._ids))
        self.experiments[id_] = Bag(experiment_id=id_, name=name)

    def get_experiment(self, id_):
        return self.experiments.get(id_)

    def get_experiment_by_name(self, name):
        return next((e for e in self.experiments.values() if e.name == name), None)

    def search_runs(self, experiments):
        return [r for r in self.runs.values() if r.info.experiment_id in experiments]

    def create_run(self, experiment, tags, run_name):
        id_ = f"{next(self._ids):032x}"
        self.runs[id_] = Bag(
            info=Bag(run_id=id_, run_name=run_name, experiment_id=experiment, status="RUNNING",
                     artifact_uri=f"mlflow-artifacts:/{id_}", start_time=int(time.time() * 1000),
                     end_time=None),
            data=Bag(params={}, metrics={}, tags=dict(tags)), history=[])
        return self.runs[id_]

    def get_run(self, id_):
        if id_ not in self.runs:
            raise Fault("E_NOTFOUND", f"no run {id_}")
        return self.runs[id_]

    def set_terminated(self, id_, status):
        self.runs[id_].info.status = status

    def delete_run(self, id_):
        del self.runs[id_]

    def log_param(self, id_, key, value):
        if self.runs[id_].data.params.setdefault(key, value) != value:
            raise Fault("INVALID_PARAMETER_VALUE", "Changing param values is not allowed")

    def log_metric(self, id_, key, value, timestamp, step):
        self.runs[id_].data.metrics[key] = value
        self.runs[id_].history.append((key, value, timestamp, step))

    def set_tag(self, id_, key, value):
        self.runs[id_].data.tags[key] = value

    def log_artifact(self, id_, file, path):
        self.artifacts.append((id_, file, path))

    log_artifacts = log_artifact
