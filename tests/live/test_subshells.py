"""Subshells (JEP 91) with a real child: what runs beside what, whose counter counts, what an interrupt stops."""
import re
import time

import pytest


class Subshell:
    """One subshell of a kernel; its cells are sent without waiting."""

    def __init__(self, kernel):
        self.client = kernel.client
        self.id = self.control("create_subshell_request")["subshell_id"]

    def control(self, kind, **content):
        message = self.client.session.msg(kind, content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.control_channel.get_msg(timeout=20)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                return reply["content"]

    def start(self, code, kind="execute_request", **content):
        if kind == "execute_request":
            content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                       "allow_stdin": False, "stop_on_error": True, **content}
        message = self.client.session.msg(kind, content)
        message["header"]["subshell_id"] = self.id
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(self, code, timeout=60):
        cell = self.start(code)
        return Replies(self.client).of(cell, timeout), Outputs(self.client).of(cell, timeout)


class Replies:
    """Replies on shell, by the request; they come in any order."""

    kept = {}

    def __init__(self, client):
        self.client = client

    def of(self, cell, timeout=60):
        end = time.monotonic() + timeout
        while cell not in self.kept:
            reply = self.client.get_shell_msg(timeout=max(0.1, end - time.monotonic()))
            self.kept[reply["parent_header"]["msg_id"]] = reply["content"]
        return self.kept.pop(cell)


class Outputs:
    """Messages of iopub, by the request, each list complete when its last is idle."""

    kept = {}

    def __init__(self, client):
        self.client = client

    def of(self, cell, timeout=60, until="idle"):
        end = time.monotonic() + timeout
        while not any(until in (m["msg_type"], m["content"].get("execution_state")) for m in self.kept.get(cell, [])):
            m = self.client.get_iopub_msg(timeout=max(0.1, end - time.monotonic()))
            self.kept.setdefault(m["parent_header"].get("msg_id"), []).append(m)
        return self.kept.pop(cell) if until == "idle" else self.kept[cell]


def text(messages):
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def result(messages):
    return [(m["content"]["execution_count"], m["content"]["data"]["text/plain"])
            for m in messages if m["msg_type"] == "execute_result"]


@pytest.fixture
def parent(kernel):
    kernel.ok("import time, threading")
    return kernel


def start_in_parent(kernel, code):
    cell = kernel.client.execute(code)
    Outputs(kernel.client).of(cell, until="execute_input")
    return cell


def test_cells_of_all_kinds_beside_the_parent_s(parent):
    sub = Subshell(parent)
    long = start_in_parent(parent, "%spark.pyspark\nsc.parallelize(range(4), 2).map(lambda x: time.sleep(5)).count()")
    assert text(sub.run("%splicemachine --help")[1]).startswith("%splicemachine")
    reply, messages = sub.run("%splicemachine values 6 * 7", timeout=120)
    assert reply["status"] == "ok" and "42" in str([m["content"] for m in messages if m["msg_type"] == "execute_result"])
    assert sub.run("%mlmanager status")[0]["status"] == "ok"
    reply, messages = sub.run("x = 20\nx + 1")
    assert reply["execution_count"] == 4 and result(messages) == [(4, "21")]
    assert text(sub.run("print(threading.current_thread() is threading.main_thread())")[1]) == "False\n"
    assert long not in Replies.kept  # the parent's cell has run all the time
    assert Replies(parent.client).of(long)["status"] == "ok"
    assert result(Outputs(parent.client).of(long))[0][1] == "4"
    assert parent.ok("x").data() == ["20"]  # one namespace


def test_counters_and_history_of_python_are_the_notebook_s(parent):
    sub = Subshell(parent)
    parent.ok("%splicemachine --help")
    assert parent.ok("'three'").reply["execution_count"] == 3
    for _ in range(5):
        sub.run("'not three'")
    assert parent.ok("In[3], Out[3], _3, _, In[2]").data() == ["(\"'three'\", 'three', 'three', 'three', '')"]
    failed, _ = sub.run("1 / 0")
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "".join(failed["traceback"]))
    assert failed["execution_count"] == 6 and "Cell In[6], line 1" in traceback
    assert parent.fails("1 / 0").reply["execution_count"] == 5
    _, messages = sub.run("5;")
    assert not result(messages)


