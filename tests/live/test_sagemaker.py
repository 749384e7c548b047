"""Deployments to SageMaker beside the stand-in and a real registry: every mode, and every call failing once."""

import copy
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import aws  # noqa: E402  (ours, in tests/servers)
import registry  # noqa: E402

BUILD = ROOT / "build" / os.environ.get("VARIANT", "plain")
RUN1, RUN2 = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
CAPTURE = {"EnableCapture": True, "InitialSamplingPercentage": 10, "DestinationS3Uri": "s3://b/p",
           "CaptureOptions": [{"CaptureMode": "Input"}]}


@pytest.fixture(scope="module")
def shared_registry(tmp_path_factory):
    with registry.Server(tmp_path_factory.mktemp("registry"), protected=True) as r:
        yield r


class Place:
    """A cloud, and a user's own folders beside it."""

    def __init__(self, cloud, folder):
        self.cloud = cloud
        (folder / "model.json").write_text('{"format": "splice-scorer", "version": 1}')
        self.env = {**cloud.env, "SPLICE_SAGEMAKER_ROLE": aws.ROLE, "DRIVER_SCORER": "/bin/true",
                    "DRIVER_MODEL": str(folder / "model.json"), "HOME": str(folder),
                    **{f"XDG_{n}_HOME": str(folder / n.lower()) for n in ("CONFIG", "DATA", "STATE")}}

    def start(self, kind, request, **env):
        return subprocess.Popen([BUILD / "tests/live/sagemaker_driver", kind, json.dumps(request)],
                                env={**self.env, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def job(self, kind, request, **env):
        process = self.start(kind, request, **env)
        out, error = process.communicate(timeout=240)
        assert process.returncode == 0, error
        return json.loads(out)

    def deploy(self, mode="create", run=RUN1, app="fraud", env=None, **more):
        return self.job("deploy", {"run_id": run, "experiment_id": "3", "app_name": app, "target": "sagemaker",
                                   "region": "us-east-1", "mode": mode, "instance_count": 1,
                                   "instance_type": "ml.m5.large", **more}, **(env or {}))

    def undeploy(self, app="fraud"):
        return self.job("undeploy", {"app_name": app, "target": "sagemaker", "region": "us-east-1"})

    def shift(self, percent, variant="", app="fraud"):
        return self.job("shift", {"app_name": app, "target": "sagemaker", "region": "us-east-1", "percent": percent,
                                  "variant": variant})


@pytest.fixture
def place(shared_registry, tmp_path):
    with aws.Server(shared_registry) as cloud:
        yield Place(cloud, tmp_path)
        for name in cloud.ecr.repositories:  # the registry is everybody's
            for tag in list(cloud.ecr.images(name)):
                cloud.ecr.BatchDeleteImage({"repositoryName": name, "imageIds": [{"imageTag": tag}]})


def good(job):
    assert job["state"] == "success", job
    return job["result"]


# --- what is made ---

def test_create_makes_and_names_everything(place):
    told = good(place.deploy())
    state = place.cloud.state()
    variant = "fraud-01234567-1"
    assert told["variant"] == variant and told["app"] == "fraud"
    assert set(state["models"]) == {variant + "-model"} and set(state["configs"]) == {variant + "-config"}
    assert state["endpoints"]["fraud"] == {"config": variant + "-config", "status": "InService",
                                           "variants": {variant: [1.0, 1]}}
    assert list(state["repositories"]) == ["splice-scorer"] and list(state["repositories"]["splice-scorer"]) == [variant]
    assert told["image"].endswith("@" + state["repositories"]["splice-scorer"][variant])
    for arn, tags in state["tags"].items():
        assert tags["splice:app"] == "fraud" and tags["splice:run-id"] == RUN1, arn
        assert tags["splice:job"] == "1" and tags["splice:experiment-id"] == "3"
        assert len(tags["splice:deployment"]) == 32
    assert len(state["tags"]) == 3 and not place.cloud.violations


def test_create_refuses_a_name_that_is_taken_before_anything_is_made(place):
    good(place.deploy())
    before = place.cloud.state()
    place.cloud.calls.clear()
    job = place.deploy(run=RUN2)
    assert job["state"] == "failed" and "there is an endpoint named fraud already" in job["error"]
    assert "replace or add" in job["hint"]
    assert place.cloud.calls == ["DescribeEndpoint"] and place.cloud.state() == before


def test_replace_leaves_only_the_new(place):
    good(place.deploy())
    place.cloud.sagemaker.configs["fraud-01234567-1-config"]["DataCaptureConfig"] = CAPTURE
    place.cloud.sagemaker.tags[place.cloud.sagemaker.arn("endpoint-config", "fraud-01234567-1-config")]["team"] = "x"
    good(place.deploy("replace", RUN2))
    state, variant = place.cloud.state(), "fraud-fedcba98-2"
    assert state["endpoints"]["fraud"]["variants"] == {variant: [1.0, 1]}
    assert set(state["models"]) == {variant + "-model"} and set(state["configs"]) == {variant + "-config"}
    assert list(state["repositories"]["splice-scorer"]) == [variant]
    assert state["configs"][variant + "-config"]["DataCaptureConfig"] == CAPTURE
    tags = state["tags"][place.cloud.sagemaker.arn("endpoint-config", variant + "-config")]
    assert tags["team"] == "x" and tags["splice:job"] == "2"
    assert not place.cloud.violations


def test_replace_creates_what_is_not_there(place):
    good(place.deploy("replace"))
    assert list(place.cloud.state()["endpoints"]) == ["fraud"]


def test_replace_with_archive_keeps_the_old(place):
    good(place.deploy())
    good(place.deploy("replace", RUN2, archive=True))
    state = place.cloud.state()
    assert len(state["models"]) == len(state["configs"]) == len(state["repositories"]["splice-scorer"]) == 2


def test_replace_leaves_what_others_made(place):
    """An endpoint that somebody else made: its model and configuration are not ours to remove."""
    good(place.deploy(app="mine"))
    image = place.cloud.sagemaker.models["mine-01234567-1-model"]["PrimaryContainer"]["Image"]
    s = place.cloud.sagemaker
    s.CreateModel({"ModelName": "theirs", "ExecutionRoleArn": aws.ROLE, "PrimaryContainer": {"Image": image}})
    s.CreateEndpointConfig({"EndpointConfigName": "theirs", "ProductionVariants": [
        {"VariantName": "v", "ModelName": "theirs", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}]})
    s.CreateEndpoint({"EndpointName": "fraud", "EndpointConfigName": "theirs"})
    good(place.deploy("replace", RUN2))
    assert {"theirs", "mine-01234567-1-model"} < set(place.cloud.state()["models"])
    assert "theirs" in place.cloud.state()["configs"]


def test_same_run_again_shares_the_image_and_keeps_it(place):
    good(place.deploy())
    digest = place.cloud.state()["repositories"]["splice-scorer"]["fraud-01234567-1"]
    good(place.deploy("replace"))
    assert place.cloud.state()["repositories"]["splice-scorer"] == {"fraud-01234567-2": digest}
    assert not place.cloud.violations


def test_add_keeps_the_others_and_their_traffic(place):
    good(place.deploy())
    good(place.deploy("add", RUN2))
    one, two = "fraud-01234567-1", "fraud-fedcba98-2"
    assert place.cloud.state()["endpoints"]["fraud"]["variants"] == {one: [1.0, 1], two: [0.0, 1]}
    good(place.shift(30))
    weights = place.cloud.state()["endpoints"]["fraud"]["variants"]
    assert weights == {one: [0.7, 1], two: [0.3, 1]}
    good(place.deploy("add", RUN1, weight=0.5, instance_count=2))
    state = place.cloud.state()
    assert state["endpoints"]["fraud"]["variants"] == {**weights, "fraud-01234567-4": [0.5, 2]}
    assert set(state["configs"]) == {"fraud-01234567-4-config"} and len(state["models"]) == 3
    good(place.shift(0, variant=one))
    now = {k: round(v[0], 3) for k, v in place.cloud.state()["endpoints"]["fraud"]["variants"].items()}
    assert now == {one: 0, two: 0.375, "fraud-01234567-4": 0.625}
    good(place.shift(100))
    assert place.cloud.state()["endpoints"]["fraud"]["variants"]["fraud-01234567-4"][0] == 1


def test_shift_says_what_there_is(place):
    job = place.shift(50)
    assert job["state"] == "failed" and "Could not find endpoint" in job["error"]
    good(place.deploy())
    assert "one variant" in place.shift(50)["error"]
    good(place.deploy("add", RUN2))
    job = place.shift(50, variant="none")
    assert "no variant none" in job["error"] and "fraud-01234567-2, fraud-fedcba98-4" in job["hint"]


def test_undeploy_leaves_nothing_but_the_repository(place):
    good(place.deploy(app="other"))
    before = place.cloud.state()
    good(place.deploy())
    good(place.deploy("add", RUN2))
    good(place.undeploy())
    assert place.cloud.state() == before
    assert "Could not find" in place.undeploy()["error"]


def test_undeploy_refuses_what_others_made(place):
    good(place.deploy(app="mine"))
    place.cloud.sagemaker.CreateEndpoint({"EndpointName": "fraud", "EndpointConfigName": "mine-01234567-1-config"})
    before = place.cloud.state()
    job = place.undeploy()
    assert job["state"] == "failed" and "was not made by splice-kernel" in job["error"]
    place.cloud.settle()
    assert list(place.cloud.state()["endpoints"]) == list(before["endpoints"])


def test_long_names_are_cut_to_fit(place):
    app = "a" * 63
    good(place.deploy(app=app))
    good(place.deploy("replace", RUN2, app=app))
    assert all(len(n) <= 63 for n in [*place.cloud.state()["models"], *place.cloud.state()["configs"]])


# --- what goes wrong at AWS ---

def test_failed_creation_is_told_and_taken_back(place):
    before = place.cloud.state()
    place.cloud.outcomes.append(aws.failed("The primary container did not pass the ping health check."))
    job = place.deploy()
    assert job["state"] == "failed" and "did not pass the ping health check" in job["error"]
    assert "CloudWatch" in job["hint"]
    assert place.cloud.state() == before


@pytest.mark.parametrize("mode", ["replace", "add"])
def test_silent_rollback_is_a_failure(place, mode):
    """AWS ends it InService with the old configuration and no reason: the live one must survive."""
    good(place.deploy())
    before = place.cloud.state()
    place.cloud.outcomes.append(aws.ROLLED_BACK)
    job = place.deploy(mode, RUN2)
    assert job["state"] == "failed" and "took the update back" in job["error"], job
    assert place.cloud.state() == before and not place.cloud.violations
    good(place.deploy(mode, RUN2))


def test_quota_is_told(place):
    place.cloud.quotas["ml.m5.large for endpoint usage"] = 1
    before = place.cloud.state()
    job = place.deploy(instance_count=2)
    assert job["state"] == "failed" and "ResourceLimitExceeded" in job["error"] and "Service Quotas" in job["hint"]
    assert place.cloud.state() == before


@pytest.mark.parametrize("env, text", [
    ({"SPLICE_SAGEMAKER_ROLE": ""}, "no execution role"),
    ({"SPLICE_SAGEMAKER_ROLE": "absent"}, "cannot be found"),
    ({"SPLICE_SAGEMAKER_ROLE": "arn:aws:iam::123456789012:role/absent"}, "Could not assume role"),
    ({"AWS_ACCESS_KEY_ID": "AKIAEXPIRED"}, "expired"),
    ({"DRIVER_SCORER": "/etc/hostname"}, "not an ELF program"),
])
def test_bad_settings_leave_nothing(place, env, text):
    job = place.deploy(env=env)
    assert job["state"] == "failed" and text in job["error"], job
    assert not any(place.cloud.state().values())


def test_role_by_name(place):
    good(place.deploy(env={"SPLICE_SAGEMAKER_ROLE": "splice-sagemaker"}))


def test_wrong_architecture_is_told_before_anything_is_made(place):
    job = place.deploy(instance_type="ml.c7g.large")
    assert job["state"] == "failed" and "arm64" in job["error"] and "ml.m5.large" in job["hint"]
    assert not any(place.cloud.state().values())


def test_endpoint_that_is_being_changed_is_waited_for(place):
    good(place.deploy())
    e = place.cloud.sagemaker.endpoints["fraud"]
    e.update(status="Updating", wanted=e["config"], left=5, outcome=aws.IN_SERVICE)
    job = place.deploy("replace", RUN2)
    good(job)
    assert "the endpoint is Updating" in job["log"]


def test_failed_endpoint_is_refused(place):
    good(place.deploy())
    place.cloud.sagemaker.endpoints["fraud"].update(status="Failed", reason="it broke")
    before = place.cloud.state()
    job = place.deploy("replace", RUN2)
    assert "is Failed, it broke" in job["error"] and "undeploy" in job["hint"]
    assert place.cloud.state() == before
    good(place.undeploy())


def test_update_that_never_ends_is_given_up(place):
    good(place.deploy())
    place.cloud.outcomes.append(aws.STUCK)
    job = place.deploy("replace", RUN2, env={"DRIVER_TIMEOUT_MS": "300"})
    assert job["state"] == "failed" and "still Updating" in job["error"]
    assert place.cloud.state()["endpoints"]["fraud"]["config"] == "fraud-01234567-1-config"
    assert not place.cloud.violations


@pytest.mark.parametrize("mode", ["create", "replace"])
def test_cancel_while_waiting_takes_everything_back(place, mode):
    if mode == "replace":
        good(place.deploy())
    before, seen = place.cloud.state(), len(place.cloud.calls)
    place.cloud.delay = 100
    process = place.start("deploy", {"run_id": RUN2, "app_name": "fraud", "target": "sagemaker", "region": "us-east-1",
                                     "mode": mode, "instance_count": 1, "instance_type": "ml.m5.large"})
    end = time.monotonic() + 60
    begun = "CreateEndpoint" if mode == "create" else "UpdateEndpoint"
    while begun not in place.cloud.calls[seen:] and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    place.cloud.delay = 2
    job = json.loads(process.communicate(timeout=120)[0])
    assert job["state"] == "cancelled", job
    assert place.cloud.state() == before and not place.cloud.violations


# --- every call fails once ---

KINDS = {
    "create": lambda p: p.deploy("create", RUN2, app="new"),
    "replace": lambda p: p.deploy("replace", RUN2),
    "add": lambda p: p.deploy("add", RUN2),
    "shift": lambda p: p.shift(25, "fraud-fedcba98-2"),
    "undeploy": lambda p: p.undeploy(),
}


def refuse(cloud, nth):
    cloud.fail(None, nth, "AccessDeniedException", 403)


def throttle(cloud, nth):
    """Longer than the client tries."""
    cloud.fail(None, nth, "ThrottlingException", times=6)


def cut_before(cloud, nth):
    cloud.cut(None, nth, "before")


def cut_after(cloud, nth):
    cloud.cut(None, nth, "after")


def live(state):
    """What serves: the endpoint fraud and all that it stands on."""
    e = state["endpoints"].get("fraud")
    if not e:
        return None
    config = state["configs"][e["config"]]
    return e, config, {v["ModelName"]: state["models"][v["ModelName"]] for v in config["ProductionVariants"]}


class Snapshot:
    """The stand-in as it was, to begin each round from."""

    def __init__(self, cloud):
        s = cloud.sagemaker
        self.kept = copy.deepcopy((s.models, s.configs, s.endpoints, s.tags, cloud.ecr.repositories))

    def restore(self, cloud):
        s = cloud.sagemaker
        s.models, s.configs, s.endpoints, s.tags, cloud.ecr.repositories = copy.deepcopy(self.kept)
        cloud.calls.clear()
        cloud.faults.clear()
        cloud.violations.clear()
        cloud.outcomes.clear()


FAULTS = [refuse, throttle, cut_before, cut_after]


# A whole round for each fault takes minutes: the short form meets each call with one of them.
@pytest.mark.parametrize("turn", range(len(FAULTS)) if os.environ.get("TEST_FULL") else [0])
@pytest.mark.parametrize("kind", KINDS)
def test_every_call_failing_once_leaves_all_or_nothing(place, kind, turn):
    """Before equals after unless the job succeeded; what serves is never touched; a second try finishes."""
    good(place.deploy("create", RUN1))
    if kind in ("shift", "undeploy"):
        good(place.deploy("add", RUN2))
    cloud, before, start = place.cloud, place.cloud.state(), Snapshot(place.cloud)
    cloud.calls.clear()
    good(KINDS[kind](place))
    calls, failures = len(cloud.calls), 0
    for nth in range(1, calls + 1):
        # Images made by the round before; those that it removed are pushed by nobody else.
        for tag in set(cloud.ecr.images("splice-scorer")) - set(before["repositories"]["splice-scorer"]):
            cloud.ecr.BatchDeleteImage({"repositoryName": "splice-scorer", "imageIds": [{"imageTag": tag}]})
        start.restore(cloud)
        restore_images(cloud, before["repositories"]["splice-scorer"])
        fault = FAULTS[(nth + turn) % len(FAULTS)]
        fault(cloud, nth)
        job = KINDS[kind](place)
        where = f"{kind}, {fault.__name__} call {nth}, {cloud.calls[nth - 1]}: {job}"
        assert not cloud.violations, where
        if job["state"] != "success":
            failures += 1
            assert job["error"] and cloud.state() == before, where
        cloud.faults.clear()
        if job["state"] != "success":
            good(KINDS[kind](place))
        if kind == "undeploy":
            assert "fraud" not in cloud.state()["endpoints"], where
        else:
            assert live(cloud.state()), where
    assert failures


def restore_images(cloud, images):
    """Put tags back that a round took away: the registry keeps the bytes."""
    for tag, digest in images.items():
        base = cloud.ecr._folder("splice-scorer") / "_manifests"
        for link in (base / "tags" / tag / "current/link", base / "revisions/sha256" / digest[7:] / "link",
                     base / "tags" / tag / "index/sha256" / digest[7:] / "link"):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.write_text(digest)
