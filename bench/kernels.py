"""Kernels as processes: how soon one answers, what it takes up when idle, how fast a message goes there and back."""
import json
import os
import subprocess
import time

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import DELIM, Session

from measure import Figure, Process, turns

START_LIMIT_MS = 60_000
ANSWER_LIMIT_MS = 20_000
STARTS = 15
ROUNDS = 10
MESSAGES = 50  # of one kernel in one round
SETTLE_S = 1.0


def environment(folder, **more):
    """Variables for a process that shall neither see nor change what its user has."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("SPLICE_", "JUPYTER_", "IPYTHON", "JPY_", "PYTHON"))}
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        env[name] = os.path.join(folder, name.lower())
        os.makedirs(env[name], mode=0o700, exist_ok=True)
    return {**env, **more}


def part(frames, name):
    """One of a message's four JSON parts, which follow the delimiter and the signature."""
    at = frames.index(DELIM) + 2 + ("header", "parent", "metadata", "content").index(name)
    return json.loads(frames[at])


class Peer:
    """A program that answers on a Jupyter shell socket, and a cell that it answers by itself."""

    def __init__(self, name, argv, cell=None):
        self.name = name
        self.argv = argv  # with {file} and {address} to be filled in
        self.cell = cell


def peers(build, lib):
    python = os.path.join(lib, "python", "bin", "python")
    return [Peer("splice-kernel", [f"{build}/bin/splice-kernel", "-f", "{file}"], "%spark.pyspark --help"),
            Peer("ipykernel", [python, "-m", "ipykernel_launcher", "-f", "{file}"], "pass"),
            Peer("echo", [f"{build}/bench/echo", "{address}"])]


class Running:
    """One started peer and the client's ends of its shell and iopub sockets."""

    def __init__(self, peer, folder, context, env):
        self.file, info = write_connection_file(os.path.join(folder, f"{peer.name}.json"))
        self.peer = peer
        self.session = Session(key=info["key"].encode())
        self.address, iopub = (f"tcp://{info['ip']}:{info[p]}" for p in ("shell_port", "iopub_port"))
        words = [w.format(file=self.file, address=self.address) for w in peer.argv]
        self.log = open(os.path.join(folder, f"{peer.name}.log"), "wb")
        self.process = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log)
        self.shell = self._connect(context, zmq.DEALER, self.address)
        self.iopub = self._connect(context, zmq.SUB, iopub)

    @staticmethod
    def _connect(context, kind, address):
        socket = context.socket(kind)
        socket.linger = 0
        socket.reconnect_ivl = 1  # ms: the peer's start is measured, not the client's patience
        socket.connect(address)
        return socket

    def signed(self, kind, content):
        return self.session.serialize(self.session.msg(kind, content))

    def wait_on(self, socket, limit_ms):
        if not socket.poll(limit_ms):
            with open(self.log.name, encoding="utf-8", errors="replace") as f:
                raise TimeoutError(f"{self.peer.name} does not answer\n{f.read()[-2000:]}")
        return socket.recv_multipart()

    def ask(self, frames, limit_ms=ANSWER_LIMIT_MS):
        self.shell.send_multipart(frames)
        return self.wait_on(self.shell, limit_ms)

    def execute(self, frames):
        """Until the reply and the idle status are there, as a front end waits."""
        mine = part(frames, "header")["msg_id"]
        reply = part(self.ask(frames), "content")
        if reply["status"] != "ok":
            raise RuntimeError(f"{self.peer.name}: {reply}")
        while True:
            message = self.wait_on(self.iopub, ANSWER_LIMIT_MS)
            if (part(message, "parent").get("msg_id") == mine
                    and part(message, "content").get("execution_state") == "idle"):
                return

    def close(self):
        self.shell.close()
        self.iopub.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        os.unlink(self.file)


def start(peer, folder, context):
    """A running peer, and the seconds from its spawn to its first answer."""
    env = environment(folder)
    began = time.perf_counter()
    running = Running(peer, folder, context, env)
    try:
        running.ask(running.signed("kernel_info_request", {}), START_LIMIT_MS)
    except BaseException:
        running.close()
        raise
    return running, time.perf_counter() - began


def measure_starts(candidates, folder, context, say):
    figures = {p.name: Figure() for p in candidates}
    for peer in candidates:  # from disk once, so that no side pays for being first
        start(peer, folder, context)[0].close()
    for peer in turns(candidates, STARTS):
        running, seconds = start(peer, folder, context)
        running.close()
        figures[peer.name].add(seconds)
        say(f"start {peer.name}: {seconds * 1000:.1f} ms")
    return figures


def measure_round_trips(candidates, folder, context, say):
    """All run at the same time; their turns come round."""
    info, cells, resident, private = ({p.name: Figure() for p in candidates} for _ in range(4))
    running = [start(p, folder, context)[0] for p in candidates]
    try:
        for r in running:
            r.iopub.subscribe(b"")
        time.sleep(SETTLE_S)
        for r in running:
            now, own = Process(r.process.pid).memory()
            resident[r.peer.name].add(now)
            private[r.peer.name].add(own)
        for r in turns(running, ROUNDS):
            one_round(r, info[r.peer.name], cells[r.peer.name])
        for name in info:
            say(f"kernel_info of {name}: {info[name].median * 1e6:.0f} us")
    finally:
        for r in running:
            r.close()
    return {"info": info, "cell": cells, "resident": resident, "private": private}


def one_round(running, info, cells):
    # Made and signed before: only the way there and back is measured.
    for frames in [running.signed("kernel_info_request", {}) for _ in range(MESSAGES)]:
        began = time.perf_counter()
        running.ask(frames)
        info.add(time.perf_counter() - began)
    while running.iopub.poll(50):
        running.iopub.recv_multipart()
    if not running.peer.cell:
        return
    content = {"code": running.peer.cell, "silent": False, "store_history": True, "user_expressions": {},
               "allow_stdin": False, "stop_on_error": True}
    for frames in [running.signed("execute_request", content) for _ in range(MESSAGES)]:
        began = time.perf_counter()
        running.execute(frames)
        cells.add(time.perf_counter() - began)
