"""The kernel's end of the bridge, as docs/BRIDGE.md describes it, for tests.

Operations are functions in `ops`: op name -> function(args, request) -> result.
Each request runs in a thread of its own, so that a cancel can reach it.
"""
import json
import os
import shutil
import tempfile
import threading

import zmq


class Fault(Exception):
    """An operation's error answer."""

    def __init__(self, ename, evalue, hint=None):
        super().__init__(evalue)
        self.answer = {"ename": ename, "evalue": evalue, "hint": hint}


class Request:
    def __init__(self, server, peer, message):
        self._server, self._peer = server, peer
        self.id, self.cell = message["id"], message.get("cell")
        self.cancelled = threading.Event()

    def notice(self, text):
        self._server.answer(self._peer, {"id": self.id, "event": "notice", "text": text})


class BridgeServer:
    def __init__(self, secret="s3cret"):
        self._folder = tempfile.mkdtemp(prefix="bridge-")
        self.address = f"ipc://{self._folder}/b"
        self.secret = secret
        self.ops = {"hello": lambda args, request: {"version": "test"}}
        self.seen = []      # (op, args) of every request but hello
        self.peers = set()
        self.dropped = 0    # requests with a wrong secret
        self._running = {}
        self._out = zmq.Context.instance().socket(zmq.PULL)
        self._out_port = f"inproc://{id(self):x}"
        self._out.bind(self._out_port)
        self._lock = threading.Lock()
        self._push = zmq.Context.instance().socket(zmq.PUSH)
        self._push.connect(self._out_port)
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._stop = threading.Event()

    def __enter__(self):
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *unused):
        self._stop.set()
        self._thread.join(5)
        with self._lock:
            self._push.close(0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def calls(self, op):
        """The arguments of all requests for an operation."""
        return [args for name, args in self.seen if name == op]

    def answer(self, peer, message):
        with self._lock:
            if not self._push.closed:
                self._push.send_multipart([peer, json.dumps(message).encode()])

    def _loop(self):
        router = zmq.Context.instance().socket(zmq.ROUTER)
        router.linger = 0
        router.bind(self.address)
        self._ready.set()
        poller = zmq.Poller()
        poller.register(router, zmq.POLLIN)
        poller.register(self._out, zmq.POLLIN)
        while not self._stop.is_set():
            ready = dict(poller.poll(50))
            if self._out in ready:
                router.send_multipart(self._out.recv_multipart())
            if router in ready:
                peer, secret, body = router.recv_multipart()
                if secret.decode() != self.secret:
                    self.dropped += 1
                    continue
                self._take(peer, json.loads(body))
        router.close(0)
        self._out.close(0)

    def _take(self, peer, message):
        self.peers.add(peer)
        if message["op"] == "cancel":
            request = self._running.get((peer, message["id"]))
            if request:
                request.cancelled.set()
            return
        request = Request(self, peer, message)
        self._running[peer, request.id] = request
        if message["op"] != "hello":
            self.seen.append((message["op"], message["args"]))
        threading.Thread(target=self._run, args=(peer, message, request), daemon=True).start()

    def _run(self, peer, message, request):
        operation = self.ops.get(message["op"])
        try:
            if operation is None:
                raise Fault("E_USAGE", f"no operation {message['op']}")
            answer = {"ok": True, "result": operation(message["args"], request)}
        except Fault as e:
            answer = {"ok": False, "error": e.answer}
        except Exception as e:
            answer = {"ok": False, "error": {"ename": type(e).__name__, "evalue": str(e), "hint": None}}
        if request.cancelled.is_set():
            answer = {"ok": False, "error": {"ename": "KeyboardInterrupt", "evalue": "", "hint": None}}
        self._running.pop((peer, request.id), None)
        self.answer(peer, {"id": request.id, **answer})
