"""docs/BENCHMARKS.md, from the figures of one run."""
import datetime

from measure import MIB, machine

INTRODUCTION = """# Benchmarks

`make bench` measures and writes this page; nothing in it is typed by hand. Both sides of a row ran in the same run, in turns, after a
warm-up: the ratio of the medians is what counts, the seconds are this machine's. In brackets: smallest and largest.

{machine}. {date}, load {load}. {versions}.

| what | ours | beside it | | ratio | aim | reached |
|---|---|---|---|---|---|---|
{rows}

## How it is measured

- **import, select**: {count} rows × 31 columns, 28 of them doubles, from `examples/make_fraud_data.py`. Ours: a
  `%splicemachine` cell of a kernel driven by jupyter_client, from the request to its idle status, with the progress shown, bad records
  kept, the first 1,000 rows as a table and the rest counted. Beside it: `bench/JdbcClient.java` on Derby's JDBC client in a warm
  virtual machine (`{heap}`), batches of 1,000 in one transaction; every column read as its type, nothing shown. One Derby server with
  the same heap serves both; a checkpoint precedes each pass; the median of {imports} imports and {selects} selects each.
- **CPU** is the client process's, of all its threads (`clock_getcpuclockid`); server CPU is the Derby server's, for the record. **Peak
  memory** is VmHWM, set back before each pass.
- **start**: from the spawn of the process until the answer to kernel_info is there, over TCP, {starts} times. `echo` is
  `bench/echo.c`, a libzmq ROUTER that sends back what it gets: no kernel that speaks through libzmq can be below it.
- **idle memory** is a second after the first answer; private is Private_Clean + Private_Dirty of smaps_rollup.
- **round trips**: {messages} of each. The kernel_info request is signed beforehand. A cell is over when its reply and its idle status are there:
  `%spark.pyspark --help`, which the kernel answers itself with a page of help, and `pass` in ipykernel.
- **serving**: the fraud project's pipeline (assembler, scaler, a network of 29, 14 and 2), served by `splice-scorer` and by
  `mlflow models serve` of the same fitted model, after both have given the same answers to 100 rows. Start: until the first good ping. One
  row: kept connection, {latencies}. Under load: `wrk`, requests of 100 rows, {load_s} s each. Memory: Pss of all processes after the load. Size: the
  program and its model beside the Python environment, the Java and the model that MLflow's image would hold.
- Where **import** misses its aim for CPU: two fifths of it go into the digits of 8.6 million numbers, which are read exactly, a sixth into the system's
  reading and sending, the rest into records and messages (`perf record` of the kernel); a warm virtual machine does the first as fast.

## To repeat

    ./install.sh --test     # once: Java, Derby, the Python environments
    make bench              # about ten minutes; keep the machine quiet

The data (150 MB, made once) stays in the build folder. Nothing else stays, and no server of yours is touched.
"""


def seconds(v):
    return f"{v:.2f} s"


def milliseconds(v):
    return f"{v * 1e3:.3g} ms" if v < 1 else f"{v * 1e3:.0f} ms"


def mebibytes(v):
    return f"{v / MIB:.1f} MiB"


def spread(figure, unit):
    return f"{unit(figure.median)} ({unit(min(figure.values))} – {unit(max(figure.values))})"


def rate(v):
    return f"{v:,.0f} rows/s"


def row(what, ours, theirs, beside, unit, aim=None, part=None, most=None):
    """One line; `part`: this quantile instead of the median.  `aim` is a ratio, `most` a value of ours."""
    a, b = (f.quantile(part) if part else f.median for f in (ours, theirs))
    shown = [unit(a), unit(b)] if part or len(ours.values) == 1 else [spread(ours, unit), spread(theirs, unit)]
    wanted = f"≤ {aim:.2g}" if aim else f"≤ {unit(most)}" if most else ""
    reached = a <= (aim * b if aim else most or 0)
    cells = [what, *shown, beside, f"{a / b:.2g}", wanted, "" if not wanted else "yes" if reached else "**no**"]
    return "| " + " | ".join(cells) + " |"


def sql_rows(name, series):
    ours, theirs = series["kernel"], series["jdbc"]
    return [row(f"{name}: time", ours.wall, theirs.wall, "JDBC", seconds, aim=1),
            row(f"{name}: CPU of the client", ours.cpu, theirs.cpu, "JDBC", seconds, aim=1 / 3),
            row(f"{name}: CPU of the server", ours.server_cpu, theirs.server_cpu, "JDBC", seconds),
            row(f"{name}: peak memory of the client", ours.peak, theirs.peak, "JDBC", mebibytes)]


def kernel_rows(starts, idle):
    ours = "splice-kernel"
    lines = [row("start to first kernel_info reply", starts[ours], starts["echo"], "echo", milliseconds, aim=3),
             row("start to first kernel_info reply", starts[ours], starts["ipykernel"], "ipykernel", milliseconds)]
    for what, key, unit in (("idle: private memory", "private", mebibytes),
                            ("idle: resident memory", "resident", mebibytes)):
        lines += [row(what, idle[key][ours], idle[key][other], other, unit) for other in ("echo", "ipykernel")]
    for other in ("echo", "ipykernel"):
        lines += [row(f"kernel_info round trip, {name}", idle["info"][ours], idle["info"][other], other,
                      milliseconds, part=part) for name, part in (("p50", .5), ("p99", .99))]
    lines += [row(f"cell round trip, {name}", idle["cell"][ours], idle["cell"]["ipykernel"], "ipykernel",
                  milliseconds, part=part) for name, part in (("p50", .5), ("p99", .99))]
    return lines


def serving_rows(s):
    def pair(figures):
        return figures["splice-scorer"], figures["mlflow"], "mlflow models serve"

    return [row("serving: size", *pair(s["size"]), mebibytes, most=10e6),
            row("serving: start to first good ping", *pair(s["start"]), milliseconds, most=0.05),
            row("serving: one row, p50", *pair(s["latency"]), milliseconds, aim=1 / 100, part=.5),
            row("serving: one row, p99", *pair(s["latency"]), milliseconds, part=.99),
            *(row(f"serving: {clients} clients" if clients > 1 else "serving: 1 client", *pair(figures), rate)
              for clients, figures in s["load"].items()),
            row("serving: memory", *pair(s["memory"]), mebibytes, aim=1 / 50)]


def page(starts, idle, sql, serving, load, versions, facts):
    rows = (sql_rows("import", sql["import"]) + sql_rows("select", sql["select"]) + kernel_rows(starts, idle)
            + serving_rows(serving))
    return INTRODUCTION.format(machine=machine(), date=datetime.date.today().isoformat(), load=load,
                               versions=versions, rows="\n".join(rows), **facts)
