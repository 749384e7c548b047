"""The kernel as a front end meets it: messages, queue, interrupts, stdin, the child's life and death."""

import json
import os
import signal
import socket
import time

import pytest
import zmq
from conftest import Kernel
from front_ends import descendants


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_kernel_info_on_shell_and_control(shared_kernel):
    client = shared_kernel.client
    info = client.kernel_info(reply=True, timeout=10)["content"]
    assert info["status"] == "ok" and info["implementation"] == "splice-kernel"
    assert info["protocol_version"] == "5.5" and info["language_info"]["name"] == "python"
    msg = client.session.msg("kernel_info_request", {})
    client.control_channel.send(msg)
    assert client.control_channel.get_msg(timeout=10)["content"] == info


def test_every_request_is_wrapped_in_busy_and_idle(shared_kernel):
    client = shared_kernel.client
    for request in ("history_request", "comm_info_request", "nonsense_request"):
        content = {"hist_access_type": "tail", "n": 1, "output": False, "raw": True} if "hist" in request else {}
        msg = client.session.msg(request, content)
        client.shell_channel.send(msg)
        states = []
        while states[-1:] != ["idle"]:
            m = client.iopub_channel.get_msg(timeout=10)
            if m["parent_header"].get("msg_id") == msg["header"]["msg_id"] and m["msg_type"] == "status":
                states.append(m["content"]["execution_state"])
        assert states == ["busy", "idle"]
        if request != "nonsense_request":
            assert client.get_shell_msg(timeout=10)["msg_type"] == request.replace("request", "reply")


def test_python_output_result_error_and_counter(kernel):
    r = kernel.ok("%spark.pyspark\nimport sys\nprint('to out')\nprint('to err', file=sys.stderr)\n6 * 7")
    assert r.text.replace("to err\n", "") == "to out\n" and "to err\n" in r.text
    assert r.data() == ["42"] and r.reply["execution_count"] == 1
    r = kernel.fails("1 / 0")
    assert r.reply["ename"] == "ZeroDivisionError" and r.reply["execution_count"] == 2
    assert [m["msg_type"] for m in r.messages] == ["error"]
    assert "Cell In[2], line 1" in "\n".join(strip_ansi(t) for t in r.reply["traceback"])
    assert kernel.ok("").reply["execution_count"] == 3
    assert kernel.ok("8", store_history=False).reply["execution_count"] == 3
    r = kernel.ok("print('silent')", silent=True)
    assert r.messages == []
    assert kernel.ok("x = 5", user_expressions={"a": "x + 1", "b": "nope"}).reply["user_expressions"]["a"]["data"] == {
        "text/plain": "6"}
    # Front ends ask for values with a cell that has no code.
    assert kernel.ok("", user_expressions={"a": "x"}, silent=True).reply["user_expressions"]["a"]["status"] == "ok"


def test_metadata_of_a_reply_is_python_s(kernel):
    client = kernel.client
    client.execute("1")
    assert "started" in client.get_shell_msg(timeout=60)["metadata"]  # JupyterLab shows when cells began


def test_a_question_behind_the_end_of_its_cell(kernel):
    """A thread that asks when no front end listens any more takes no other cell's place."""
    kernel.ok("import threading\nsaid = []\n"
              "def ask():\n"
              "    try: said.append(input('?'))\n"
              "    except EOFError: said.append('EOF')\n"
              "threading.Timer(1, ask).start()", allow_stdin=True, stdin_hook=lambda m: None)
    time.sleep(2)  # no cell may run when it asks: that one would be asked
    assert wait_until(lambda: kernel.ok("said", stdin_hook=lambda m: None).data() == ["['EOF']"])
    r = kernel.ok("input('name? ')", allow_stdin=True, stdin_hook=lambda m: kernel.client.input("Ben"))
    assert r.data() == ["'Ben'"]


def test_an_argument_that_the_kernel_cannot_read(kernel):
    r = kernel.fails("from splicemachine import _bridge\n_bridge.call('track.log', params={'x': 2 ** 70})", timeout=30)
    assert "too big integer" in r.reply["evalue"]


