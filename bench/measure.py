"""What the benchmarks know of a process, and of the machine they run on."""
import ctypes
import os
import platform
import re
import statistics
import time

MIB = 1024 * 1024


class Process:
    """CPU time and memory of a process of ours, as the system accounts for them."""

    def __init__(self, pid):
        self.pid = pid
        self.clock = ctypes.c_int()
        if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(self.clock)) != 0:
            raise ProcessLookupError(pid)

    def cpu(self):
        """Seconds of all threads, those that ended included; user and system."""
        return time.clock_gettime(self.clock.value)

    def memory(self):
        """Bytes now: (resident, private)."""
        sizes = self._sizes("smaps_rollup")
        return sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"]

    def reset_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")  # proc(5): the peak starts again from what is resident now

    def peak(self):
        return self._sizes("status")["VmHWM"]

    def _sizes(self, name):
        with open(f"/proc/{self.pid}/{name}", encoding="ascii", errors="replace") as f:
            return {k: int(v) * 1024 for k, v in re.findall(r"^(\w+):\s+(\d+) kB$", f.read(), re.M)}


def timed(action, *watched):
    """Run it: the seconds it took, and those of CPU that each watched Process used meanwhile."""
    before = [p.cpu() for p in watched]
    start = time.perf_counter()
    action()
    wall = time.perf_counter() - start
    return wall, *(p.cpu() - b for p, b in zip(watched, before))


class Figure:
    """Measurements of one thing; the median stands for them."""

    def __init__(self):
        self.values = []

    def add(self, value):
        self.values.append(value)

    def quantile(self, part):
        ordered = sorted(self.values)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)]

    @property
    def median(self):
        return statistics.median(self.values)


def turns(sides, count):
    """Who runs when: each side once in every round, and each goes first equally often."""
    for i in range(count):
        shift = i % len(sides)
        yield from sides[shift:] + sides[:shift]


def machine():
    """One line about the machine, and its load, so that figures of a busy one are known as such."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (f"{found.group(1) if found else platform.machine()}, {os.cpu_count()} cores, "
            f"{memory / MIB / 1024:.0f} GiB, Linux {'.'.join(platform.release().split('.')[:2])}")
