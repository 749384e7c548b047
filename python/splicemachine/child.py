"""The process that runs a notebook's Python cells: ``python -m splicemachine.child -f FILE``.

ipykernel with what a Splice cell expects around it.  The kernel starts it and
names its settings file in SPLICE_CHILD (docs/BRIDGE.md); every cell comes
with `metadata.splice`.  What is done here for each cell, in this order: its
number and tracking state are set, typographic quotes are mended if it would
not compile otherwise, buckets it names are linked, Spark is started if it
uses it, its jobs get a group, it runs, and its errors get a hint.
"""
from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from typing import Any, Dict, Optional

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type

from splicemachine import (_bridge, _buckets, _cell, _division, _fitted, _hints, _jobs, _mlflow,
                           _names, _quotes, _retrain, _spark, _subshell)
from splicemachine._notice import notice
from splicemachine.zeppelin import ZeppelinContext

EXIT_S = 2.0  # after shutdown_request the process is gone within this time


class Shell(ZMQInteractiveShell):
    """IPython's shell, with mended cells and hints below tracebacks."""

    execution_count = _subshell.Own(1)
    displayhook_class = Type(_subshell.DisplayHook)
    mended = _subshell.Own()  # (cell as typed, cell as run) of the cell that runs, or None
    division: Optional[_division.Python2Division] = None

    def init_history(self):
        self.history_manager = _subshell.History(shell=self, parent=self)
        self.configurables.append(self.history_manager)

    def transform_cell(self, raw_cell):
        if self.mended and self.mended[0] == raw_cell:
            raw_cell = self.mended[1]
        return super().transform_cell(raw_cell)

    def compiles(self, source: str) -> bool:
        """Whether a cell, magics and all, is valid."""
        import ast

        try:
            compile(super().transform_cell(source), "<cell>", "exec",
                    ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, MemoryError):
            return False
        return True

    async def run_ast_nodes(self, nodelist, cell_name, interactivity="last_expr",
                            compiler=compile, result=None):
        try:
            before_cell(self, result.info.raw_cell if result is not None else "")
        except (Exception, KeyboardInterrupt) as e:
            result.error_in_exec = e
            self._showtraceback(type(e), e, self.InteractiveTB.get_exception_only(type(e), e))
            return True
        return await super().run_ast_nodes(nodelist, cell_name, interactivity, compiler, result)

    def showtraceback(self, exc_tuple=None, *args, **kwargs):
        try:
            exc_tuple = self._get_exc_info(exc_tuple)
        except ValueError:
            return super().showtraceback(exc_tuple, *args, **kwargs)
        etype, error, traceback = exc_tuple
        _hints.add_hint(error)
        return super().showtraceback((etype, error, _hints.without_our_frames(error, traceback)), *args, **kwargs)

    def _showtraceback(self, etype, evalue, stb):
        if _hints.is_java_error(evalue):
            text = "\n".join(stb)
            stb = _hints.without_java_frames(text).split("\n")
            evalue = _Shown(_hints.without_java_frames(str(evalue)))
        super()._showtraceback(etype, evalue, stb)


class _Shown(Exception):
    """The text of an error as it is shown."""