def strip_ansi(text):
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_queued_cells_are_aborted_and_later_ones_run(kernel, tmp_path):
    client, gate = kernel.client, tmp_path / "gate"
    kernel.ok("import os, time")
    first = client.execute(f"while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n1/0")
    queued = [client.execute(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')") for _ in range(300)]
    info = client.kernel_info()  # not an execute: answered, not aborted
    assert client.get_shell_msg(timeout=10)["parent_header"]["msg_id"] == info
    gate.touch()
    replies = [client.get_shell_msg(timeout=30) for _ in range(301)]
    assert [m["parent_header"]["msg_id"] for m in replies] == [first] + queued
    assert replies[0]["content"]["ename"] == "ZeroDivisionError"
    assert all(m["content"]["status"] == "error" and m["content"]["ename"] == "Aborted" for m in replies[1:])
    assert not (tmp_path / "ran").exists()
    assert kernel.ok("'after'").data() == ["'after'"]


def test_without_stop_on_error_the_queue_goes_on(kernel):
    client = kernel.client
    kernel.ok("import time")
    client.execute("time.sleep(0.3); 1/0", stop_on_error=False)
    client.execute("2")
    assert client.get_shell_msg(timeout=30)["content"]["status"] == "error"
    assert client.get_shell_msg(timeout=30)["content"]["status"] == "ok"


@pytest.mark.parametrize("how", ["message", "signal"])
def test_interrupt_stops_a_python_cell(kernel, how):
    kernel.ok("import time")
    msg_id = kernel.client.execute("print('in'); time.sleep(60)")
    while kernel.client.get_iopub_msg(timeout=10)["msg_type"] != "stream":
        pass
    start = time.monotonic()
    if how == "signal":
        os.kill(kernel.pid, signal.SIGINT)
    else:
        kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=10)
    assert reply["parent_header"]["msg_id"] == msg_id
    assert reply["content"]["ename"] == "KeyboardInterrupt" and time.monotonic() - start < 30
    assert kernel.ok("1").data() == ["1"]


def test_interrupt_as_soon_as_the_cell_shows(kernel):
    """However early it comes: the cell ends, with a reply and one error."""
    client = kernel.client
    kernel.ok("import time")
    for code in ("time.sleep(60)", "import asyncio; await asyncio.sleep(60)") * 4:
        msg_id = client.execute(code)
        while client.get_iopub_msg(timeout=10)["msg_type"] != "execute_input":
            pass
        os.kill(kernel.pid, signal.SIGINT)
        reply = client.get_shell_msg(timeout=20)
        assert reply["parent_header"]["msg_id"] == msg_id
        assert reply["content"]["ename"] in ("KeyboardInterrupt", "CancelledError")
        shown = []
        while "idle" not in shown:
            m = client.get_iopub_msg(timeout=10)
            shown.append(m["content"].get("execution_state", m["msg_type"]))
        assert shown == ["error", "idle"]


def test_an_interrupt_that_another_thread_receives(kernel):
    """The main thread's call is not broken off by it; neither is one that began just behind it."""
    kernel.ok("import signal, threading, time")
    r = kernel.fails("threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)).start()\n"
                     "time.sleep(60)", timeout=20)
    assert r.reply["ename"] == "KeyboardInterrupt"


def ask(client, what):
    """A request on control, and its reply."""
    client.control_channel.send(client.session.msg(f"{what}_request", {}))
    assert client.control_channel.get_msg(timeout=30)["msg_type"] == f"{what}_reply"


def interrupt(client):
    """Heard when this returns: channels keep no order between them."""
    ask(client, "interrupt")


def test_interrupt_stops_a_comm_handler(kernel):
    client = kernel.client
    kernel.ok("import time\nfrom comm import get_comm_manager\n"
              "def opened(comm, msg):\n"
              "    print('in')\n"
              "    time.sleep(60)\n"
              "get_comm_manager().register_target('stuck', opened)")
    client.shell_channel.send(client.session.msg("comm_open", {"comm_id": "c", "target_name": "stuck", "data": {}}))
    while client.get_iopub_msg(timeout=10)["msg_type"] != "stream":
        pass
    interrupt(client)
    kernel.ok("1", timeout=20)


def test_a_cell_whose_reply_python_loses_ends(kernel):
    kernel.ok("async def lose(*args, **kw): raise LookupError\n"
              "kernel = get_ipython().kernel\nkept = kernel.do_execute\nkernel.do_execute = lose")
    r = kernel.fails("1", timeout=30)
    assert "without an answer" in r.reply["evalue"] and [m["msg_type"] for m in r.messages] == ["error"]


def test_interrupt_when_idle_does_nothing(kernel):
    kernel.ok("x = 1")
    interrupt(kernel.client)
    os.kill(kernel.pid, signal.SIGINT)
    ask(kernel.client, "kernel_info")  # the signal was heard before
    assert kernel.ok("x").data() == ["1"]


def test_input_and_getpass(kernel):
    asked = []

    def answer(msg):
        asked.append((msg["content"]["prompt"], msg["content"]["password"]))
        kernel.client.input("secret" if msg["content"]["password"] else "Ben")

    r = kernel.ok("import getpass\n(input('name? '), getpass.getpass('pw? '))", allow_stdin=True, stdin_hook=answer)
    assert r.data() == ["('Ben', 'secret')"] and asked == [("name? ", False), ("pw? ", True)]
    assert kernel.fails("input('x')", allow_stdin=False).reply["ename"] == "StdinNotImplementedError"


def test_child_killed_in_mid_cell(kernel):
    kernel.ok("x = 1")
    start = time.monotonic()
    r = kernel.fails("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nimport time; time.sleep(60)")
    assert time.monotonic() - start < 30
    assert r.reply["ename"] == "ChildDied" and "signal 9 (Killed)" in r.reply["evalue"]
    r = kernel.fails("x")
    assert r.reply["ename"] == "NameError" and "variables" in r.text


def test_questions_are_answered_when_the_child_dies(kernel):
    kernel.ok("x = 1")
    child, = descendants(kernel.pid)
    os.kill(child, signal.SIGSTOP)
    kernel.client.complete("x.")
    kernel.client.kernel_info()  # read behind it
    assert kernel.client.get_shell_msg(timeout=10)["msg_type"] == "kernel_info_reply"
    os.kill(child, signal.SIGKILL)
    reply = kernel.client.get_shell_msg(timeout=10)
    assert reply["msg_type"] == "complete_reply" and reply["content"]["ename"] == "ChildDied"


@pytest.fixture
def silent_port():
    """A server that accepts connections and never says anything."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(8)
        yield s.getsockname()[1]


def test_kernel_answers_while_credentials_are_looked_for(home, silent_port):
    k = Kernel(home, AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{silent_port}",
               AWS_EC2_METADATA_DISABLED="false")
    try:
        k.client.execute("1")
        for _ in range(5):
            start = time.monotonic()
            k.client.kernel_info()
            assert k.client.get_shell_msg(timeout=10)["msg_type"] == "kernel_info_reply"
            assert time.monotonic() - start < 0.3
        k.manager.interrupt_kernel()
        assert k.client.get_shell_msg(timeout=0.5)["content"]["ename"] == "KeyboardInterrupt"
        assert k.ok("2").data() == ["2"]
    finally:
        k.close()


WAITING_CALL = ("import threading\n"
                "from splicemachine import _bridge\n"
                "threading.Thread(target=lambda: _bridge.call('sql.execute', sql='values 1'), daemon=True).start()\n"
                "import time; time.sleep(0.5)\n")


@pytest.fixture
def stuck_kernel(home, silent_port):
    """A thread of Python waits for a database that does not answer."""
    k = Kernel(home, SPLICE_URL=f"derby://app:app@127.0.0.1:{silent_port}/db")
    k.ok(WAITING_CALL)
    yield k
    k.close()


def test_python_runs_while_a_thread_waits_for_the_database(stuck_kernel):
    assert stuck_kernel.ok("6 * 7", timeout=5).data() == ["42"]
    # A new thread asks hello first, which is answered at once.
    hello = ("done = []\n"
             "t = threading.Thread(target=lambda: done.append(_bridge._bridge._socket()))\n"
             "t.start(); t.join(3); len(done)")
    assert stuck_kernel.ok(hello, timeout=10).data() == ["1"]


def test_calls_of_a_dead_child_are_cancelled(stuck_kernel):
    stuck_kernel.fails("import os, signal; os.kill(os.getpid(), signal.SIGKILL); time.sleep(60)", timeout=10)
    # The worker is free: a magic that fails by itself does so at once.
    assert stuck_kernel.fails("%mlmanager nonsense", timeout=2).reply["ename"] == "UsageError"


def test_sigterm_while_a_call_waits(stuck_kernel):
    pid = stuck_kernel.pid
    pids = [pid] + descendants(pid)
    os.kill(pid, signal.SIGTERM)
    assert wait_until(lambda: not any(map(alive, pids)), 3), "something outlived the kernel"


def test_bad_messages_are_dropped_and_logged(kernel):
    client = kernel.client
    info = client.get_connection_info()
    dealer = zmq.Context.instance().socket(zmq.DEALER)
    dealer.connect(f"tcp://{info['ip']}:{info['shell_port']}")
    good = client.session.serialize(client.session.msg("kernel_info_request", {}))
    dealer.send_multipart([b"<IDS|MSG>", b"0" * 64] + good[2:])  # forged
    dealer.send_multipart([b"no delimiter"])
    dealer.send_multipart([b"<IDS|MSG>"])
    dealer.send_multipart(good)
    dealer.send_multipart(good)  # replayed
    assert dealer.poll(5000)
    dealer.recv_multipart()
    assert not dealer.poll(500)
    dealer.close(0)
    log = kernel.home.log
    for reason in ("the signature is wrong", "no <IDS|MSG> delimiter", "a replay"):
        assert reason in log


def test_hundred_thousand_lines_arrive_in_few_messages(kernel):
    r = kernel.ok("for i in range(100_000): print(i)")
    assert r.text == "".join(f"{i}\n" for i in range(100_000))
    assert len(r.messages) < 100


def test_large_cell_and_large_output(kernel):
    body = "# " + "x" * 10_000_000 + "\n'done'"
    assert kernel.ok(body).data() == ["'done'"]
    assert len(kernel.ok("print('y' * 20_000_000)").text) == 20_000_001


def test_completion_inspection_and_is_complete(kernel):
    client = kernel.client
    kernel.ok("some_variable = 1")

    def complete(code):
        return client.complete(code, reply=True, timeout=20)["content"]

    code = "%spark.pyspark\nö = some_var"
    reply = complete(code)
    assert "some_variable" in reply["matches"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(code) - len("some_var"), len(code))
    assert complete("%spark")["matches"] == ["spark.pyspark"]
    assert "--python2-division" in complete("%spark.pyspark --py")["matches"]
    reply = client.inspect("%spark.pyspark\nlen", 18, reply=True, timeout=20)["content"]
    assert reply["found"] and "Return the number" in reply["data"]["text/plain"]
    assert "usage" not in client.inspect("nothing_here_", 5, reply=True, timeout=20)["content"]["data"]

    def is_complete(text):
        client.is_complete(text)
        return client.get_shell_msg(timeout=20)["content"]["status"]

    assert is_complete("for i in x:") == "incomplete"
    assert is_complete("x = 1") == "complete"
    assert is_complete("%splicemachine\nselect 1") == "incomplete"
    assert is_complete("%splicemachine\nselect 1;") == "complete"


def test_is_complete_does_not_wait_for_a_cell(kernel):
    client = kernel.client
    kernel.ok("import time")
    client.execute("time.sleep(60)")
    start = time.monotonic()
    client.is_complete("x = (")
    assert client.get_shell_msg(timeout=10)["content"]["status"] == "incomplete"
    assert time.monotonic() - start < 30
    kernel.manager.interrupt_kernel()
    client.get_shell_msg(timeout=30)


def test_comms_both_ways(kernel):
    client = kernel.client
    kernel.ok("from comm import create_comm, get_comm_manager\n"
              "def opened(comm, msg):\n"
              "    comm.on_msg(lambda m: comm.send({'echo': m['content']['data']}, buffers=m['buffers']))\n"
              "get_comm_manager().register_target('t', opened)")
    msg = client.session.msg("comm_open", {"comm_id": "c1", "target_name": "t", "data": {}})
    client.shell_channel.send(msg)
    msg = client.session.msg("comm_msg", {"comm_id": "c1", "data": {"a": 1}})
    client.session.send(client.shell_channel.socket, msg, buffers=[b"\0\1binary"])
    while True:
        m = client.get_iopub_msg(timeout=10)
        if m["msg_type"] == "comm_msg":
            break
    assert m["content"]["data"] == {"echo": {"a": 1}} and [bytes(b) for b in m["buffers"]] == [b"\0\1binary"]
    assert m["parent_header"]["msg_id"] == msg["header"]["msg_id"]


def test_output_of_a_comm_comes_before_its_idle(kernel):
    client = kernel.client
    kernel.ok("import time\nfrom comm import get_comm_manager\n"
              "def opened(comm, msg):\n"
              "    time.sleep(0.3)\n"
              "    print('opened')\n"
              "get_comm_manager().register_target('slow', opened)")
    msg = client.session.msg("comm_open", {"comm_id": "c2", "target_name": "slow", "data": {}})
    client.shell_channel.send(msg)
    seen = []
    while seen[-1:] != ["idle"]:
        m = client.get_iopub_msg(timeout=10)
        if m["parent_header"].get("msg_id") == msg["header"]["msg_id"]:
            seen.append(m["content"].get("execution_state", m["msg_type"]))
    assert seen == ["busy", "stream", "idle"]


def test_finished_requests_cost_little(kernel):
    """Their headers are remembered for late output; their buffers and descriptors are not."""
    client = kernel.client
    kernel.ok("from comm import get_comm_manager\n"
              "get_comm_manager().register_target('sink', lambda comm, msg: None)")
    client.shell_channel.send(client.session.msg("comm_open", {"comm_id": "c3", "target_name": "sink", "data": {}}))

    def resident_mb():
        return int(open(f"/proc/{kernel.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20

    def descriptors():
        return len(os.listdir(f"/proc/{kernel.pid}/fd"))

    before = resident_mb(), descriptors()
    for _ in range(100):
        msg = client.session.msg("comm_msg", {"comm_id": "c3", "data": {}})
        client.session.send(client.shell_channel.socket, msg, buffers=[bytes(5_000_000)])
        kernel.ok("1")
    assert descriptors() - before[1] < 20
    # The address sanitizer keeps 256 MB of freed memory.
    assert resident_mb() - before[0] < (400 if os.environ.get("VARIANT") == "asan" else 100)


def test_comm_to_an_unknown_target_is_closed(kernel):
    client = kernel.client
    client.shell_channel.send(client.session.msg("comm_open", {"comm_id": "c9", "target_name": "no", "data": {}}))
    while True:
        m = client.get_iopub_msg(timeout=10)
        if m["msg_type"] == "comm_close":
            break
    assert m["content"]["comm_id"] == "c9"


def test_welcome_for_every_subscriber(kernel):
    info = kernel.client.get_connection_info()
    for _ in range(2):
        sub = zmq.Context.instance().socket(zmq.SUB)
        sub.subscribe(b"")
        sub.connect(f"tcp://{info['ip']}:{info['iopub_port']}")
        assert sub.poll(5000)
        frames = sub.recv_multipart()
        assert json.loads(frames[3])["msg_type"] == "iopub_welcome" and json.loads(frames[4]) == {}
        sub.close(0)


def test_shutdown_replies_and_leaves_nothing(home):
    k = Kernel(home)
    k.ok("import os")
    pids = [k.pid] + descendants(k.pid)
    assert len(pids) >= 2
    start = time.monotonic()
    k.client.shutdown()
    reply = k.client.get_control_msg(timeout=5) if hasattr(k.client, "get_control_msg") else \
        k.client.control_channel.get_msg(timeout=5)
    assert reply["content"]["status"] == "ok"
    assert wait_until(lambda: not any(map(alive, pids)), 20), "something outlived the kernel"
    assert time.monotonic() - start < 20
    k.client.stop_channels()


def test_kill_nine_of_the_kernel_leaves_no_child_and_no_jvm(home):
    k = Kernel(home)
    k.ok("spark.range(3).count()")
    pids = descendants(k.pid)
    names = {open(f"/proc/{p}/comm").read().strip() for p in pids}
    assert any("java" in n for n in names), names
    os.kill(k.pid, signal.SIGKILL)
    assert wait_until(lambda: not any(map(alive, pids)), 5), "something outlived the kernel"
    k.client.stop_channels()
