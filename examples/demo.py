#!/usr/bin/env python3
"""Run the fraud project from an empty database to two compared models, and show how it goes.

Makes the data once, in the folder that serves as the bucket splice-demo, then runs fraud.ipynb cell by
cell through the kernel "splice", as any Jupyter client would. The executed notebook and a page of it
are kept, also when a cell fails. `install.sh --demo` calls this.
"""
import argparse
import asyncio
import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True      # no __pycache__ among the installed examples

import make_fraud_data  # noqa: E402
import nbformat  # noqa: E402
from jupyter_client.kernelspec import NoSuchKernel  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
BUCKET = os.path.join("buckets", "splice-demo", "kaggle-fraud-data")
OUTPUT_LINES = 6        # of each cell's output, on the terminal; the page has all of it
TRACEBACK_LINES = 8
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def data_home():
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "splice-kernel")


def say(text=""):
    print(text, flush=True)


def width():
    return max(shutil.get_terminal_size((100, 24)).columns, 60)


def shorten(text, room):
    text = ANSI.sub("", text).expandtabs(4).rstrip()
    return text if len(text) <= room else text[:room - 1] + "…"


def make_data():
    """Both months, each only if it is not there: a file under its name is complete."""
    folder = os.path.join(data_home(), BUCKET)
    for month, name in ((1, "creditcard.csv"), (2, "creditcard2.csv")):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            say("Data: %s" % path)
            continue
        started = time.monotonic()
        say("Data: making %s (150 MB)" % path)
        make_fraud_data.write_file(path, month=month)
        say("Data: done in %.1f s" % (time.monotonic() - started))


def cell_titles(cells):
    """One title per cell: the heading above it, or its first telling line."""
    titles, heading = [], None
    for cell in cells:
        if cell.cell_type == "markdown":
            found = re.findall(r"^#+ +(.+?)[ #]*$", cell.source, re.MULTILINE)
            heading = found[-1] if found else heading
        title = heading if cell.cell_type == "code" else None
        if cell.cell_type == "code":
            heading = None
            lines = [line.strip() for line in cell.source.splitlines()]
            telling = [line for line in lines if line and not line.startswith(("%", "#", "--", "import ", "from "))]
            title = title or (telling or lines or [""])[0]
        titles.append(title)
    return titles


def output_lines(cell):
    """What a terminal would have shown of the cell's outputs, errors left out."""
    parts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type in ("display_data", "execute_result"):
            parts.append("".join(output.data.get("text/plain", "")))
    lines = []
    for part in parts:
        # A progress line redraws itself after \r: only its last state counts.
        lines += [line.rstrip("\r").split("\r")[-1] for line in part.split("\n")]
    return [line for line in lines if ANSI.sub("", line).strip()]


def show_output(cell):
    lines = output_lines(cell)
    for line in lines[:OUTPUT_LINES]:
        say("      " + shorten(line, width() - 6))
    if len(lines) > OUTPUT_LINES:
        say("      … %d more lines in the page" % (len(lines) - OUTPUT_LINES))


def show_error(cell):
    errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
    for error in errors[-1:]:
        lines = [line for part in error.get("traceback", []) for line in ANSI.sub("", part).splitlines() if line.strip()]
        for line in lines[-TRACEBACK_LINES:]:
            say("      " + shorten(line, width() - 6))
        last = "%s: %s" % (error.ename, error.evalue)
        if not lines or error.evalue.split("\n")[0][:40] not in "\n".join(lines[-TRACEBACK_LINES:]):
            say("      " + shorten(last, 2 * width()))


def show_death(log):
    with open(log, errors="replace") as lines:
        last = lines.read().splitlines()[-TRACEBACK_LINES:]
    say("The kernel died%s" % (". Its last words, in %s:" % log if last else " and said nothing."))
    for line in last:
        say("      " + shorten(line, width() - 6))


