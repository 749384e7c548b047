"""Models that splice-scorer does not know, in MLflow's image: built, tried and pushed by a real buildah.

The image begins with a small base of this test's making: busybox, a `pip` that notes what it is asked to install, and
a `mlflow` that serves the model in the model's folder with splice-scorer.  Everything else is as it is for users.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from conftest import BUILD, LIB, ROOT
from test_deploy_local import World, model, sample
from test_deploy_sagemaker import WHERE, cloud, deploy, driver  # noqa: F401

sys.path.insert(0, str(pathlib.Path(ROOT) / "tests/servers"))

import aws  # noqa: E402  (ours, in tests/servers)

pytestmark = pytest.mark.skipif(not (LIB / "python").is_dir(), reason=f"no MLflow below {LIB}")

PIP = """#!/bin/sh
echo "pip $@ from $PIP_INDEX_URL"
case "$*" in *no-such-package*) echo "no such package" >&2; exit 1;; esac
grep -q no-such-package /opt/splice/requirements.txt && { echo "No matching distribution" >&2; exit 1; }
exit 0
"""
MLFLOW = """#!/bin/sh
[ "$1 $2 $3" = "models serve --model-uri" ] || exit 2
while [ "$1" != --port ]; do shift; done
exec /bin/splice-scorer serve --model /opt/splice/model/data/model.json --host 0.0.0.0 --port "$2"
"""


def buildah(env, *words, **more):
    return subprocess.run(["buildah", *words], env=env, capture_output=True, text=True, timeout=300, **more)


@pytest.fixture(scope="module")
def world(home, cloud):  # noqa: F811
    store = home.folder / "containers"
    store.mkdir()
    (store / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{store}/run"\ngraphroot = "{store}/graph"\n')
    home.env.update({k: v for k, v in cloud.env.items() if k.startswith("AWS_")}, SPLICE_SAGEMAKER_ROLE=aws.ROLE,
                    CONTAINERS_STORAGE_CONF=str(store / "storage.conf"), BUILDAH_ISOLATION="chroot",
                    SPLICE_CONTAINER_BASE="localhost/base", SPLICE_CONTAINER_OPTIONS="--build-arg PIP_INDEX_URL=here")
    make_base(home.env, store / "base")
    return World(home)


def make_base(env, folder):
    (folder / "bin").mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), folder / "bin/busybox")
    shutil.copy(BUILD / "bin/splice-scorer", folder / "bin/splice-scorer")
    for name, text in (("pip", PIP), ("mlflow", MLFLOW)):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY bin /bin\nENV PATH=/bin\n"
                                       'RUN ["/bin/busybox", "--install", "/bin"]\nRUN mkdir -p /tmp /opt\n')
    done = buildah(env, "build", "--tag", "localhost/base", str(folder))
    assert done.returncode == 0, done.stderr


def log_other(world, tmp_path, served=None, mistaken=False, requirements="pyspark==4.0.0\n"):
    """A run whose model is of a flavour of its own."""
    files = {"model/MLmodel": "flavors:\n  python_function:\n    env: x\n  lightgbm:\n    a: b\nmlflow_version: 3.1.4\n",
             "model/requirements.txt": requirements, "model/data/model.json": model(0.0) if served is None else served,
             "splice/sample.json": wrong(sample(0.0)) if mistaken else sample(0.0)}
    return world.log(files, tmp_path)


def wrong(told):
    told["expected"][-1]["prediction"] = 1 - told["expected"][-1]["prediction"]
    return told


def mode(cloud):  # noqa: F811
    return "replace" if "fraud" in cloud.state()["endpoints"] else "create"


def images(world):
    out = json.loads(buildah(world.env, "images", "--json").stdout)
    return sorted(name for image in out for name in image.get("names") or ["<none>"] if "base" not in name)


def containers(world):
    return json.loads(buildah(world.env, "containers", "--json").stdout or "null") or []


def test_built_compared_pushed_and_served(world, cloud, tmp_path):  # noqa: F811
    run, files = log_other(world, tmp_path), world.files()
    told = deploy(world, run, "create", kind="check")
    assert told["result"]["ok"], told
    assert any("lightgbm" in line and "buildah builds MLflow's image" in line for line in told["log"]), told["log"]

    told = deploy(world, run, "create")
    assert told["state"] == "success", told
    log = "\n".join(told["log"])
    assert "splice-scorer does not know it (lightgbm)" in log and "20 rows are answered as Spark answered them" in log
    assert "pip install --no-cache-dir --requirement /opt/splice/requirements.txt mlflow==3.1.4 from here" in log
    repository = cloud.state()["repositories"]["splice-scorer"]
    assert told["result"]["variant"] in repository and told["result"]["image"].endswith(repository[told["result"]["variant"]])
    assert images(world) == [] and containers(world) == [] and world.files() == files
    pulled = buildah(world.env, "from", "--tls-verify=false", "--creds", "tester:secret",
                     cloud.ecr.registry.url.partition("//")[2] + "/splice-scorer:" + told["result"]["variant"])
    assert pulled.returncode == 0, pulled.stderr
    kept = buildah(world.env, "run", pulled.stdout.strip(), "cat", "/opt/splice/model/MLmodel")
    assert "lightgbm" in kept.stdout
    buildah(world.env, "rm", pulled.stdout.strip())
    for image in images(world):
        buildah(world.env, "rmi", image)


@pytest.mark.parametrize("fault, text", [
    (dict(mistaken=True), "of the sample otherwise than Spark did"),
    (dict(requirements="no-such-package\n"), "buildah build failed"),
    (dict(served="{}"), "the container of MLflow's image ended"),
])
def test_what_fails_leaves_nothing(world, cloud, tmp_path, fault, text):  # noqa: F811
    run = log_other(world, tmp_path, **fault)
    before, files = cloud.state(), world.files()
    told = deploy(world, run, mode(cloud))
    assert told["state"] == "failed" and text in told["error"], told
    assert cloud.state() == before and world.files() == files
    assert images(world) == [] and containers(world) == []


def test_without_an_engine_it_is_refused(world, cloud, tmp_path, monkeypatch):  # noqa: F811
    nowhere = tmp_path / "path"
    nowhere.mkdir()
    monkeypatch.setitem(world.env, "PATH", str(nowhere))
    run, before, files = log_other(world, tmp_path), cloud.state(), world.files()
    for kind in ("check", "deploy"):
        told = deploy(world, run, mode(cloud), kind=kind)
        text = "\n".join(told["log"])
        assert "flavour lightgbm" in text and "no container engine works here" in text and "buildah" in text
    assert told["state"] == "failed" and cloud.state() == before and world.files() == files


def test_a_killed_worker_s_successor_builds_again(world, cloud, tmp_path):  # noqa: F811
    run, files = log_other(world, tmp_path), world.files()
    number = str(driver(world, "add", "deploy", json.dumps({
        **WHERE, "run_id": run, "mode": mode(cloud), "instance_type": "ml.m5.large", "instance_count": 1})))
    for line in ("STEP 2", "Comparing with Spark's answers", "Building and pushing", None):
        worker = world.popen("work", number)
        end = time.monotonic() + 60
        while line and worker.poll() is None and not any(line in said for said in driver(world, "tell", number)["log"]):
            assert time.monotonic() < end
            time.sleep(0.02)
        if line:
            worker.kill()
        worker.wait(120)
    told = driver(world, "tell", number)
    assert told["state"] == "success", told
    assert told["result"]["variant"] in cloud.state()["repositories"]["splice-scorer"]
    assert images(world) == [] and world.files() == files
    for left in containers(world):  # of the build that was killed (docs/DEPLOY.md)
        assert left["containername"].endswith("working-container"), left
        buildah(world.env, "rm", left["id"])
