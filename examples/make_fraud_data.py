#!/usr/bin/env python3
"""Write a made-up month of credit-card payments, shaped like Kaggle's creditcard.csv.

    make_fraud_data.py creditcard.csv                 284,807 rows, 492 of them fraud (about 150 MB)
    make_fraud_data.py --rows 20000 small.csv         a small one for tests
    make_fraud_data.py --month 2 creditcard2.csv      the month after: other rows, habits drifted a little

The same arguments give the same bytes on every machine. For that, nothing here may depend on the
processor or on libm: random bits come from PCG64's raw output, whose stream NumPy never changes, and
only + - * / and square roots are used on them, which IEEE 754 rounds exactly. No exp, no log, no
np.sum: their last digit differs between machines, and the file shows every digit.
"""
import argparse
import os
import sys
import tempfile
import time

import numpy as np

FULL_ROWS = 284_807
FULL_FRAUDS = 492
MIN_FRAUDS = 40
LAST_SECOND = 172_792       # the file covers two days
ROUND_SECOND = 100_000      # written as 1e+05, which is how R printed it into the original
CHUNK = 10_000              # rows per write; has no influence on the bytes
SEEDS = {1: 20131001, 2: 20131101}

HEADER = ",".join('"%s"' % n for n in ["Time"] + ["V%d" % i for i in range(1, 29)] + ["Amount", "Class"])

# Standard deviations of V1..V28: a principal component analysis orders them by size.
SPREAD = [1.96, 1.65, 1.52, 1.42, 1.38, 1.33, 1.24, 1.19, 1.10, 1.09, 1.02, 1.00, 0.99, 0.96,
          0.92, 0.88, 0.85, 0.84, 0.81, 0.77, 0.73, 0.73, 0.62, 0.61, 0.52, 0.48, 0.40, 0.33]
# Where a typical fraud lies, in standard deviations. Many columns say a little and none decides alone:
# that can be learnt from a few hundred frauds by a linear model and by a small network alike.
SHIFT = [-1.6, 1.6, -1.9, 2.0, -1.4, -1.4, -1.8, 1.3, -1.7, -2.0, 1.9, -2.0, 0.4, -2.1,
         0.4, -1.9, -2.0, -1.6, 1.3, 1.1, 1.2, 0.5, -0.7, -1.0, 0.7, 0.5, 1.0, 0.8]
# What changes in the second month: the frauds' pattern, and where ordinary payments lie.
SHIFT_DRIFT = [0.1, -0.1, 0.2, -0.1, 0.0, -0.1, 0.1, 0.1, -0.1, 0.2, -0.1, 0.2, 0.0, 0.2,
               0.0, 0.1, 0.2, -0.1, 0.1, 0.1, 0.1, 0.0, 0.0, -0.1, 0.0, 0.0, 0.1, 0.1]
MEAN_DRIFT = [0.10, -0.05, 0.08, 0.05, 0.0, 0.04, -0.06, 0.0, 0.05, 0.0, 0.03, -0.04, 0.0, 0.0,
              0.05, 0.0, 0.0, 0.02, 0.0, 0.0, 0.0, 0.03, 0.0, 0.0, 0.02, 0.0, 0.0, 0.0]