class Run:
    """One run of the notebook: its client, where it stands, and how it ended."""

    def __init__(self, notebook, kernel, folder):
        self.notebook = notebook
        self.log = os.path.join(folder, "kernel.log")
        self.client = NotebookClient(notebook, timeout=None, kernel_name=kernel, record_timing=True,
                                     resources={"metadata": {"path": folder}})
        self.interrupted = False
        self.task = None

    def on_interrupt(self):
        """First Ctrl-C: ask the kernel to stop the cell. Second: do not wait for its answer."""
        if self.interrupted:
            self.task.cancel()
            return
        self.interrupted = True
        asyncio.ensure_future(self.client.km.interrupt_kernel())

    def on_terminate(self):
        self.interrupted = True
        self.task.cancel()

    async def tick(self, label):
        """A live line with the seconds, on a terminal."""
        started = time.monotonic()
        while sys.stdout.isatty():
            line = "%s  %d s" % (label, time.monotonic() - started)
            print("\r\x1b[K" + shorten(line, width() - 1), end="", flush=True)
            await asyncio.sleep(0.5)

    async def cell(self, index, label):
        cell = self.notebook.cells[index]
        started = time.monotonic()
        ticker = asyncio.ensure_future(self.tick(label))
        try:
            await self.client.async_execute_cell(cell, index)
        finally:
            ticker.cancel()
            clear = "\r\x1b[K" if sys.stdout.isatty() else ""
            say("%s%s  %.1f s" % (clear, label, time.monotonic() - started))
            show_output(cell)

    async def cells(self):
        titles = cell_titles(self.notebook.cells)
        codes = [i for i, c in enumerate(self.notebook.cells) if c.cell_type == "code" and c.source.strip()]
        for number, index in enumerate(codes, 1):
            label = "[%*d/%d] %s" % (len(str(len(codes))), number, len(codes), shorten(titles[index], width() - 24))
            try:
                await self.cell(index, label)
            except CellExecutionError:
                if not self.interrupted:
                    show_error(self.notebook.cells[index])
                return index
            if self.interrupted:
                return index
        return None

    async def execute(self):
        """Returns the index of the cell that failed, or None."""
        self.task = asyncio.current_task()
        with open(self.log, "w") as log:    # the kernel's own words would disturb the terminal
            return await self.execute_with(log)

    async def execute_with(self, log):
        async with self.client.async_setup_kernel(stdout=log, stderr=log):
            loop = asyncio.get_running_loop()
            # nbclient's own handlers would take the kernel away in the middle of a cell.
            loop.add_signal_handler(signal.SIGINT, self.on_interrupt)
            loop.add_signal_handler(signal.SIGTERM, self.on_terminate)
            return await self.cells()


def save(notebook, folder, name):
    """The notebook as it stands, and a page of it."""
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, name + ".ipynb"), os.path.join(folder, name + ".html")]
    nbformat.write(notebook, paths[0] + ".new")
    os.replace(paths[0] + ".new", paths[0])
    from nbconvert import HTMLExporter      # takes a second: only now
    page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": name}})
    with open(paths[1] + ".new", "w", encoding="utf-8") as out:
        out.write(page)
    os.replace(paths[1] + ".new", paths[1])
    return paths


def tracking_page(manager):
    """The address that splice-manager gives for MLflow, else where it is by default."""
    if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http"):
        return os.environ["MLFLOW_TRACKING_URI"]
    try:
        status = subprocess.run([manager, "status"], capture_output=True, text=True, timeout=10).stdout
        for line in status.splitlines():
            address = re.search(r"https?://[^\s\"',]+", line)
            if address and re.search("mlflow|tracking", line, re.IGNORECASE):
                return address.group()
    except (OSError, subprocess.SubprocessError):
        pass
    return "http://127.0.0.1:5001"


def run(arguments):
    notebook = nbformat.read(arguments.notebook, as_version=4)
    name = os.path.splitext(os.path.basename(arguments.notebook))[0]
    os.makedirs(arguments.output, exist_ok=True)
    if not arguments.no_data:
        make_data()
    this = Run(notebook, arguments.kernel, arguments.output)
    started, status = time.monotonic(), 0
    try:
        if asyncio.run(this.execute()) is not None:
            status = 1
    except NoSuchKernel:
        say('There is no kernel "%s". ./install.sh installs it.' % arguments.kernel)
        return 1
    except DeadKernelError:     # also what nbclient makes of a cancelled wait
        if not this.interrupted:
            show_death(this.log)
        status = 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        this.interrupted = True
    except RuntimeError as error:
        atexit.unregister(this.client._cleanup_kernel)     # left behind by nbclient; fails on the way out
        say("The kernel does not start: %s" % error)
        show_death(this.log)
        return 1
    paths = save(notebook, arguments.output, name)
    say()
    if this.interrupted:
        say("Interrupted; what ran so far is kept.")
        status = 130
    elif status:
        say("A cell failed; what ran so far is kept.")
    else:
        say("All cells ran, in %.0f s." % (time.monotonic() - started))
    say("Notebook:      %s\nPage:          %s" % tuple(paths))
    if arguments.kernel == "splice":
        say("Tracking page: %s" % tracking_page(arguments.manager))
    return status


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description="Run the fraud project and show how it goes.")
    parser.add_argument("--notebook", default=os.path.join(HERE, "fraud.ipynb"), help="another notebook to run")
    parser.add_argument("--kernel", default="splice", help="another kernel (default %(default)s)")
    parser.add_argument("--output", default=os.path.join(data_home(), "demo"), help="where the results go")
    parser.add_argument("--no-data", action="store_true", help="do not make the data")
    parser.add_argument("--manager", default="splice-manager", help="the splice-manager to ask for addresses")
    return parser.parse_args(argv)


def main(argv=None):
    try:
        return run(parse_arguments(argv))
    except BrokenPipeError:     # piped into head, say: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print("demo: %s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