class Kernel(IPythonKernel):
    """ipykernel's kernel, taking each cell as the Splice kernel sends it."""

    shell_class = Type(Shell)
    python2_division = False

    def start(self):
        super().start()
        _jobs.watch(self.io_loop)

    control_msg_types = [*IPythonKernel.control_msg_types, "splice_interrupt_request"]

    async def splice_interrupt_request(self, stream, ident, parent):
        """Stop a cell or comm message of a subshell, which no signal reaches (docs/BRIDGE.md)."""
        _jobs.interrupt(parent["content"]["cell"])
        self.session.send(stream, "splice_interrupt_reply", {"status": "ok"}, parent, ident)

    def pre_handler_hook(self):
        header = self.get_parent().get("header", {})
        is_cell = header.get("msg_type") == "execute_request"
        if not _subshell.inside():
            super().pre_handler_hook()
            _jobs.install(armed=not is_cell)
        elif not is_cell:
            with contextlib.suppress(KeyboardInterrupt):  # it would end the subshell's thread
                _jobs.begin(header.get("msg_id"))

    def post_handler_hook(self):
        if not _subshell.inside():
            super().post_handler_hook()
        else:
            _jobs.end()

    async def do_execute(self, code, silent, store_history=True, user_expressions=None,
                         allow_stdin=False, **rest):
        said = (rest.get("cell_meta") or {}).get("splice") or {}
        try:
            with _jobs.interruptible(self.get_parent().get("header", {}).get("msg_id")):
                if "splice_retrain" in (rest.get("cell_meta") or {}):
                    said = {**said, "retrain": rest["cell_meta"]["splice_retrain"]}
                self.prepare(code, said, silent, store_history)
                reply = await super().do_execute(code, silent, store_history, user_expressions,
                                                 allow_stdin, **rest)
        except (KeyboardInterrupt, asyncio.CancelledError) as e:  # before or behind the cell's code
            reply = self.interrupted(e)
        if reply.get("status") == "error" and _jobs.was_interrupted():
            reply["ename"] = "KeyboardInterrupt"  # what its Spark call made of the end of its jobs
        self.finish(reply)
        return reply

    def interrupted(self, e: BaseException) -> Dict[str, Any]:
        """The reply of a cell that was stopped where IPython does not see it."""
        shell = self.shell
        lines = shell.InteractiveTB.get_exception_only(type(e), e)
        shell._showtraceback(type(e), e, lines)
        return {"status": "error", "ename": type(e).__name__, "evalue": str(e), "traceback": lines,
                "execution_count": shell.execution_count - 1, "user_expressions": {}, "payload": []}

    def prepare(self, code: str, said: Dict[str, Any], silent: bool, store_history: bool) -> None:
        """What must be in place before IPython's own handling of the cell."""
        shell = self.shell
        _cell.enter({"cell": self.get_parent().get("header", {}).get("msg_id"), **said})
        if said.get("execution_count") and store_history:
            shell.execution_count = said["execution_count"]
        division = said.get("python2_division")
        shell.division.active = self.python2_division if division is None else bool(division)
        shell.mended = None
        if not silent:
            mended = _quotes.mend(code, shell.compiles)
            if mended is not None:
                shell.mended = (code, mended)
                notice(f"Typographic quotes were read as plain ones: {_quotes.examples(code, mended)}")
        _mlflow.see(said.get("tracking"))

    def finish(self, reply: Dict[str, Any]) -> None:
        """After the cell, before its reply."""
        if reply.get("ename") in ("KeyboardInterrupt", "CancelledError"):
            _jobs.cancel() if reply["ename"] == "CancelledError" else None
            _jobs.join()
        elif reply.get("ename") == "Py4JJavaError":
            reply["evalue"] = _hints.without_java_frames(reply["evalue"])
        try:
            _mlflow.adopt_run()
        except (Exception, KeyboardInterrupt) as e:  # the bridge's answer to an interrupt
            notice(f"The active MLflow run could not be made the notebook's: {e}")

    def do_shutdown(self, restart):
        threading.Thread(target=_end_soon, name="splice-exit", daemon=True).start()
        return super().do_shutdown(restart)


class App(IPKernelApp):
    """ipykernel's application, with our kernel and what cells find in their namespace."""

    name = "splice-child"
    kernel_class = Type(Kernel, klass=IPythonKernel)

    def initialize(self, argv=None):
        super().initialize(argv)
        config = take_config()
        shell = self.kernel.shell
        namespace = shell.user_ns
        self.kernel.python2_division = bool(config.get("python2_division"))
        shell.division = _division.Python2Division(namespace)
        shell.ast_transformers.append(shell.division)
        if config.get("bridge"):
            _bridge.connect(config["bridge"], config.get("secret") or "")
        _spark.configure(config, namespace)
        _mlflow.watch_import()
        _fitted.watch_import()
        _retrain.take_plan()
        namespace["z"] = ZeppelinContext()
        shell.user_ns_hidden["z"] = namespace["z"]


def before_cell(shell: Shell, raw_cell: str) -> None:
    """What a cell that compiles needs before its first statement; an error is the cell's."""
    source = shell.transform_cell(raw_cell)
    _jobs.enter(_cell.cell_id(), raw_cell)
    if _names.used(source, [n for n in _spark.NAMES if n not in shell.user_ns]):
        _spark.session()
        _jobs.apply(raw_cell)
    _buckets.link(_buckets.in_cell(source, shell.user_ns))


def take_config() -> Dict[str, Any]:
    """The settings that SPLICE_CHILD names; the variable is not for the cells' own children."""
    path = os.environ.pop("SPLICE_CHILD", None)
    if path is None:
        return {}
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def _end_soon() -> None:
    end = time.monotonic() + EXIT_S
    _spark.stop()
    while time.monotonic() < end:
        time.sleep(0.05)
    os._exit(0)


def main() -> None:
    """Run until the kernel says shutdown, or is gone."""
    # ipykernel ends when the process named here does, and the JVM when ipykernel does.
    parent = {"parent_handle": os.getppid()} if "SPLICE_CHILD" in os.environ else {}
    App.launch_instance(**parent)


if __name__ == "__main__":
    # One copy of this module, whatever name it was started under.
    from splicemachine.child import main as run

    sys.exit(run())
