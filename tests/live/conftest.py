"""Fixtures of the live tests: an installation of its own for each test run.

Every test works below one temporary folder that stands in for HOME and all XDG folders, so that tests neither see nor
disturb what the person at the machine runs. Only the Python environments and jars (`SPLICE_LIB_DIR`) are shared.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

from ports import free_port  # noqa: E402

BUILD = ROOT / "build" / os.environ.get("VARIANT", "plain")
LIB = pathlib.Path(os.environ.get("SPLICE_LIB_DIR", pathlib.Path.home() / ".local/lib/splice-kernel"))


class Home:
    """A private installation: environment variables and a kernelspec `splice` of the built kernel."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(("SPLICE_", "AWS_", "MLFLOW_", "SPARK_", "JUPYTER_", "JPY_"))}
        for name, place in (("XDG_CONFIG_HOME", "config"), ("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state"),
                            ("XDG_RUNTIME_DIR", "run"), ("HOME", "home")):
            (self.folder / place).mkdir(mode=0o700, exist_ok=True)
            self.env[name] = str(self.folder / place)
        self.env["SPLICE_LIB_DIR"] = str(LIB)
        self.env["SPLICE_SITE"] = str(ROOT / "python")
        self.env["JUPYTER_PATH"] = str(self.folder / "jupyter")
        # Ports of the local services that no other test run uses.
        self.env["SPLICE_DB_PORT"] = str(free_port())
        self.env["SPLICE_MLFLOW_PORT"] = str(free_port())
        self.env["SPLICE_JOBS_PORT"] = str(free_port())
        self.env["SPLICE_ENDPOINT_PORT"] = str(free_port())
        self.env["SPLICE_SPARK_MASTER"] = "local[2]"
        spec = self.folder / "jupyter/kernels/splice"
        spec.mkdir(parents=True)
        text = (ROOT / "kernelspec/kernel.json.in").read_text()
        (spec / "kernel.json").write_text(text.replace("@KERNEL@", str(BUILD / "bin/splice-kernel")))

    @property
    def log(self):
        return (self.folder / "state/splice-kernel/logs/kernel.log").read_text()

    def manager(self, *args):
        return subprocess.run([BUILD / "bin/splice-manager", *args], env=self.env, capture_output=True, text=True,
                              timeout=120)

    def close(self):
        self.manager("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def home():
    # A short path: ipc addresses hold 107 bytes.
    h = Home(tempfile.mkdtemp(prefix="sk-", dir="/tmp"))
    yield h
    h.close()


class Result:
    """What one cell did: the reply's content, and its iopub messages without status and execute_input."""

    def __init__(self, reply, messages):
        self.reply = reply
        self.messages = messages

    @property
    def status(self):
        return self.reply["status"]

    @property
    def text(self):
        return "".join(m["content"]["text"] for m in self.messages if m["msg_type"] == "stream")

    def data(self, mime="text/plain"):
        """The MIME values of all displays and results, in order."""
        return [m["content"]["data"][mime] for m in self.messages
                if m["msg_type"] in ("display_data", "update_display_data", "execute_result")
                and mime in m["content"]["data"]]


class Kernel:
    """A kernel started by jupyter_client, as a notebook server starts it."""

    def __init__(self, home, **env):
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import KernelManager

        specs = KernelSpecManager(kernel_dirs=[str(home.folder / "jupyter/kernels")])
        self.home = home
        self.manager = KernelManager(kernel_name="splice", kernel_spec_manager=specs)
        self.manager.start_kernel(env={**home.env, **env})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=30)

    @property
    def pid(self):
        return self.manager.provisioner.process.pid

    def run(self, code, timeout=120, **kw):
        messages = []

        def keep(m):
            if m["msg_type"] not in ("status", "execute_input"):
                messages.append(m)

        reply = self.client.execute_interactive(code, output_hook=keep, timeout=timeout, **kw)
        return Result(reply["content"], messages)

    def ok(self, code, **kw):
        result = self.run(code, **kw)
        assert result.status == "ok", json.dumps(result.reply)[:3000]
        return result

    def fails(self, code, **kw):
        result = self.run(code, **kw)
        assert result.status == "error", result.messages
        return result

    def close(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=False)


@pytest.fixture
def kernel(home):
    k = Kernel(home)
    yield k
    k.close()


@pytest.fixture(scope="module")
def shared_kernel(home):
    """One kernel for the tests of a file that leave nothing behind."""
    k = Kernel(home)
    yield k
    k.close()
