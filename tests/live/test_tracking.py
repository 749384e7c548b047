"""The tracking client against a real MLflow server: everything logged is there, equal, once.

Needs the program tests/live/tracking_driver.c (`make check-unit` builds it) and the installed Python environment.
"""
import contextlib
import http.server
import json
import math
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = ROOT / "build" / os.environ.get("VARIANT", "plain") / "tests/live/tracking_driver"
LIB = pathlib.Path(os.environ.get("SPLICE_LIB_DIR", pathlib.Path.home() / ".local/lib/splice-kernel"))


class Server:
    """`mlflow server` as the manager starts it, over one folder; can stop and come back elsewhere."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None
        self.url = None

    def start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        env = dict(os.environ, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", MLFLOW_DISABLE_TELEMETRY="true",
                   PATH=f"{LIB}/python/bin:{os.environ['PATH']}")
        env.pop("MLFLOW_TRACKING_URI", None)
        with open(self.folder / "server.log", "a") as log:
            self.process = subprocess.Popen(
                ["mlflow", "server", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db",
                 "--artifacts-destination", f"{self.folder}/artifacts", "--host", "127.0.0.1",
                 "--port", str(port), "--workers", "1"],
                env=env, stdout=log, stderr=log, start_new_session=True)
        deadline = time.time() + 120
        while time.time() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if urllib.request.urlopen(f"{self.url}/health", timeout=5).status == 200:
                    return
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-3000:]
            time.sleep(0.2)
        raise AssertionError("MLflow did not start within 120 s")

    def stop(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def get(self, path):
        return json.load(urllib.request.urlopen(f"{self.url}/api/2.0/mlflow/{path}", timeout=30))

    def run(self, run_id):
        run = self.get(f"runs/get?run_id={run_id}")["run"]
        data = run["data"]
        return run["info"], {k: {x["key"]: x["value"] for x in data.get(k, [])} for k in ("params", "metrics", "tags")}

    def history(self, run_id, key):
        points, page = [], ""
        while True:
            answer = self.get(f"metrics/get-history?run_id={run_id}&metric_key={key}&max_results=1000{page}")
            points += [(m["step"], m["value"]) for m in answer.get("metrics", [])]
            if not answer.get("next_page_token"):
                return points
            page = f"&page_token={answer['next_page_token']}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("mlflow"))
    s.start()
    yield s
    s.stop()


class Kernel:
    """One tracking client, driven over its standard input."""

    def __init__(self, state, server, **variables):
        self.address = state / "address"
        self.address.write_text(server.url)
        env = dict(os.environ, XDG_STATE_HOME=str(state), TRACKING_DRIVER_URI_FILE=str(self.address), **variables)
        env.pop("MLFLOW_TRACKING_URI", None)
        self.process = subprocess.Popen([DRIVER], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, op, **args):
        self.process.stdin.write(json.dumps({"op": op, "args": args}) + "\n")
        self.process.stdin.flush()

    def __call__(self, op, **args):
        self.send(op, **args)
        answer = json.loads(self.process.stdout.readline())
        assert "ok" in answer, answer
        return answer["ok"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def kernel(tmp_path, server):
    k = Kernel(tmp_path, server)
    yield k
    if k.process.poll() is None:
        k.close()


def begin(kernel, name):
    kernel("create_experiment", name=name)
    return kernel("create_run", user="Ben")["run"]["id"]


def journals(state):
    return list((state / "splice-kernel/journal").glob("*.journal"))


def wait_until(true, seconds=30):
    deadline = time.time() + seconds
    while not true():
        assert time.time() < deadline, "still waiting"
        time.sleep(0.1)


def test_everything_logged_is_there_and_equal(kernel, server):
    run = begin(kernel, "equal <b>&amp; 'quoted' \"名前\"</b>")
    params = {f"p{i}": f"value {i} ü'\"\\\n" for i in range(250)}
    values = [0.1, 1e-300, 1.5e300, -0.0, 2**53, math.pi]
    kernel("log", params=params, tags={"note": "line 1\nline 2"})
    for i, v in enumerate(values):
        kernel("log", metrics=[{"key": "m/x y", "value": v, "step": i}])
    kernel("log", metrics={"bad": "NaN", "huge": "Infinity"})
    kernel("log", metrics=[{"key": "many", "value": i, "step": i} for i in range(2500)])
    kernel("log", params={"long": "x" * 6000, "cut": "y" * 7000})
    assert kernel("flush", timeout_ms=60000)["pending"] == 0
    info, data = server.run(run)
    assert info["status"] == "RUNNING" and info["run_name"] == "Ben"
    assert {k: data["params"][k] for k in params} == params
    assert data["params"]["long"] == "x" * 6000 and data["params"]["cut"] == "y" * 6000
    assert data["tags"]["note"] == "line 1\nline 2"
    assert server.history(run, "m/x%20y") == list(enumerate(values))
    assert server.history(run, "many") == [(i, i) for i in range(2500)]
    assert data["metrics"]["bad"] == "NaN"
    kernel.close()
    assert server.run(run)[0]["status"] == "FINISHED"


def test_cut_values_are_told(kernel):
    begin(kernel, "cut")
    assert "cut from 6001 to 6000" in kernel("log", params={"p": "x" * 6001})["notices"][0]


def test_artifacts_come_back_equal(kernel, server, tmp_path):
    begin(kernel, "artifacts")
    model = tmp_path / "model"
    (model / "sparkml/stages").mkdir(parents=True)
    (model / "MLmodel").write_text("flavors: {}\n")
    (model / "sparkml/stages/part 0ü").write_bytes(os.urandom(3 << 20))
    (model / "empty").write_bytes(b"")
    done = kernel("log_artifacts", dir=str(model), path="spark_model")
    assert done["files"] == 3 and done["bytes"] == (3 << 20) + 12
    listed = kernel("list_artifacts", path="spark_model")["files"]
    assert {f["path"].split("/")[-1] for f in listed} == {"MLmodel", "empty", "sparkml"}
    back = tmp_path / "back"
    kernel("download_artifact", path="spark_model/sparkml/stages/part 0ü", file=str(back))
    assert back.read_bytes() == (model / "sparkml/stages/part 0ü").read_bytes()


@pytest.mark.parametrize("after", [1, 30, 300])
def test_a_killed_kernel_loses_nothing_and_doubles_nothing(tmp_path, server, after):
    kernel = Kernel(tmp_path, server)
    run = begin(kernel, f"killed {after}")
    for i in range(after):
        kernel("log", metrics=[{"key": "m", "value": i, "step": i}], params={f"p{i}": i})
    kernel.kill()
    heir = Kernel(tmp_path, server)
    wait_until(lambda: not journals(tmp_path))
    info, data = server.run(run)
    assert info["status"] == "KILLED" and info["end_time"] >= info["start_time"]
    assert server.history(run, "m") == [(i, i) for i in range(after)]
    assert data["params"] == {f"p{i}": str(i) for i in range(after)}
    heir.close()


def test_killed_in_mid_delivery(tmp_path, server):
    """Killed again and again while the backlog is being sent: still everything once."""
    kernel = Kernel(tmp_path, server)
    run = begin(kernel, "again and again")
    for i in range(20):
        kernel("log", metrics=[{"key": "m", "value": j, "step": j} for j in range(i * 1000, i * 1000 + 1000)])
    kernel.kill()
    for pause in (0.05, 0.2, 0.5):
        heir = Kernel(tmp_path, server)
        time.sleep(pause)
        heir.kill()
    heir = Kernel(tmp_path, server)
    wait_until(lambda: not journals(tmp_path), 60)
    assert server.history(run, "m") == [(i, i) for i in range(20000)]
    heir.close()


def test_two_heirs_at_once(tmp_path, server):
    kernel = Kernel(tmp_path, server)
    run = begin(kernel, "heirs")
    for i in range(100):
        kernel("log", metrics=[{"key": "m", "value": i, "step": i}])
    kernel.kill()
    heirs = [Kernel(tmp_path, server) for _ in range(4)]
    wait_until(lambda: not journals(tmp_path))
    assert server.history(run, "m") == [(i, i) for i in range(100)]
    for heir in heirs:
        heir.close()


def test_server_down_then_up_elsewhere(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    server = Server(folder)
    server.start()
    try:
        kernel = Kernel(tmp_path, server)
        run = begin(kernel, "down")
        server.stop()
        started = time.time()
        for i in range(200):
            kernel("log", metrics=[{"key": "m", "value": i, "step": i}])
        assert time.time() - started < 2, "logging waited for a server that is down"
        kernel.send("create_run", user="Amy")
        answer = json.loads(kernel.process.stdout.readline())
        assert answer["error"]["code"] == "E_IO" and "check that the server runs" in answer["error"]["hint"]
        server.start()
        kernel.address.write_text(server.url)
        assert kernel("flush", timeout_ms=60000)["pending"] == 0
        assert server.history(run, "m") == [(i, i) for i in range(200)]
        assert kernel("create_run", user="Amy")["run"]["name"] == "Amy"
        kernel.close()
    finally:
        server.stop()
        shutil.rmtree(folder / "artifacts", ignore_errors=True)


class Experiments(http.server.BaseHTTPRequestHandler):
    """Answers every question with an empty list of experiments."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


@pytest.fixture
def tls(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Experiments)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    httpd.url = f"https://localhost:{httpd.server_port}"
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def refused(kernel, op):
    kernel.send(op)
    answer = json.loads(kernel.process.stdout.readline())
    kernel.close()
    return answer["error"]


def test_certificates_are_verified(tls, tmp_path):
    error = refused(Kernel(tmp_path, tls), "experiments")
    assert error["code"] == "E_AUTH" and "certificate" in error["text"] and "authority" in error["hint"]
    trusting = Kernel(tmp_path, tls, MLFLOW_TRACKING_SERVER_CERT_PATH=str(tmp_path / "cert"))
    assert trusting("experiments")["experiments"] == []
    trusting.close()
    careless = Kernel(tmp_path, tls, MLFLOW_TRACKING_INSECURE_TLS="true")
    assert careless("experiments")["experiments"] == []
    careless.close()
    tls.url = tls.url.replace("localhost", "127.0.0.1")
    other_name = Kernel(tmp_path, tls, MLFLOW_TRACKING_SERVER_CERT_PATH=str(tmp_path / "cert"))
    assert refused(other_name, "experiments")["code"] == "E_AUTH"
