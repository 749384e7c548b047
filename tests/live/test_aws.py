"""protocol/aws beside servers that verify signatures: moto, and our stand-in for what moto lacks."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import aws as stand_in  # noqa: E402  (ours, in tests/servers)
import moto  # noqa: E402
import registry  # noqa: E402

BUILD = ROOT / "build" / os.environ.get("VARIANT", "plain")
TRUST = json.dumps(stand_in.TRUST)
TAGS = {"splice:app": "a b", "splice:job": "7"}


class Failed(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.__dict__.update(json.loads(text))


def driver(env):
    def call(name, *args, **changed):
        done = subprocess.run([BUILD / "tests/live/aws_driver", name, *map(str, args)], capture_output=True, text=True,
                              timeout=120, env={k: v for k, v in {**env, **changed}.items() if v is not None})
        if done.returncode:
            raise Failed(done.stderr.splitlines()[-1])
        return json.loads(done.stdout)
    return call


def refused(code, name, call, *args, **changed):
    with pytest.raises(Failed) as e:
        call(*args, **changed)
    assert (e.value.code, e.value.name) == (code, name), e.value.text
    return e.value


@pytest.fixture(scope="module")
def moto_server():
    with moto.Server() as server:
        yield server


@pytest.fixture
def cloud(tmp_path):
    with registry.Server(tmp_path / "registry", protected=True) as r, stand_in.Server(r) as server:
        yield server


@pytest.fixture
def image(cloud, tmp_path):
    """An image in the stand-in's registry, by digest."""
    driver(cloud.env)("create-repository", "repo")
    login = driver(cloud.env)("login")
    done = subprocess.run([BUILD / "tests/live/oci_driver", "push", login["url"], "repo", tmp_path / "layout", "v1",
                           "bin/true=/bin/true"], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "REGISTRY_USER": login["user"], "REGISTRY_PASSWORD": login["password"]})
    assert done.returncode == 0, done.stderr
    return driver(cloud.env)("repository", "repo")["uri"] + "@" + json.loads(done.stdout)["digest"]


# --- moto ---

def test_identity_and_roles_on_moto(moto_server):
    call = driver(moto_server.env)
    who = call("identity")
    assert who["account"] == "123456789012" and who["arn"].endswith(":user/tester")
    moto_server.client("iam").create_role(RoleName="splice", AssumeRolePolicyDocument=TRUST)
    moto_server.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=TRUST.replace("sagemaker", "ec2"))
    assert call("role", "splice") == {"arn": "arn:aws:iam::123456789012:role/splice", "trusts": True}
    assert call("role", "other")["trusts"] is False
    refused("E_NOTFOUND", "NoSuchEntity", call, "role", "absent")


