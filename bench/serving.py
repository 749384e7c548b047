"""A model as an endpoint: splice-scorer beside `mlflow models serve` of the same model."""
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

from kernels import environment
from measure import Figure, turns

STARTS = {"splice-scorer": 15, "mlflow": 3}
ROUNDS = 5
MESSAGES = {"splice-scorer": 200, "mlflow": 20}  # of one row, in one round
CLIENTS = (1, 8, 64)
LOAD_S = 5
LOAD_ROWS = 100  # of one request under load
START_LIMIT_S = 300
ASK_LIMIT_S = 120
WRK = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local f = io.open(os.getenv("BENCH_BODY"))
wrk.body = f:read("*a")
f:close()
function done(summary)
  io.stderr:write(summary.requests, " ", summary.duration, " ",
                  summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write, "\\n")
end
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One of the two, serving the model in `folder`."""

    def __init__(self, name, argv, env):
        self.name, self.argv, self.env = name, argv, env
        self.process = self.port = None

    def start(self, log):
        """Seconds from the spawn until a ping is answered with 200."""
        self.port = free_port()
        began = time.perf_counter()
        self.process = subprocess.Popen([a.format(port=self.port) for a in self.argv], env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, start_new_session=True)
        while time.perf_counter() - began < START_LIMIT_S:
            if self.process.poll() is not None:
                break
            try:
                if self.ask("GET", "/ping")[0] == 200:
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.0005)
        raise RuntimeError(f"{self.name} does not start: {log.name}")

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ASK_LIMIT_S)

    def ask(self, method, path, body=None, connection=None):
        c = connection or self.connect()
        c.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = c.getresponse()
        return answer.status, answer.read()

    def processes(self):
        """Those of its session: servers start workers, and MLflow a JVM."""
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid:
                found.append(int(stat.parent.name))
        return found

    def memory(self):
        """Proportional set size of all its processes, bytes: what is shared counts once."""
        total = 0
        for pid in self.processes():
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1]) * 1024
        return total

    def stop(self):
        import signal

        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.processes():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            try:
                self.process.wait(20)
                break
            except subprocess.TimeoutExpired:
                continue
        while self.processes():
            time.sleep(0.05)


def fit(csv, folder, say):
    say("fitting the model that is served")
    script = pathlib.Path(__file__).with_name("fit_model.py")
    subprocess.run([sys.executable, str(script), csv, folder], check=True, env=environment(folder),
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def servers(build, folder):
    python = os.path.dirname(sys.executable)
    env = environment(folder, PATH=f"{python}:{os.environ['PATH']}", MLFLOW_DISABLE_TELEMETRY="true",
                      GIT_PYTHON_REFRESH="quiet")
    return [Server("splice-scorer", [f"{build}/bin/splice-scorer", "serve", "--model", f"{folder}/model.json",
                                     "--port", "{port}"], env),
            Server("mlflow", [f"{python}/mlflow", "models", "serve", "-m", f"{folder}/mlflow", "-p", "{port}",
                              "-h", "127.0.0.1", "--env-manager", "local"], env)]


def measure_latency(server, body, count, figure):
    connection = server.connect()
    for _ in range(count):
        began = time.perf_counter()
        status, answer = server.ask("POST", "/invocations", body, connection)
        figure.add(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"{server.name}: {status} {answer[:500]}")
    connection.close()


def under_load(server, folder, clients):
    """Rows a second from so many clients that ask without a pause."""
    script = pathlib.Path(folder) / "load.lua"
    script.write_text(WRK)
    done = subprocess.run(["wrk", "-t", str(min(clients, 2)), "-c", str(clients), "-d", f"{LOAD_S}s", "--timeout",
                           f"{ASK_LIMIT_S}s", "-s", str(script), f"http://127.0.0.1:{server.port}/invocations"],
                          env={**os.environ, "BENCH_BODY": f"{folder}/rows.json"}, check=True, capture_output=True, text=True)
    requests, micros, errors = map(int, done.stderr.split()[-3:])
    if errors or not requests:
        raise RuntimeError(f"{server.name}: {errors} of {requests} requests failed\n{done.stdout}")
    return requests * LOAD_ROWS / (micros / 1e6)


def check_same(pair, body):
    """Both answer alike, or the rest says nothing."""
    answers = [json.loads(s.ask("POST", "/invocations", body)[1])["predictions"] for s in pair]
    if answers[0] != answers[1]:
        raise RuntimeError(f"the servers do not agree: {answers}")


def image_sizes(build, folder):
    """Bytes that each needs to serve the model: ours is a file and a model, MLflow's a Python environment and a Java."""
    python = pathlib.Path(sys.prefix)
    java = pathlib.Path(os.path.realpath(shutil.which("java"))).parents[1]

    def tree(path):
        return int(subprocess.run(["du", "-sb", str(path)], check=True, capture_output=True, text=True).stdout.split()[0])

    ours = os.path.getsize(f"{build}/bin/splice-scorer") + os.path.getsize(f"{folder}/model.json")
    return ours, tree(python) + tree(java) + tree(pathlib.Path(folder) / "mlflow")


def measure(build, csv, folder, say):
    """Figures by name: start, latency, memory, load (by number of clients), size."""
    fit(csv, folder, say)
    pair = servers(build, folder)
    names = [s.name for s in pair]
    start, latency, memory, size = ({n: Figure() for n in names} for _ in range(4))
    load = {c: {n: Figure() for n in names} for c in CLIENTS}
    rows = json.loads(pathlib.Path(folder, "rows.json").read_text())["dataframe_split"]
    one = json.dumps({"dataframe_split": {"columns": rows["columns"], "data": rows["data"][:1]}})
    with open(os.path.join(folder, "serving.log"), "ab") as log:
        for server in pair:
            for _ in range(STARTS[server.name]):
                if server.process:
                    server.stop()
                start[server.name].add(server.start(log))
            say(f"start {server.name}: {start[server.name].median * 1000:.1f} ms")
        try:
            check_same(pair, json.dumps({"dataframe_split": rows}))
            for server in turns(pair, ROUNDS):
                measure_latency(server, one, MESSAGES[server.name], latency[server.name])
            for server in pair:
                say(f"one row of {server.name}: {latency[server.name].median * 1000:.2f} ms")
            for clients in CLIENTS:
                for server in pair:
                    load[clients][server.name].add(under_load(server, folder, clients))
                    say(f"{clients} clients of {server.name}: {load[clients][server.name].median:,.0f} rows/s")
            for server in pair:
                memory[server.name].add(server.memory())
        finally:
            for server in pair:
                server.stop()
    for name, value in zip(names, image_sizes(build, folder)):
        size[name].add(value)
    return {"start": start, "latency": latency, "memory": memory, "load": load, "size": size}