def test_an_error_aborts_its_own_queue(parent):
    sub = Subshell(parent)
    long = start_in_parent(parent, "time.sleep(2)")
    later = parent.client.execute("'ran'")
    cells = [sub.start("1 / 0"), sub.start("'not run'")]
    replies = Replies(parent.client)
    assert [replies.of(c)["ename"] for c in cells] == ["ZeroDivisionError", "Aborted"]
    assert [replies.of(c)["status"] for c in (long, later)] == ["ok", "ok"]


LOOP = "{}\nn = 0\nwhile True:\n    n += 1\n    time.sleep(0.01)"
JOB = "{}\nsc.parallelize(range(4), 2).map(lambda x: time.sleep(60)).count()"


@pytest.mark.parametrize("code, delay", [(LOOP, 0.5), (JOB, 3), (LOOP, 0)])
def test_one_interrupt_stops_them_all(parent, code, delay):
    parent.ok("spark.range(1).count()")
    sub = Subshell(parent)
    cells = [start_in_parent(parent, code.format("'parent'")), sub.start(code.format("'sub'"))]
    Outputs(parent.client).of(cells[1], until="execute_input")
    time.sleep(delay)
    began = time.monotonic()
    sub.control("interrupt_request")
    replies = Replies(parent.client)
    assert [replies.of(c, 20)["ename"] for c in cells] == ["KeyboardInterrupt", "KeyboardInterrupt"]
    assert time.monotonic() - began < 10
    assert sub.run("1 + 1")[0]["status"] == "ok"  # its thread lives
    assert parent.ok("print(list(sc.statusTracker().getActiveJobsIds()), spark.range(5).count())").text == "[] 5\n"


def test_deleted_with_a_cell_in_it(parent):
    sub = Subshell(parent)
    cell = sub.start(LOOP.format(""))
    Outputs(parent.client).of(cell, until="execute_input")
    assert sub.control("delete_subshell_request", subshell_id=sub.id) == {"status": "ok"}
    assert Replies(parent.client).of(cell)["ename"] == "KeyboardInterrupt"
    assert sub.control("list_subshell_request")["subshell_id"] == []
    gone = "print([t.name for t in threading.enumerate() if t.name.startswith('subshell')])"
    end = time.monotonic() + 10
    while parent.ok(gone).text != "[]\n":
        assert time.monotonic() < end


def test_comm_messages_are_handled_beside_the_parent_s_cell(parent):
    parent.ok("""
def opened(comm, message):
    comm.on_msg(lambda m: comm.send({'thread': threading.current_thread() is threading.main_thread()}))
get_ipython().kernel.comm_manager.register_target('echo', opened)""")
    sub = Subshell(parent)
    opened = sub.start(None, "comm_open", comm_id="c1", target_name="echo", data={})
    Outputs(parent.client).of(opened)
    long = start_in_parent(parent, "time.sleep(5)")
    asked = sub.start(None, "comm_msg", comm_id="c1", data={})
    answer = [m["content"]["data"] for m in Outputs(parent.client).of(asked) if m["msg_type"] == "comm_msg"]
    assert answer == [{"thread": False}] and long not in Replies.kept
    assert Replies(parent.client).of(long)["status"] == "ok"


def test_a_new_child_opens_its_own(parent):
    sub = Subshell(parent)
    assert sub.run("y = 1")[0]["status"] == "ok"
    failed, _ = sub.run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert failed["ename"] == "ChildDied"
    assert sub.run("y")[0]["ename"] == "NameError"
    assert result(sub.run("2 + 2")[1]) == [(4, "4")]