# How busy each hour of the day is, for payments and for fraud.
HOURS = [4, 2, 2, 2, 1, 2, 2, 4, 5, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 9, 8, 6]
FRAUD_HOURS = [2, 3, 6, 4, 4, 3, 2, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def uniform(bits, *shape):
    """Numbers in (0, 1): the middle of 2^52 equal steps, so that neither end is ever reached."""
    count = 1
    for n in shape:
        count *= n
    raw = bits.random_raw(count) >> np.uint64(12)
    return ((raw.astype(np.float64) + 0.5) * 2.0 ** -52).reshape(shape)


def fraud_count(rows):
    if rows == FULL_ROWS:
        return FULL_FRAUDS
    share = (rows * FULL_FRAUDS + FULL_ROWS // 2) // FULL_ROWS
    return min(max(share, MIN_FRAUDS), rows // 2)


def make_times(bits, rows):
    """Whole seconds in order, busy by day and quiet at night; 0, 100000 and the last one are there."""
    edges = [0]
    for hour in range(48):
        edges.append(edges[-1] + HOURS[hour % 24])
    edges = np.array(edges, dtype=np.float64)
    at = uniform(bits, rows) * edges[-1]
    hour = np.searchsorted(edges, at, side="right") - 1
    inside = (at - edges[hour]) / (edges[hour + 1] - edges[hour])
    seconds = np.floor((hour + inside) * 3600.0).astype(np.int64)
    seconds = np.sort(np.minimum(seconds, LAST_SECOND))
    first = int(np.searchsorted(seconds, ROUND_SECOND))
    seconds[seconds == ROUND_SECOND] = ROUND_SECOND + 1
    seconds[min(first, rows - 2)] = ROUND_SECOND
    seconds[0], seconds[-1] = 0, LAST_SECOND
    return seconds


def make_classes(bits, seconds):
    """1 for exactly fraud_count() rows, more likely at night."""
    hour = (seconds // 3600) % 24
    rank = uniform(bits, len(seconds)) / np.array(FRAUD_HOURS, dtype=np.float64)[hour]
    classes = np.zeros(len(seconds), dtype=np.int64)
    classes[np.argsort(rank, kind="stable")[:fraud_count(len(seconds))]] = 1
    return classes


def make_cents(bits, classes):
    """Amounts in cents: half under 22, a few of thousands, many whole or ending in .99."""
    u = uniform(bits, len(classes)) * (1.0 - 8e-5)
    odds = u / (1.0 - u)
    amount = np.where(classes == 1, 14.0, 22.0) * np.sqrt(odds) * np.sqrt(np.sqrt(odds))
    cents = np.floor(amount * 100.0).astype(np.int64)
    habit = uniform(bits, len(classes))
    whole = cents - cents % 100
    cents = np.where(habit < 0.20, whole, cents)
    return np.where((habit >= 0.20) & (habit < 0.35), whole + 99, cents)


def make_strength(bits, classes):
    """How plainly each row looks like fraud.

    Most frauds do, some half hide, a few are the pattern turned round, which a linear model cannot
    find; and a few honest rows look like fraud.
    """
    kind = uniform(bits, len(classes))
    vary = 0.75 + 0.5 * uniform(bits, len(classes))
    fraud = np.where(kind < 0.88, 1.0, np.where(kind < 0.965, 0.5, -0.9))
    honest = np.where(kind < 0.0001, 0.8, 0.0)
    return np.where(classes == 1, fraud, honest) * vary


def make_features(bits, strength, month):
    """V1..V28 for the rows whose fraud strengths are given, as a (rows, 28) array."""
    # Five draws for each value, row after row: so the size of a chunk has no say in the result.
    u = uniform(bits, len(strength), 28, 5)
    bell = (u[..., 0] + u[..., 1] + u[..., 2] + u[..., 3] - 2.0) * np.sqrt(3.0)
    # Times a Pareto factor of index 4, over its own deviation: heavy tails, variance still 1.
    values = bell / np.sqrt(np.sqrt(u[..., 4])) / np.sqrt(2.0)
    shift, mean = np.array(SHIFT), np.zeros(28)
    if month == 2:
        shift, mean = shift + np.array(SHIFT_DRIFT), np.array(MEAN_DRIFT)
    return (values + strength[:, None] * shift + mean) * np.array(SPREAD)


def format_rows(seconds, features, cents, classes):
    """CSV lines as R wrote the original: 15 digits, no trailing zeros, the class in quotes."""
    features_format = ",".join(["%.15g"] * features.shape[1])
    lines = []
    for second, values, cent, label in zip(
            seconds.tolist(), features.tolist(), cents.tolist(), classes.tolist()):
        when = "1e+05" if second == ROUND_SECOND else str(second)
        amount = str(cent // 100) if cent % 100 == 0 else ("%d.%02d" % divmod(cent, 100)).rstrip("0")
        lines.append('%s,%s,%s,"%d"\n' % (when, features_format % tuple(values), amount, label))
    return "".join(lines)


def generate(out, rows=FULL_ROWS, month=1, progress=None):
    """Write the whole file to the text stream out."""
    bits = np.random.PCG64(SEEDS[month])
    seconds = make_times(bits, rows)
    classes = make_classes(bits, seconds)
    cents = make_cents(bits, classes)
    strength = make_strength(bits, classes)
    out.write(HEADER + "\n")
    for start in range(0, rows, CHUNK):
        part = slice(start, min(start + CHUNK, rows))
        features = make_features(bits, strength[part], month)
        out.write(format_rows(seconds[part], features, cents[part], classes[part]))
        if progress:
            progress(part.stop, rows)


def show_progress(done, rows):
    """On a terminal one live line, else a line per quarter."""
    if sys.stderr.isatty():
        end = "\n" if done == rows else ""
        print("\r%d of %d rows" % (done, rows), end=end, file=sys.stderr, flush=True)
    elif done * 4 // rows != max(done - CHUNK, 0) * 4 // rows or done == rows:
        print("%d of %d rows" % (done, rows), file=sys.stderr, flush=True)


def write_file(path, rows=FULL_ROWS, month=1, progress=None):
    """Make the file at path; it appears under its name only when it is complete."""
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as out:
            generate(out, rows, month, progress)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        description="Write a made-up month of credit-card payments as CSV; the same arguments give the same bytes.")
    parser.add_argument("file", help="where to write it; - is standard output")
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="how many rows (default %(default)s)")
    parser.add_argument("--month", type=int, choices=sorted(SEEDS), default=1,
                        help="2: other rows, habits drifted a little (default %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    arguments = parser.parse_args(argv)
    if arguments.rows < 100:
        parser.error("--rows must be at least 100")
    return arguments


def main(argv=None):
    arguments = parse_arguments(argv)
    progress = None if arguments.quiet else show_progress
    started = time.monotonic()
    try:
        if arguments.file == "-":
            generate(sys.stdout, arguments.rows, arguments.month, progress)
        else:
            write_file(arguments.file, arguments.rows, arguments.month, progress)
    except OSError as error:
        print("make_fraud_data: %s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nmake_fraud_data: interrupted, nothing written", file=sys.stderr)
        return 130
    if progress:
        print("%s: %.1f s" % (arguments.file, time.monotonic() - started), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
