"""Import and full read of the large table: cells of a real kernel beside Derby's own JDBC client, on one server."""
import os
import subprocess

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from kernels import environment
from measure import Figure, Process, timed, turns

IMPORTS = 3   # measured, after one that warms up the server and both sides
SELECTS = 9
CELL_LIMIT_S = 600
HEAP = ["-Xmx256m", "-XX:+UseSerialGC"]  # lean for a Java program; what the server gets as well
COLUMNS = ("time_offset integer, " + "".join(f"v{i} double, " for i in range(1, 29))
           + "amount decimal(10,2), class_result int")


class Jdbc:
    """bench/JdbcClient.java in a virtual machine that stays."""

    name = "jdbc"

    def __init__(self, port, classes, jars):
        self.process = subprocess.Popen(
            ["java", *HEAP, "-cp", ":".join([classes, *jars]), "JdbcClient",
             f"jdbc:derby://127.0.0.1:{port}/bench;create=true"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.pid = self.process.pid

    def do(self, command):
        self.process.stdin.write(command + "\n")
        answer = self.process.stdout.readline().split()
        if answer[:1] != ["ok"]:
            raise RuntimeError(f"JdbcClient failed at: {command}")
        return int(answer[1])

    def import_file(self, path, table, rows):
        self._expect(rows, self.do(f"import {path} {table}"))

    def select(self, table, rows):
        self._expect(rows, self.do(f"select {table}"))

    @staticmethod
    def _expect(rows, seen):
        if seen != rows:
            raise RuntimeError(f"JdbcClient saw {seen} rows of {rows}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Kernel:
    """splice-kernel, driven as every front end drives it."""

    name = "kernel"

    def __init__(self, port, build, lib, folder):
        file, _ = write_connection_file(os.path.join(folder, "sql.json"))
        self.bad = os.path.join(folder, "bad")
        self.log = open(os.path.join(folder, "sql.log"), "wb")
        self.process = subprocess.Popen(
            [f"{build}/bin/splice-kernel", "-f", file], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log,
            env=environment(folder, SPLICE_LIB_DIR=lib, SPLICE_URL=f"derby://127.0.0.1:{port}/bench"))
        self.pid = self.process.pid
        self.client = BlockingKernelClient(connection_file=file)
        self.client.load_connection_file()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def cell(self, code):
        """Run it; all its plain text."""
        text = []

        def hear(message):
            content = message["content"]
            text.append(content.get("text") or content.get("data", {}).get("text/plain", ""))

        reply = self.client.execute_interactive(code, output_hook=hear, allow_stdin=False,
                                                timeout=CELL_LIMIT_S)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"{code}\n{reply['ename']}: {reply['evalue']}")
        return "\n".join(text)

    def import_file(self, path, table, rows):
        schema, name = table.split(".")
        self._expect(rows, self.cell(
            f"%splicemachine\ncall SYSCS_UTIL.IMPORT_DATA('{schema}', '{name}', null, '{path}', ',', "
            f"null, null, null, null, 100000, '{self.bad}', null, null)"))

    def select(self, table, rows):
        self._expect(rows, self.cell(f"%splicemachine\nselect * from {table}"))

    @staticmethod
    def _expect(rows, text):
        if str(rows) not in text.replace(",", ""):
            raise RuntimeError(f"the kernel does not tell of {rows} rows:\n{text[-2000:]}")

    def close(self):
        self.client.stop_channels()
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Series:
    """What is kept of one side's passes."""

    def __init__(self):
        self.wall, self.cpu, self.server_cpu, self.peak = (Figure() for _ in range(4))


def measure(sides, server, count, before, action, say):
    """One pass of each side to warm up, then `count` of each in turns."""
    series = {s.name: Series() for s in sides}
    for i, side in enumerate([*sides, *turns(sides, count)]):
        before(side)
        process = Process(side.pid)
        process.reset_peak()
        wall, cpu, server_cpu = timed(lambda: action(side), process, server)
        warm = i >= len(sides)
        say(f"  {side.name}: {wall:.2f} s, {cpu:.2f} s CPU, server {server_cpu:.2f} s"
            + ("" if warm else " (to warm up)"))
        if warm:
            s = series[side.name]
            s.wall.add(wall)
            s.cpu.add(cpu)
            s.server_cpu.add(server_cpu)
            s.peak.add(process.peak())
    return series


def measure_sql(kernel, jdbc, server, path, rows, say):
    """Both sides import into tables of their own, emptied before, and read one table."""
    tables = {kernel.name: "BENCH.KERNEL", jdbc.name: "BENCH.JDBC"}
    sides = [kernel, jdbc]
    jdbc.do("run create schema bench")
    for table in tables.values():
        jdbc.do(f"run create table {table} ({COLUMNS})")

    def empty(side):
        jdbc.do(f"run truncate table {tables[side.name]}")
        settle(side)

    def settle(_side):
        # What one side left to be written is not to slow down the other.
        jdbc.do("run call SYSCS_UTIL.SYSCS_CHECKPOINT_DATABASE()")

    say(f"import of {rows} rows")
    imports = measure(sides, server, IMPORTS, empty, lambda s: s.import_file(path, tables[s.name], rows), say)
    for table in tables.values():
        jdbc.select(table, rows)
    say(f"select of {rows} rows")
    selects = measure(sides, server, SELECTS, settle, lambda s: s.select("BENCH.KERNEL", rows), say)
    return {"import": imports, "select": selects}
