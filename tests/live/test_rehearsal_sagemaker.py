"""The rehearsal of a deployment to SageMaker, and the image of the real scorer, run where nothing else is."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import aws  # noqa: E402  (ours, in tests/servers)
import registry  # noqa: E402
from ports import free_port  # noqa: E402

BUILD = ROOT / "build" / os.environ.get("VARIANT", "plain")
MODEL = {"format": "splice-scorer", "version": 1, "spark": "4.3.0",
         "inputs": [{"name": "a", "type": "double"}, {"name": "b", "type": "double"}],
         "stages": [{"kind": "VectorAssembler", "uid": "va", "inputs": ["a", "b"], "sizes": [1, 1], "output": "f",
                     "handle_invalid": "error"},
                    {"kind": "LinearRegression", "uid": "lr", "features": "f", "coefficients": [2.0, 3.0],
                     "intercept": 1.0, "prediction": "prediction"}],
         "outputs": {"prediction": "prediction"}}


@pytest.fixture
def cloud(tmp_path):
    with registry.Server(tmp_path / "registry", protected=True) as r, aws.Server(r) as server:
        yield server


@pytest.fixture
def place(cloud, tmp_path):
    """The driver beside the scorer, as programs are installed, and folders of its own."""
    for program in ("tests/live/sagemaker_driver", "bin/splice-scorer"):
        shutil.copy(BUILD / program, tmp_path)
    env = {**cloud.env, "SPLICE_SAGEMAKER_ROLE": aws.ROLE, "HOME": str(tmp_path),
           **{f"XDG_{n}_HOME": str(tmp_path / n.lower()) for n in ("CONFIG", "DATA", "STATE")}}

    def run(kind, request, **changed):
        done = subprocess.run([tmp_path / "sagemaker_driver", kind, json.dumps(request)], capture_output=True,
                              text=True, timeout=240, env={k: v for k, v in {**env, **changed}.items() if v is not None})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


def request(**changed):
    return {"run_id": "0123456789abcdef0123456789abcdef", "app_name": "fraud", "target": "sagemaker",
            "region": "us-east-1", "mode": "create", "instance_count": 1, "instance_type": "ml.m5.large", **changed}


def rehearse(place, changed=None, **env):
    """Level and text of each check."""
    told = place("check", request(**(changed or {})), **env)
    return {c["check"]: (c["level"], c["text"], c["hint"]) for c in told["checks"]}


AWS_CHECKS = ["credentials", "region", "permissions", "role", "repository", "endpoint", "instance", "quota"]


def test_all_is_well_and_nothing_is_made(cloud, place):
    before = cloud.state()
    found = rehearse(place)
    assert {c: found[c][0] for c in AWS_CHECKS} == {c: "ok" for c in AWS_CHECKS}, found
    assert "will be made" in found["repository"][1] and "will be created" in found["endpoint"][1]
    assert cloud.state() == before
    assert not [c for c in cloud.calls if c.startswith(("Create", "Update", "Delete", "Put", "Add"))]


@pytest.mark.parametrize("env, text, hint", [
    ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no AWS credentials", "aws configure"),
    ({"AWS_ACCESS_KEY_ID": "AKIAEXPIRED"}, "expired", "sign in again"),
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "signature", "AWS_SECRET_ACCESS_KEY"),
])
def test_without_credentials_the_rest_is_left_out(place, env, text, hint):
    found = rehearse(place, **env)
    level, told, advice = found["credentials"]
    assert level == "failed" and text in told and hint in advice
    assert not {"permissions", "repository", "endpoint", "quota"} & set(found)
    assert found["instance"][0] == "ok"


def test_permissions_that_lack_are_named(cloud, place):
    cloud.denied = {"iam:PassRole", "sagemaker:UpdateEndpoint"}
    level, text, _ = rehearse(place)["permissions"]
    assert level == "failed" and "iam:PassRole" in text and "sagemaker:UpdateEndpoint" in text
    assert "sagemaker:CreateEndpoint" not in text.replace("sagemaker:CreateEndpointConfig", "")


def test_what_may_not_be_asked_is_said(cloud, place):
    cloud.refused = {"SimulatePrincipalPolicy", "GetRole", "ListServiceQuotas"}
    found = rehearse(place)
    for check in ("permissions", "role", "repository", "quota"):
        assert found[check][0] == "warning" and "could not be checked" in found[check][1], found[check]
    assert rehearse(place, SPLICE_SAGEMAKER_ROLE="splice-sagemaker")["role"][0] == "failed"


def test_assumed_role_is_asked_for_as_the_role(cloud, place):
    cloud.roles["arn:aws:iam::123456789012:role/team/deployer"] = {}
    cloud.identity = "arn:aws:sts::123456789012:assumed-role/deployer/session"
    cloud.denied = {"ecr:PutImage"}
    assert rehearse(place)["permissions"][1] == "not permitted: ecr:PutImage"


@pytest.mark.parametrize("check, changed, env, text", [
    ("role", {}, {"SPLICE_SAGEMAKER_ROLE": ""}, "no execution role is set"),
    ("role", {}, {"SPLICE_SAGEMAKER_ROLE": "absent"}, "cannot be found"),
    ("instance", {"instance_type": "ml.c7g.large"}, {}, "arm64"),
    ("quota", {"instance_count": 21}, {}, "only 20 of ml.m5.large"),
])
def test_what_does_not_fit_is_found(place, check, changed, env, text):
    level, told, hint = rehearse(place, changed, **env)[check]
    assert level == "failed" and text in told and hint


def test_role_that_trusts_others(cloud, place):
    cloud.roles[aws.ROLE] = json.loads(json.dumps(aws.TRUST).replace("sagemaker", "lambda"))
    level, text, hint = rehearse(place)["role"]
    assert level == "failed" and "does not trust SageMaker" in text and "trust relationships" in hint


def test_repository_that_may_not_be_made(cloud, place):
    cloud.denied = {"ecr:CreateRepository"}
    assert rehearse(place)["repository"][0] == "failed"
    cloud.ecr.repositories["splice-scorer"] = {}
    assert rehearse(place)["repository"][0] == "ok"


def test_endpoint_by_mode_and_state(cloud, place):
    cloud.sagemaker.endpoints["fraud"] = {"status": "InService", "config": "c", "wanted": "c", "reason": "",
                                          "variants": {"v": [1.0, 1]}, "CreationTime": 0}
    assert rehearse(place)["endpoint"][0] == "failed"
    assert rehearse(place, {"mode": "replace"})["endpoint"][:2] == ("ok", "the endpoint fraud serves 1 variant")
    cloud.sagemaker.endpoints["fraud"].update(status="Failed", reason="it broke")
    assert "it broke" in rehearse(place, {"mode": "add"})["endpoint"][1]
    cloud.sagemaker.endpoints["fraud"].update(status="Updating", left=9, outcome=aws.IN_SERVICE)
    assert rehearse(place, {"mode": "add"})["endpoint"][0] == "warning"


# --- the image of the real scorer ---

def unpack(image_uri, server, folder):
    """The image's files, by others: skopeo and tar."""
    subprocess.run(["skopeo", "copy", "--src-tls-verify=false", "--src-creds", f"{server.user}:{server.password}",
                    f"docker://{image_uri}", f"dir:{folder}/dir"], check=True, capture_output=True, timeout=120)
    manifest = json.loads((folder / "dir/manifest.json").read_text())
    root = folder / "root"
    root.mkdir()
    for layer in manifest["layers"]:
        subprocess.run(["tar", "-xzpf", folder / "dir" / layer["digest"].removeprefix("sha256:"), "-C", root],
                       check=True, timeout=60)
    return root, json.loads((folder / "dir" / manifest["config"]["digest"].removeprefix("sha256:")).read_text())


