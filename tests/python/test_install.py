"""install.sh and tools/install-files, as far as no network and no root are needed."""
import json
import os
import shutil
import subprocess

import pytest

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
INSTALL_FILES = os.path.join(TOP, "tools", "install-files")
# What install.sh itself needs; of what is to be installed, only a compiler and a library.
TOOLS = ("bash sh env dirname basename cat sed awk grep tail head wc tr du df id uname sha256sum cut sort fold "
         "nproc flock rm mv mkdir dpkg-query apt-get find sleep ls gcc make python3").split()


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, **options)


def tree(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder)
                  for where, _, names in os.walk(folder) for name in names)


@pytest.fixture
def build(tmp_path):
    """A build folder with a program that does nothing."""
    program = tmp_path / "build" / "bin" / "splice-kernel"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(tmp_path / "build")


def install_files(prefix, build, *before, destdir=""):
    done = run(INSTALL_FILES, *before, destdir, str(prefix), build)
    assert done.returncode == 0, done.stderr
    return done


def test_install_and_remove_leave_what_was_there(tmp_path, build):
    prefix = tmp_path / "a & b 'c'"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "mine").write_text("")
    install_files(prefix, build)
    assert os.access(prefix / "bin" / "splice-kernel", os.X_OK)
    spec = prefix / "share" / "jupyter" / "kernels" / "splice"
    assert {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"} == set(os.listdir(spec))
    assert json.loads((spec / "kernel.json").read_text())["argv"][0] == str(prefix / "bin" / "splice-kernel")
    before = tree(prefix)
    install_files(prefix, build)
    assert tree(prefix) == before, "a second time changes nothing"
    data = prefix / "share" / "splice-kernel" / "buckets" / "b" / "file"
    data.parent.mkdir(parents=True)
    data.write_text("the user's")
    install_files(prefix, build, "--remove")
    assert tree(prefix) == ["bin/mine", "share/splice-kernel/buckets/b/file"]


def test_a_quoted_path_stays_json(tmp_path, build):
    prefix = tmp_path / 'quo"te\\back'
    install_files(prefix, build)
    spec = json.loads((prefix / "share/jupyter/kernels/splice/kernel.json").read_text())
    assert spec["argv"][0] == str(prefix / "bin" / "splice-kernel")


def test_destdir_is_in_no_path(tmp_path, build):
    stage = tmp_path / "stage"
    install_files("/usr/local", build, destdir=str(stage))
    spec = (stage / "usr/local/share/jupyter/kernels/splice/kernel.json").read_text()
    manifest = (stage / "usr/local/lib/splice-kernel/manifest").read_text()
    assert json.loads(spec)["argv"][0] == "/usr/local/bin/splice-kernel"
    assert str(stage) not in spec and str(stage) not in manifest
    install_files("/usr/local", build, "--remove", destdir=str(stage))
    assert not stage.exists() or tree(stage) == []


def test_a_newer_version_removes_what_it_no_longer_has(tmp_path, build):
    prefix = tmp_path / "p"
    extra = os.path.join(build, "bin", "splice-old")
    shutil.copy(os.path.join(build, "bin", "splice-kernel"), extra)
    install_files(prefix, build)
    assert (prefix / "bin" / "splice-old").exists()
    os.unlink(extra)
    install_files(prefix, build)
    assert not (prefix / "bin" / "splice-old").exists() and (prefix / "bin" / "splice-kernel").exists()


def test_a_damaged_manifest_removes_nothing_else(tmp_path, build):
    prefix, precious = tmp_path / "p", tmp_path / "precious"
    precious.write_text("")
    install_files(prefix, build)
    with open(prefix / "lib/splice-kernel/manifest", "a") as out:
        out.write("f %s\nT %s\nt %s/lib/splice-kernel/../../../precious\nf \n" % (precious, tmp_path, prefix))
    install_files(prefix, build, "--remove")
    assert precious.exists() and not (prefix / "bin" / "splice-kernel").exists()


def test_nothing_built_is_an_error(tmp_path):
    done = run(INSTALL_FILES, "", str(tmp_path / "p"), str(tmp_path))
    assert done.returncode == 1 and "run make first" in done.stderr


def install_sh(*arguments, **environment):
    return run(os.path.join(TOP, "install.sh"), *arguments, env={**os.environ, **environment})


def test_help_and_wrong_options(tmp_path):
    assert "--sys-prefix" in install_sh("--help").stdout
    assert install_sh("--prefix").returncode == 2
    wrong = install_sh("--frobnicate")
    assert wrong.returncode == 2 and "--frobnicate" in wrong.stderr


def test_uninstall_asks_and_says_when_there_is_nothing(tmp_path, build):
    prefix = tmp_path / "p"
    nothing = install_sh("--uninstall", "--prefix", str(prefix))
    assert nothing.returncode == 1 and "nothing is installed" in nothing.stderr
    install_files(prefix, build)
    unasked = install_sh("--uninstall", "--prefix", str(prefix))
    assert unasked.returncode == 1 and "--yes" in unasked.stderr
    data = tmp_path / "home" / "splice-kernel" / "derby"
    data.mkdir(parents=True)
    done = install_sh("--uninstall", "--yes", "--prefix", str(prefix), XDG_DATA_HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr
    assert not prefix.exists() and data.exists() and str(data.parent) in done.stdout


def test_without_root_the_missing_packages_are_one_command(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name, path="/usr/bin:/bin")
        if found:
            (tools / name).symlink_to(found)
    (tools / "id").unlink()
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "id").chmod(0o755)
    done = install_sh("--prefix", str(tmp_path / "p"), PATH=str(tools))
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends " in done.stderr and "maven" in done.stderr
    assert not (tmp_path / "p").exists(), "nothing is made before it is refused"


def test_pins_are_exact_and_agree():
    def pins(name):
        with open(os.path.join(TOP, "python", name)) as lines:
            return [line.split("#")[0].strip().lower() for line in lines if line.split("#")[0].strip()]

    tried = {line.replace("_", "-") for line in pins("constraints.txt")}
    for line in pins("requirements.txt") + pins("requirements-test.txt"):
        name, version = line.split("==")
        assert "%s==%s" % (name.split("[")[0].replace("_", "-"), version) in tried
