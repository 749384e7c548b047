"""Images of ours beside Debian's registry and skopeo."""

import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import registry  # noqa: E402  (ours, in tests/servers)

DRIVER = ROOT / "build" / os.environ.get("VARIANT", "plain") / "tests/live/oci_driver"
MIB = 1 << 20


@pytest.fixture
def server(tmp_path):
    with registry.Server(tmp_path / "registry") as r:
        yield r


@pytest.fixture
def noise(tmp_path):
    """A file that does not compress."""
    path = tmp_path / "noise"
    path.write_bytes(random.Random(7).randbytes(20 * MIB + 11))
    return path


def drive(*args, **env):
    done = subprocess.run([DRIVER, *map(str, args)], capture_output=True, text=True, timeout=240,
                          env={**os.environ, **env})
    if done.returncode:
        raise RuntimeError(done.stderr.splitlines()[-1])
    return json.loads(done.stdout), [tuple(map(int, line.split())) for line in done.stderr.splitlines()]


def push(server_url, layout, noise, tag="v1", repository="team/splice-scorer", **env):
    return drive("push", server_url, repository, layout, tag, "bin/true=/bin/true", f"opt/noise={noise}", **env)


def skopeo(*args):
    done = subprocess.run(["skopeo", *map(str, args)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def blobs_sent(server):
    return sum(1 for _ in (server.folder / "data").rglob("_layers/sha256/*/link"))


def test_pushed_image_is_what_others_read(server, noise, tmp_path):
    told, progress = push(server.url, tmp_path / "layout", noise)
    manifest, headers = server.get("/v2/team/splice-scorer/manifests/v1",
                                   Accept="application/vnd.docker.distribution.manifest.v2+json")
    assert headers["Docker-Content-Digest"] == told["digest"]
    assert json.loads(manifest)["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    seen = json.loads(skopeo("inspect", "--tls-verify=false",
                             f"docker://127.0.0.1:{server.port}/team/splice-scorer:v1"))
    assert seen["Digest"] == told["digest"] and seen["Architecture"] == "amd64" and seen["Os"] == "linux"
    assert seen["Labels"] == {"org.opencontainers.image.title": "test"} and len(seen["Layers"]) == 2
    assert progress == sorted(progress) and progress[-1][0] == progress[-1][1] > 20 * MIB


def test_layout_is_read_and_copied_by_skopeo(server, noise, tmp_path):
    layout = tmp_path / "layout"
    drive("build", layout, "v1", "bin/true=/bin/true", f"opt/noise={noise}")
    seen = json.loads(skopeo("inspect", f"oci:{layout}:v1"))
    config = json.loads(skopeo("inspect", "--config", f"oci:{layout}:v1"))
    assert config["config"]["User"] == "65532:65532" and config["config"]["Entrypoint"] == ["/bin/true"]
    skopeo("copy", "--dest-tls-verify=false", f"oci:{layout}:v1", f"docker://127.0.0.1:{server.port}/copied:v1")
    skopeo("copy", "--src-tls-verify=false", f"docker://127.0.0.1:{server.port}/copied:v1", f"dir:{tmp_path}/back")
    for name in seen["Layers"]:
        assert (tmp_path / "back" / name.removeprefix("sha256:")).is_file()
    newest = max((layout / "blobs/sha256").iterdir(), key=lambda p: p.stat().st_size)
    with tarfile.open(newest, "r:gz") as layer:
        assert layer.getnames() == ["opt", "opt/noise"]
        assert layer.extractfile("opt/noise").read() == noise.read_bytes()


def test_second_build_and_push_send_nothing(server, noise, tmp_path):
    first, _ = push(server.url, tmp_path / "a", noise)
    second, progress = push(server.url, tmp_path / "b", noise, tag="v2")
    assert first["digest"] == second["digest"]
    assert len(progress) == 3 and blobs_sent(server) == 3  # a line for each blob that was there


def test_unchanged_layer_is_skipped(server, noise, tmp_path):
    push(server.url, tmp_path / "a", noise)
    other = tmp_path / "other"
    other.write_bytes(b"x" * 100)
    push(server.url, tmp_path / "b", other, tag="v2")
    assert blobs_sent(server) == 5  # the program's layer is one and the same


@pytest.mark.parametrize("cuts", [[3 * MIB], [500], [2 * MIB, 2 * MIB + 100, 9 * MIB + 3, 19 * MIB]])
def test_cut_connections_are_survived(server, noise, tmp_path, cuts):
    with registry.Cutter(server.port, cuts) as cutter:
        told, _ = push(cutter.url, tmp_path / "layout", noise, REGISTRY_PART=str(MIB))
        assert cutter.cut == len(cuts)
    _, headers = server.get("/v2/team/splice-scorer/manifests/v1",
                            Accept="application/vnd.docker.distribution.manifest.v2+json")
    assert headers["Docker-Content-Digest"] == told["digest"]


def test_password_is_asked_for(noise, tmp_path):
    with registry.Server(tmp_path / "registry", protected=True) as server:
        with pytest.raises(RuntimeError, match='"E_AUTH"'):
            push(server.url, tmp_path / "layout", noise)
        with pytest.raises(RuntimeError, match='"E_AUTH"'):
            push(server.url, tmp_path / "layout", noise, REGISTRY_USER="tester", REGISTRY_PASSWORD="wrong")
        told, _ = push(server.url, tmp_path / "layout", noise, REGISTRY_USER=server.user,
                       REGISTRY_PASSWORD=server.password)
        seen = json.loads(skopeo("inspect", "--tls-verify=false", "--creds", "tester:secret",
                                 f"docker://127.0.0.1:{server.port}/team/splice-scorer:v1"))
        assert seen["Digest"] == told["digest"]


def test_registry_that_is_not_there_is_named(noise, tmp_path):
    with pytest.raises(RuntimeError, match="E_IO.*127.0.0.1:1"):
        push("http://127.0.0.1:1", tmp_path / "layout", noise)