def ask(port, path, body=None):
    data = json.dumps(body).encode() if body else None
    r = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(r, timeout=10) as answer:
        return answer.status, answer.read()


def test_image_runs_where_nothing_else_is(cloud, place, tmp_path):
    """As SageMaker does: the entrypoint with `serve`, the image's user and environment, its files alone."""
    if os.geteuid() != 0:
        pytest.skip("chroot needs root")
    (tmp_path / "model.json").write_text(json.dumps(MODEL))
    told = place("deploy", request(), DRIVER_MODEL=str(tmp_path / "model.json"))
    assert told["state"] == "success", told
    root, config = unpack(told["result"]["image"], cloud.ecr.registry, tmp_path)
    assert config["architecture"] == "amd64" or config["architecture"] == "arm64"
    assert config["config"]["Labels"]["splice.run_id"] == request()["run_id"]
    port = free_port()
    env = dict(e.split("=", 1) for e in config["config"]["Env"])
    env.update(SPLICE_SCORER_PORT=str(port), SPLICE_SCORER_HOST="127.0.0.1")
    user, group = map(int, config["config"]["User"].split(":"))

    def enter():
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)

    process = subprocess.Popen([*config["config"]["Entrypoint"], "serve"], executable=config["config"]["Entrypoint"][0],
                               env=env, preexec_fn=enter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                assert ask(port, "/ping") == (200, b"")
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < end, process.stdout.read()
                time.sleep(0.05)
        status, answer = ask(port, "/invocations", {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [0, 0]]}})
        assert status == 200 and json.loads(answer) == {"predictions": [9.0, 1.0]}
    finally:
        process.send_signal(signal.SIGTERM)
        status, output = process.wait(30), process.stdout.read()
        # A sanitizer's search for leaks wants a /proc, which is not there.
        assert status == 0 or b"LeakSanitizer" in output, output
