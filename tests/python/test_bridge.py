"""The client end of the bridge against a stand-in for the kernel's."""
import os
import signal
import threading
import time

import pytest

from bridge_server import Fault
from splicemachine import _bridge, _cell
from splicemachine.errors import BridgeError, SQLError, SpliceError, TrackingError


@pytest.fixture(autouse=True)
def interruptible():
    """SIGINT raises, also where the tests were started in the background and inherit that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_outside_of_a_kernel():
    with pytest.raises(BridgeError, match="needs the Splice kernel"):
        _bridge.call("show")


def test_call_and_result(kernel):
    kernel.ops["echo"] = lambda args, request: {"args": args, "cell": request.cell}
    _cell.enter({"cell": "cell-7"})
    assert _bridge.call("echo", a=[1, None, "é\u2028"]) == \
        {"args": {"a": [1, None, "é\u2028"]}, "cell": "cell-7"}


def test_text_that_json_or_c_cannot_hold(kernel):
    kernel.ops["echo"] = lambda args, request: args
    sent = {"a": "nul \0 in it", "b": "back\\u0000slash", "c": "lone \ud800 surrogate", "d": "\U0001f600"}
    assert _bridge.call("echo", **sent) == {"a": "nul \ufffd in it", "b": "back\\u0000slash",
                                            "c": "lone ? surrogate", "d": "\U0001f600"}


def test_unsendable_argument(kernel):
    with pytest.raises(BridgeError, match="cannot be sent"):
        _bridge.call("echo", a=object())
    with pytest.raises(BridgeError, match="cannot be sent"):
        _bridge.call("echo", a=float("nan"))


def test_argument_that_the_kernel_would_drop(kernel, monkeypatch):
    monkeypatch.setattr(_bridge, "REQUEST_MB", 1)
    with pytest.raises(BridgeError, match="show: its arguments are 2 MB"):
        _bridge.call("show", rows=["x" * (2 << 20)])


def test_request_that_the_kernel_cannot_read(kernel):
    def unread(args, request):
        request.id = None
        raise Fault("UsageError", "the request is not valid JSON")

    kernel.ops["show"] = unread
    with pytest.raises(SpliceError, match="not valid JSON"):
        _bridge.call("show")


def test_notices_come_in_order(kernel, capsys):
    def slow(args, request):
        request.notice("first")
        request.notice("second")
        return {"notices": ["third"]}
    kernel.ops["slow"] = slow
    _bridge.call("slow")
    assert capsys.readouterr().err == "first\nsecond\nthird\n"


@pytest.mark.parametrize("op, ename, kind", [
    ("sql.execute", "42X05", SQLError), ("track.log", "E_INPUT", TrackingError),
    ("show", "E_USAGE", SpliceError)])
def test_errors(kernel, op, ename, kind):
    def fail(args, request):
        raise Fault(ename, "what happened", "what to do")
    kernel.ops[op] = fail
    with pytest.raises(kind) as e:
        _bridge.call(op)
    assert "what happened" in str(e.value) and str(e.value).endswith("\nwhat to do")
    if kind is SQLError:
        assert e.value.sqlstate == "42X05"


def test_tracking_error_is_mlflows(kernel):
    exceptions = pytest.importorskip("mlflow.exceptions")

    def fail(args, request):
        raise Fault("E_NOTFOUND", "no such run")
    kernel.ops["track.get_run"] = fail
    with pytest.raises(exceptions.MlflowException) as e:
        _bridge.call("track.get_run")
    assert e.value.error_code == "RESOURCE_DOES_NOT_EXIST" and isinstance(e.value, TrackingError)


def test_a_socket_for_each_thread(kernel):
    kernel.ops["echo"] = lambda args, request: args
    got = []
    threads = [threading.Thread(target=lambda n=n: got.append(_bridge.call("echo", n=n)["n"]))
               for n in range(4)]
    [t.start() for t in threads]
    [t.join(10) for t in threads]
    assert sorted(got) == [0, 1, 2, 3] and len(kernel.peers) == 4


def test_after_a_fork(kernel):
    kernel.ops["echo"] = lambda args, request: args
    _bridge.call("echo", n=1)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if _bridge.call("echo", n=2) == {"n": 2} else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert _bridge.call("echo", n=3) == {"n": 3} and len(kernel.peers) == 2


def test_interrupt_cancels_in_the_kernel(kernel):
    cancelled = []
    kernel.ops["slow"] = lambda args, request: cancelled.append(request.cancelled.wait(10))
    kernel.ops["echo"] = lambda args, request: args
    _bridge.call("echo")
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _bridge.call("slow")
    assert cancelled == [True] and time.monotonic() - began < 3
    assert _bridge.call("echo", n=1) == {"n": 1}


def test_interrupt_of_a_kernel_that_does_not_answer(kernel, monkeypatch):
    monkeypatch.setattr(_bridge, "CANCEL_WAIT_S", 0.3)
    kernel.ops["stuck"] = lambda args, request: time.sleep(2)
    kernel.ops["echo"] = lambda args, request: args
    _bridge.call("echo")
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _bridge.call("stuck")
    assert time.monotonic() - began < 1.5
    time.sleep(2)  # the late answer is another request's, and is dropped
    assert _bridge.call("echo", n=1) == {"n": 1}


def test_wrong_secret_and_no_kernel(kernel, monkeypatch):
    monkeypatch.setattr(_bridge, "HELLO_WAIT_S", 0.6)
    _bridge.connect(kernel.address, "wrong")
    with pytest.raises(BridgeError, match="does not answer"):
        _bridge.call("echo")
    assert kernel.dropped == 1


def test_kernel_that_ended(kernel, monkeypatch):
    kernel.ops["stuck"] = lambda args, request: time.sleep(2)
    monkeypatch.setattr(_bridge._bridge, "_kernel_gone", lambda: True)
    with pytest.raises(BridgeError, match="has ended"):
        _bridge.call("stuck")