def test_repositories_on_moto(moto_server):
    call = driver(moto_server.env)
    made = call("create-repository", "team/scorer")
    assert made["uri"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/scorer"
    assert call("repository", "team/scorer") == made
    assert moto_server.client("ecr").list_tags_for_resource(resourceArn=made["arn"])["tags"] == [
        {"Key": k, "Value": v} for k, v in TAGS.items()]
    refused("E_EXISTS", "RepositoryAlreadyExistsException", call, "create-repository", "team/scorer")
    login = call("login")
    assert login["user"] == "AWS" and login["password"] and login["url"].startswith("https://")
    refused("E_NOTFOUND", "ImageNotFoundException", call, "image", "team/scorer", "v1")
    refused("E_NOTFOUND", "ImageNotFound", call, "untag", "team/scorer", "v1")
    call("delete-repository", "team/scorer")
    refused("E_NOTFOUND", "RepositoryNotFoundException", call, "repository", "team/scorer")


def test_models_and_endpoints_on_moto(moto_server):
    call = driver(moto_server.env)
    call("create-model", "m1", "image@sha256:1", "arn:aws:iam::123456789012:role/x")
    assert call("model", "m1") == {"name": "m1", "image": "image@sha256:1", "tags": TAGS}
    refused("E_NOTFOUND", "ValidationException", call, "model", "absent")
    call("create-config", "c1", "m1", "ml.m4.xlarge", 2)
    told = call("config", "c1")
    assert told["variants"] == [["c1", "m1", "ml.m4.xlarge", 2, 1.0]] and told["tags"] == TAGS
    refused("E_INPUT", "ValidationException", call, "create-config", "c2", "m1", "ml.none", 1)
    call("create-endpoint", "e1", "c1")
    told = call("endpoint", "e1")
    assert (told["status"], told["config"]) == ("InService", "c1")
    assert told["variants"] == [["c1", 1.0, 2]]
    assert call("list-endpoints", "e") == ["e1"]
    call("add-tag", told["arn"], "more", "x")
    assert call("list-tags", told["arn"]) == {**TAGS, "more": "x"}
    call("weights", "e1", "c1", "0.5")
    assert call("endpoint", "e1")["variants"][0][:2] == ["c1", 0.5]
    for kind, name in (("endpoint", "e1"), ("config", "c1"), ("model", "m1")):
        call("delete-" + kind, name)
        refused("E_NOTFOUND", "ValidationException", call, kind, name)


@pytest.mark.parametrize("changed", [{"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}])
@pytest.mark.parametrize("call", [("identity",), ("role", "x"), ("login",), ("model", "x")])
def test_wrong_keys_are_refused_on_moto(moto_server, call, changed):
    with pytest.raises(Failed) as e:
        driver(moto_server.env)(*call, **changed)
    assert e.value.code == "E_AUTH" and e.value.hint


# --- the stand-in ---

def test_stand_in_verifies_signatures_as_moto_does(cloud):
    call = driver(cloud.env)
    assert call("identity")["account"] == "123456789012"
    for name in (("identity",), ("login",), ("role", "x"), ("quota", "x"), ("invoke", "x y/z")):
        refused("E_AUTH", "InvalidSignatureException", call, *name, AWS_SECRET_ACCESS_KEY="wrong")
    refused("E_AUTH", "UnrecognizedClientException", call, "login", AWS_ACCESS_KEY_ID="AKIAWRONG")
    e = refused("E_AUTH", "ExpiredTokenException", call, "login", AWS_ACCESS_KEY_ID="AKIAEXPIRED")
    assert "sign in again" in e.hint


def test_moto_s_own_client_agrees_with_the_stand_in(cloud, image):
    """boto3, which knows the service's published shapes, reads and signs the same."""
    import boto3

    def client(service):
        return boto3.client(service, endpoint_url=cloud.url, region_name="us-east-1",
                            aws_access_key_id=cloud.access_key, aws_secret_access_key=cloud.secret_key)

    sagemaker = client("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=stand_in.ROLE, PrimaryContainer={"Image": image})
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[
        {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="e", WaiterConfig={"Delay": 0, "MaxAttempts": 9})
    assert sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]["CurrentWeight"] == 1.0
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert client("iam").get_role(RoleName="splice-sagemaker")["Role"]["AssumeRolePolicyDocument"] == stand_in.TRUST
    assert client("ecr").describe_images(repositoryName="repo", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert len(client("service-quotas").get_paginator("list_service_quotas").paginate(
        ServiceCode="sagemaker").build_full_result()["Quotas"]) == len(cloud.quotas)
    with pytest.raises(sagemaker.exceptions.ClientError, match="Could not find model"):
        sagemaker.describe_model(ModelName="absent")


def test_permissions_and_quotas_over_several_pages(cloud):
    call = driver(cloud.env)
    actions = [f"sagemaker:Action{i}" for i in range(25)]
    cloud.denied = {"sagemaker:Action3", "sagemaker:Action24"}
    assert call("simulate", cloud.identity, *actions) == ["sagemaker:Action3", "sagemaker:Action24"]
    assert call("quota", "ml.t2.medium for endpoint usage") == 20.0
    refused("E_NOTFOUND", "", call, "quota", "ml.none for endpoint usage")


def test_configuration_keeps_what_it_does_not_know(cloud, image):
    call = driver(cloud.env)
    call("create-model", "m", image, stand_in.ROLE)
    call("create-config", "c1", "m", "ml.m5.large", 1)
    capture = {"EnableCapture": True, "DestinationS3Uri": "s3://b/p"}
    cloud.sagemaker.configs["c1"].update(DataCaptureConfig=capture, KmsKeyId="key", Newer={"a": [1, {"b": None}]})
    cloud.sagemaker.configs["c1"]["ProductionVariants"][0]["ContainerStartupHealthCheckTimeoutInSeconds"] = 90
    call("create-config", "c2", "m", "ml.m5.large", 1, "c1")
    raw = call("config", "c2")["raw"]
    assert (raw["DataCaptureConfig"], raw["KmsKeyId"], raw["Newer"]) == (capture, "key", {"a": [1, {"b": None}]})
    old, new = raw["ProductionVariants"]
    assert old == {"VariantName": "c1", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 3,
                   "InitialVariantWeight": 0.25, "ContainerStartupHealthCheckTimeoutInSeconds": 90}
    assert new["VariantName"] == "c2"


def test_endpoint_states(cloud, image):
    call = driver(cloud.env)
    call("create-model", "m", image, stand_in.ROLE)
    for c in ("c1", "c2"):
        call("create-config", c, "m", "ml.m5.large", 1)
    call("create-endpoint", "e", "c1")
    refused("E_EXISTS", "ValidationException", call, "create-endpoint", "e", "c1")
    refused("E_EXISTS", "EndpointInProgress", call, "update-endpoint", "e", "c2")
    assert [call("endpoint", "e")["status"] for _ in range(2)] == ["Creating", "InService"]
    cloud.outcomes.append(stand_in.ROLLED_BACK)
    call("update-endpoint", "e", "c2")
    told = [call("endpoint", "e") for _ in range(2)]
    assert [(t["status"], t["config"], t["reason"]) for t in told] == [("Updating", "c1", ""), ("InService", "c1", "")]
    call("update-endpoint", "e", "c2")
    assert [call("endpoint", "e")["config"] for _ in range(2)] == ["c1", "c2"]
    assert json.loads(call("invoke", "e")) == {"variant": "c2"}
    call("delete-config", "c2")
    assert cloud.violations == ["configuration c2 in use was deleted"]


def test_throttling_is_waited_out_and_lost_answers_are_not_repeated(cloud):
    call = driver(cloud.env)
    cloud.fail("CreateRepository", 1, "ThrottlingException", message="Rate exceeded", times=3)
    call("create-repository", "a")
    assert cloud.calls.count("CreateRepository") == 4
    cloud.calls.clear()
    cloud.cut("DescribeRepositories", 1, "after")
    call("repository", "a")
    assert cloud.calls.count("DescribeRepositories") == 2
    cloud.calls.clear()
    cloud.cut("CreateRepository", 1, "after")
    refused("E_CLOSED", "", call, "create-repository", "b")
    assert cloud.calls.count("CreateRepository") == 1
    assert call("repository", "b")["name"] == "b"


@pytest.mark.parametrize("code, result, hint", [
    ("ResourceLimitExceeded", "E_SERVER", "Service Quotas"),
    ("AccessDeniedException", "E_AUTH", "owner"),
    ("ResourceInUse", "E_EXISTS", ""),
])
def test_errors_are_named_and_say_what_to_do(cloud, code, result, hint):
    cloud.fail("DescribeModel", 1, code, message="Told by the service")
    e = refused(result, code, driver(cloud.env), "model", "m")
    assert hint in e.hint and e.text == f"DescribeModel: Told by the service ({code})"
