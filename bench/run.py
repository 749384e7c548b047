"""Measure the kernel beside what a user would pick instead; tools/run-bench starts this.

    tools/run-bench [--out FILE] [--rows N]

--rows takes a smaller table, to try out the measuring itself: FILE must then be another one than the
document of the repository.
"""
import argparse
import glob
import importlib.metadata
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import zmq

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "plain"
DOCUMENT = ROOT / "docs" / "BENCHMARKS.md"
SERVED_ROWS = 20_000  # that the served model is fitted on
LIB = os.environ.get("SPLICE_LIB_DIR") or os.path.expanduser("~/.local/lib/splice-kernel")
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "servers"), str(ROOT / "examples")]

import kernels  # noqa: E402
import report  # noqa: E402
import serving  # noqa: E402
import sql  # noqa: E402
from derby import Derby, jars  # noqa: E402
from make_fraud_data import FULL_ROWS, show_progress, write_file  # noqa: E402
from measure import Process  # noqa: E402


def say(text):
    print(text, flush=True)


def data_file(rows):
    path = ROOT / "build" / "bench" / f"payments-{rows}.csv"
    if not path.exists():
        say(f"making {path.relative_to(ROOT)}")
        write_file(str(path), rows, progress=show_progress)
    return str(path)


def versions():
    java = subprocess.run(["java", "-version"], stderr=subprocess.PIPE, text=True, check=True).stderr
    derby = [os.path.basename(j)[len("derby-"):-len(".jar")] for j in glob.glob(f"{LIB}/jars/derby/derby-*.jar")]
    return (f"Derby {', '.join(derby)}, Java {java.split(chr(34))[1]}, libzmq {zmq.zmq_version()}"
            f" in Python, ipykernel {importlib.metadata.version('ipykernel')}")


def measure_sql(folder, path, rows):
    with Derby(heap="256m") as server:
        jdbc = sql.Jdbc(server.port, str(ROOT / "build" / "bench"), jars())
        try:
            kernel = sql.Kernel(server.port, BUILD, LIB, folder)
            try:
                return sql.measure_sql(kernel, jdbc, Process(server.process.pid), path, rows, say)
            finally:
                kernel.close()
        finally:
            jdbc.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--out", default=str(DOCUMENT))
    parser.add_argument("--rows", type=int, default=FULL_ROWS)
    options = parser.parse_args()
    if options.rows != FULL_ROWS and pathlib.Path(options.out).resolve() == DOCUMENT:
        parser.error("--rows is for trying; name another --out")
    load, began = os.getloadavg()[0], time.monotonic()
    path = data_file(options.rows)
    candidates = kernels.peers(BUILD, LIB)
    context = zmq.Context()
    with tempfile.TemporaryDirectory(prefix="splice-bench-", ignore_cleanup_errors=True) as folder:
        starts = kernels.measure_starts(candidates, folder, context, say)
        idle = kernels.measure_round_trips(candidates, folder, context, say)
        tables = measure_sql(folder, path, options.rows)
        served = serving.measure(BUILD, data_file(SERVED_ROWS), folder, say)
    facts = {"count": f"{options.rows:,}", "heap": " ".join(sql.HEAP), "imports": sql.IMPORTS,
             "selects": sql.SELECTS, "starts": kernels.STARTS, "messages": kernels.ROUNDS * kernels.MESSAGES,
             "load_s": serving.LOAD_S, "latencies": " and ".join(
                 f"{serving.ROUNDS * n:,} times {name}" for name, n in serving.MESSAGES.items())}
    text = report.page(starts, idle, tables, served, f"{load:.1f} at the beginning", versions(), facts)
    pathlib.Path(options.out).write_text(text, encoding="utf-8")
    say(text.partition("\n\n## ")[0])
    say(f"{options.out}: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
