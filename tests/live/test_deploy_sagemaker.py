"""Deployments to SageMaker from end to end: a real MLflow, splice-manager's workers, a real registry, and the stand-in
for AWS.  Jobs are put into the store as the Jobs Tracker puts them, and worked on by `splice-manager work`."""

import json
import pathlib
import subprocess
import sys

import pytest

from conftest import BUILD, LIB, ROOT
from test_deploy_local import World

sys.path.insert(0, str(pathlib.Path(ROOT) / "tests/servers"))

import aws  # noqa: E402  (ours, in tests/servers)
import registry  # noqa: E402

pytestmark = pytest.mark.skipif(not (LIB / "python").is_dir(), reason=f"no MLflow below {LIB}")

WHERE = {"app_name": "fraud", "target": "sagemaker", "region": "us-east-1"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with registry.Server(tmp_path_factory.mktemp("registry"), protected=True) as r, aws.Server(r) as server:
        yield server


@pytest.fixture(scope="module")
def world(home, cloud):
    home.env.update({k: v for k, v in cloud.env.items() if k.startswith("AWS_")}, SPLICE_SAGEMAKER_ROLE=aws.ROLE)
    return World(home)


def driver(world, *words):
    done = subprocess.run([BUILD / "tests/live/sagemaker_driver", *words], env=world.env, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def job(world, kind, **members):
    number = driver(world, "add", kind, json.dumps({**WHERE, **members}))
    world.ok("work", str(number))
    return driver(world, "tell", str(number))


def deploy(world, run, mode, kind="deploy"):
    return job(world, kind, run_id=run, mode=mode, instance_type="ml.m5.large", instance_count=1)


def test_rehearsed_deployed_replaced_shared_and_ended(world, cloud, tmp_path):
    first, second = world.log_model(0.0, tmp_path), world.log_model(4.0, tmp_path)
    before, files = cloud.state(), world.files()

    told = deploy(world, first, "create", kind="check")
    assert told["result"]["ok"], told
    assert any("all 25 permissions are there" in line for line in told["log"])
    assert cloud.state() == before and world.files() == files

    told = deploy(world, first, "create")
    assert told["state"] == "success", told
    one = told["result"]["variant"]
    assert one.startswith(f"fraud-{first[:8]}-")
    assert any("20 rows are answered as Spark answered them" in line for line in told["log"]), told["log"]
    tags = cloud.state()["tags"][cloud.sagemaker.arn("model", one + "-model")]
    assert tags["splice:run-id"] == first and tags["splice:experiment-id"] == world.experiment

    assert deploy(world, second, "add")["state"] == "success"
    assert job(world, "shift", percent=10)["state"] == "success"
    weights = {k: v[0] for k, v in cloud.state()["endpoints"]["fraud"]["variants"].items()}
    assert weights.pop(one) == 0.9 and list(weights.values()) == [0.1]

    cloud.outcomes.append(aws.ROLLED_BACK)
    live = cloud.state()
    told = deploy(world, first, "replace")
    assert told["state"] == "failed" and "took the update back" in told["error"]
    assert cloud.state() == live and world.files() == files

    assert deploy(world, first, "replace")["state"] == "success"
    assert len(cloud.state()["models"]) == 1 and len(cloud.state()["repositories"]["splice-scorer"]) == 1
    assert job(world, "undeploy")["state"] == "success"
    assert cloud.state() == {**before, "repositories": {"splice-scorer": {}}}
    assert world.files() == files and not cloud.violations
