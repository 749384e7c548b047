"""splice-manager with the real Derby and MLflow, under folders of its own."""
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.request

import pytest

from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / os.environ.get("VARIANT", "plain") / "bin/splice-manager"
LIB = pathlib.Path(os.environ.get("SPLICE_LIB_DIR", pathlib.Path.home() / ".local/lib/splice-kernel"))

pytestmark = pytest.mark.skipif(not (LIB / "jars/derby").is_dir() or not (LIB / "python").is_dir(),
                                reason=f"no Derby or MLflow below {LIB}")

EXCSAT = bytes([0, 10, 0xD0, 1, 0, 1, 0, 4, 0x10, 0x41])


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {what}")


def asks_derby(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
            s.sendall(EXCSAT)
            return s.recv(100)[8:10] == b"\x14\x43"
    except OSError:
        return False


class Manager:
    """A manager's world: folders, ports, and the commands run in it."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "run").mkdir(mode=0o700)
        self.db_port, self.mlflow_port = free_port(), free_port()
        self.env = {**os.environ, "HOME": str(folder), "SPLICE_LIB_DIR": str(LIB),
                    "XDG_RUNTIME_DIR": str(folder / "run"), "XDG_DATA_HOME": str(folder / "data"),
                    "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config"),
                    "SPLICE_DB_PORT": str(self.db_port), "SPLICE_MLFLOW_PORT": str(self.mlflow_port)}
        self.data = folder / "data/splice-kernel"
        self.logs = folder / "state/splice-kernel/logs"
        self.socket = folder / "run/splice-kernel/manager.sock"

    def run(self, *words, timeout=200, **changed):
        return subprocess.run([BIN, *words], env={**self.env, **changed}, capture_output=True,
                              text=True, timeout=timeout)

    def ok(self, *words, **changed):
        done = self.run(*words, **changed)
        assert done.returncode == 0, done.stderr
        return done

    def popen(self, *words, **changed):
        return subprocess.Popen([BIN, *words], env={**self.env, **changed}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def status(self):
        answer = json.loads(self.ok("status", "--json").stdout)
        return {"manager": answer["manager"], **{s["name"]: s for s in answer["services"]}}

    def running(self):
        return self.run("status").returncode == 0

    def processes(self):
        """Whatever this world started: its environment names the folder."""
        found = []
        needle = f"XDG_DATA_HOME={self.folder}/data\0".encode()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if needle in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def named(self, name):
        """The processes() of this program name."""
        found = []
        for pid in self.processes():
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == name:
                    found.append(pid)
            except OSError:
                pass  # ended meanwhile
        return found

    def link(self, kind="kernel"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(str(self.socket))
        f = s.makefile("rw")
        f.write(json.dumps({"id": 1, "op": "hello", "version": 1, "kind": kind}) + "\n")
        f.flush()
        assert json.loads(f.readline())["ok"]
        return s, f

    def clean_up(self):
        self.run("stop")
        wait_until(lambda: not self.processes(), 10, "no process is left")


@pytest.fixture
def manager(tmp_path):
    m = Manager(tmp_path)
    yield m
    m.clean_up()


def password(manager):
    text = (manager.data / "database/derby.properties").read_text()
    return re.search(r"derby\.user\.splice=(\w+)", text)[1]


def test_both_servers_start_are_shown_and_stop(manager):
    assert manager.run("status").returncode == 3
    started = manager.ok("start")
    assert started.stdout.splitlines() == [
        f"database   derby://splice@127.0.0.1:{manager.db_port}/splicedb",
        f"mlflow     http://127.0.0.1:{manager.mlflow_port}"]
    assert "starting the local Derby server …" in started.stderr
    assert re.search(r"starting MLflow … \d+ s", started.stderr)
    assert asks_derby(manager.db_port)
    with urllib.request.urlopen(f"http://127.0.0.1:{manager.mlflow_port}/health") as answer:
        assert answer.read() == b"OK"
    status = manager.status()
    for name in ("database", "mlflow"):
        assert status[name]["state"] == "ready"
        assert status[name]["memory_kib"] > 30000
        assert status[name]["data"] == str(manager.data / name)
    assert len(manager.processes()) == 5  # manager, guard, java, MLflow's two
    manager.ok("stop", "mlflow")
    assert manager.status()["mlflow"]["state"] == "stopped"
    assert manager.status()["database"]["state"] == "ready"
    manager.ok("stop")
    wait_until(lambda: not manager.processes(), 5, "no process is left")
    assert not manager.socket.exists()
    assert "Shutting down Derby engine" in (manager.logs / "derby.log").read_text()
    assert manager.run("stop").returncode == 0


def test_a_run_logged_before_a_restart_is_there_after_it(manager):
    def call(path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{manager.mlflow_port}/api/2.0/mlflow/{path}", json.dumps(body).encode(),
            {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request))

    manager.ok("start", "mlflow", PYTHONPATH="/nonexistent", MLFLOW_TRACKING_URI="http://nowhere:1")
    experiment = call("experiments/create", {"name": "kept"})["experiment_id"]
    manager.ok("restart", "mlflow")
    found = call("experiments/search", {"max_results": 10})["experiments"]
    assert experiment in [e["experiment_id"] for e in found]


def test_password_is_private_needed_and_nowhere_else(manager, tmp_path):
    manager.ok("start", "database")
    properties = manager.data / "database/derby.properties"
    assert stat.S_IMODE(properties.stat().st_mode) == 0o600
    assert stat.S_IMODE(properties.parent.stat().st_mode) == 0o700
    secret = password(manager)
    for pid in manager.processes():
        for name in ("cmdline", "environ"):
            assert secret.encode() not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    for log in manager.logs.iterdir():
        assert secret not in log.read_text()
    sock, link = manager.link()
    link.write('{"id":2,"op":"ensure","service":"database"}\n')
    link.flush()
    url = json.loads(link.readline())["url"]
    assert url == f"derby://splice:{secret}@127.0.0.1:{manager.db_port}/splicedb;create=true"
    link.close()
    sock.close()

    jars = ":".join(map(str, (LIB / "jars/derby").glob("*.jar")))
    ij = ["java", "-cp", jars, "org.apache.derby.tools.ij"]
    jdbc = f"jdbc:derby://127.0.0.1:{manager.db_port}/splicedb;create=true;user=splice;password="

    def sql(pw, text):
        script = tmp_path / "try.sql"
        script.write_text(f"connect '{jdbc}{pw}';\n{text}\nexit;\n")
        return subprocess.run([*ij, script], cwd=tmp_path, capture_output=True, text=True,
                              timeout=60).stdout

    assert "08004" in sql("wrong", "")
    assert "SPLICE" in sql(secret, "values current schema;")


def test_starts_at_the_same_moment_make_one_manager(manager):
    for _ in range(10):
        starts = [manager.popen("start", "manager") for _ in range(8)]
        for p in starts:
            _, errors = p.communicate(timeout=30)
            assert p.returncode == 0, errors
        winner = manager.status()["manager"]["pid"]
        wait_until(lambda: manager.named("splice-manager") == [winner], 2, "the others have gone")
        manager.ok("stop")


def test_two_clients_at_once_get_one_database(manager):
    starts = [manager.popen("start", "database") for _ in range(4)]
    answers = {p.communicate(timeout=60)[0] for p in starts}
    assert answers == {f"database   derby://splice@127.0.0.1:{manager.db_port}/splicedb\n"}
    assert len(manager.named("java")) == 1


def test_a_taken_port_is_said_and_kept_free_of(manager):
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", manager.db_port))
        squatter.listen()
        done = manager.ok("start", "database")
        port = manager.status()["database"]["port"]
        assert port > manager.db_port
        assert (f"port {manager.db_port} is taken; the local Derby server uses {port}\n"
                in done.stderr)
        assert asks_derby(port)


def test_a_killed_derby_is_restarted_with_its_data(manager):
    manager.ok("start", "database")
    before = manager.status()["database"]
    sock, link = manager.link()
    link.write('{"id":2,"op":"ensure","service":"database"}\n')
    link.flush()
    link.readline()
    os.kill(before["pid"], signal.SIGKILL)

    def back():
        now = manager.status()["database"]
        return now["state"] == "ready" and now["pid"] != before["pid"] and now

    after = wait_until(back, 20, "Derby is back")
    assert after["port"] == before["port"] and after["restarts"] == 1
    assert "killed by signal 9" in after["reason"]
    link.write('{"id":3,"op":"ensure","service":"database"}\n')
    link.flush()
    assert "was killed by signal 9 (Killed) and was started again" in json.loads(link.readline())["notice"]
    sock.close()


@pytest.mark.parametrize("guard_too", [False, True])
def test_a_killed_manager_leaves_nothing_that_matters(manager, guard_too):
    manager.ok("start")
    pid = manager.status()["manager"]["pid"]
    guards = manager.named("splice-guard")
    assert len(guards) == 1
    if guard_too:
        os.kill(guards[0], signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    if not guard_too:
        wait_until(lambda: not manager.processes(), 8, "the guard ended everything")
    assert not manager.running()
    manager.ok("start")
    status = manager.status()
    assert status["database"]["port"] == manager.db_port
    assert status["mlflow"]["port"] == manager.mlflow_port
    assert len(manager.processes()) == 5


def test_it_ends_when_idle_but_not_while_linked(manager):
    manager.ok("start", "database", SPLICE_MANAGER_IDLE_MINUTES="0.02")
    sock, link = manager.link()
    link.close()
    time.sleep(2)
    assert manager.running()
    sock.close()
    wait_until(lambda: not manager.processes(), 10, "it ended")
    assert "ending: nothing to do" in (manager.logs / "manager.log").read_text()
    assert "Shutting down Derby engine" in (manager.logs / "derby.log").read_text()


def test_an_open_connection_keeps_it_alive(manager):
    manager.ok("start", "database", SPLICE_MANAGER_IDLE_MINUTES="0.02")
    with socket.create_connection(("127.0.0.1", manager.db_port)):
        time.sleep(3)
        assert manager.running()
    wait_until(lambda: not manager.processes(), 10, "it ended")


def test_wrong_java_is_explained(manager, tmp_path):
    done = manager.run("start", "database", JAVA_HOME="/nonexistent")
    assert done.returncode == 1
    assert "JAVA_HOME is /nonexistent" in done.stderr and "openjdk-17" in done.stderr
    manager.ok("stop")
    old = tmp_path / "java/bin/java"
    old.parent.mkdir(parents=True)
    old.write_text("#!/bin/sh\necho 'java.lang.UnsupportedClassVersionError: class file version 60.0'\n"
                   "exit 1\n")
    old.chmod(0o755)
    done = manager.run("start", "database", JAVA_HOME=str(tmp_path / "java"))
    assert done.returncode == 1
    assert "UnsupportedClassVersionError" in done.stderr and "Java 17 or newer" in done.stderr
    manager.ok("stop")
    assert manager.ok("start", "database").returncode == 0


def test_places_that_cannot_be_written_are_named(manager):
    blocked = manager.folder / "blocked"
    blocked.write_text("")
    done = manager.run("start", "manager", XDG_DATA_HOME=str(blocked))
    assert done.returncode == 1 and str(blocked) in done.stderr
    done = manager.run("start", "manager", XDG_STATE_HOME=str(blocked))
    assert done.returncode == 1 and str(blocked) in done.stderr
    done = manager.run("start", "database", SPLICE_LIB_DIR="/nonexistent")
    assert done.returncode == 1 and "install.sh" in done.stderr


def test_a_manager_of_another_runtime_folder_is_used(manager):
    manager.ok("start", "database")
    other = manager.folder / "other"
    other.mkdir(mode=0o700)
    assert manager.run("status", XDG_RUNTIME_DIR=str(other)).returncode == 0
    assert manager.ok("start", "database", XDG_RUNTIME_DIR=str(other)).stderr == ""


def test_run_stays_in_front_and_ends_on_sigterm(manager):
    p = manager.popen("run")
    wait_until(manager.running, 5, "it answers")
    manager.ok("start", "database")
    second = manager.run("run")
    assert second.returncode == 1 and "runs already" in second.stderr
    p.send_signal(signal.SIGTERM)
    _, errors = p.communicate(timeout=20)
    assert p.returncode == 0
    assert "database: starting -> ready" in errors and "ending: told to end" in errors


def test_usage_errors_and_logs(manager):
    assert manager.run("--version").stdout.startswith("splice-manager ")
    assert "start" in manager.run("--help").stdout
    assert manager.run().returncode == 2
    assert manager.run("dance").returncode == 2
    bad = manager.run("start", "postgres")
    assert bad.returncode == 2 and "database, mlflow" in bad.stderr
    assert manager.run("status", "--yaml").returncode == 2
    assert manager.run("logs", "mlflow").returncode == 1
    manager.ok("start", "manager")
    assert "listens at" in manager.ok("logs").stdout
    follow = manager.popen("logs", "manager", "-f")
    manager.ok("stop")
    line = wait_until(lambda: "ending" in follow.stdout.readline(), 10, "the log is followed")
    assert line
    follow.kill()
    follow.communicate()
