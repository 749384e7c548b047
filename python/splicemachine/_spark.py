"""Spark, started when the first cell needs it.

Settings go through a private SPARK_CONF_DIR rather than the command line:
they may hold credentials, which `ps` would show, and any way of making a
session (``SparkSession.builder.getOrCreate()`` in a cell as well) finds them.
The user's own SPARK_CONF_DIR is kept: its other files are linked, and its
spark-defaults.conf goes before the kernel's settings.

The JVM writes to a log file, not into cells, and ends with this process,
however it ends: its standard input is a pipe that closes.
"""
from __future__ import annotations

import atexit
import glob
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from typing import Any, Dict, List, Optional

from splicemachine import _buckets
from splicemachine._notice import Progress
from splicemachine.errors import SpliceError

NAMES = ("spark", "sc", "sqlContext")  # what a cell may use without having made it
JVM_END_S = 1.5  # the whole child has 2.5 s to end
LOG4J = """\
# Only errors: what a user can act on is raised in the cell.
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c{1}: %m%n%ex
# Says ERROR with a stack when it only tries another way.
logger.instrumentation.name = org.apache.spark.ml.util.Instrumentation
logger.instrumentation.level = off
"""

_config: Dict[str, Any] = {}
_namespace: Optional[Dict[str, Any]] = None
_start: Optional["_Start"] = None
_folder: Optional[str] = None
_jvm = None


def configure(config: Dict[str, Any], namespace: Dict[str, Any]) -> None:
    """Take the child's JSON (docs/BRIDGE.md) and write the conf folder.  Starts nothing."""
    global _config, _namespace, _folder
    _config, _namespace = config, namespace
    state = _xdg("XDG_STATE_HOME", ".local/state")
    remove_stale()
    _folder = tempfile.mkdtemp(prefix=f"spark-{os.getpid()}-", dir=state)
    atexit.register(stop)
    conf = os.path.join(_folder, "conf")
    os.mkdir(conf, 0o700)
    _write_conf(conf, os.environ.get("SPARK_CONF_DIR"), settings(config, _folder))
    os.environ["SPARK_CONF_DIR"] = conf
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    # py4j tells the root logger, with a stack, that a cell was interrupted.
    logging.getLogger().addFilter(lambda r: "KeyboardInterrupt while sending" not in str(r.msg))


def settings(config: Dict[str, Any], folder: str) -> Dict[str, str]:
    """Spark's settings: ours, overruled by child.json's `spark.conf`."""
    spark = config.get("spark") or {}
    master = spark.get("master") or "local[*]"
    conf = {
        "spark.master": master,
        "spark.app.name": "splice notebook",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.local.dir": os.path.join(folder, "local"),
        "spark.sql.warehouse.dir": _warehouse(),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.pyspark.fallback.enabled": "true",
        "spark.driver.memory": _memory(),
    }
    if master.startswith("local"):
        conf.update({"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                     "spark.sql.shuffle.partitions": str(max(4, os.cpu_count() or 4))})
    jars = _jars(config.get("lib_dir"))
    if jars:
        conf["spark.driver.extraClassPath"] = ":".join(jars)
    conf.update(_buckets.settings(config.get("buckets") or {}))
    own = {k: str(v) for k, v in (spark.get("conf") or {}).items()}
    if jars and "spark.driver.extraClassPath" in own:
        own["spark.driver.extraClassPath"] += ":" + ":".join(jars)
    conf.update(own)
    return conf


def folder() -> Optional[str]:
    """A private folder that goes when this process ends, also when it is killed; None outside a child."""
    return _folder


def started() -> bool:
    """Whether a Spark session exists."""
    module = sys.modules.get("pyspark.sql.session") or sys.modules.get("pyspark.sql")
    cls = getattr(module, "SparkSession", None)
    session = getattr(cls, "_instantiatedSession", None)
    context = getattr(session, "_sc", None)
    return context is not None and context._jsc is not None


def session():
    """The notebook's session, started if need be, with a line that says so under the cell.

    Raises SpliceError with the end of Spark's log when it does not start.
    """
    global _start
    from_pyspark = _import_pyspark()
    if not started():
        if _start is None or not _start.is_alive():
            _start = _Start(from_pyspark, _folder)
            _start.start()
        _wait(_start)
        _start = None
    spark = from_pyspark.builder.getOrCreate()
    spark._jvm.org.apache.spark.sql.classic.SparkSession.setActiveSession(spark._jsparkSession) \
        if hasattr(spark, "_jsparkSession") else None
    _bind(spark)
    return spark


def context():
    """The SparkContext that runs, or None: never starts one."""
    module = sys.modules.get("pyspark.core.context") or sys.modules.get("pyspark.context")
    return getattr(getattr(module, "SparkContext", None), "_active_spark_context", None)


def stop() -> None:
    """End the JVM and remove its files; quick, and harmless when nothing runs."""
    global _jvm, _folder
    jvm, _jvm = _jvm, None
    if jvm is not None and jvm.poll() is None:
        jvm.send_signal(signal.SIGTERM)
        end = time.monotonic() + JVM_END_S
        while jvm.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if jvm.poll() is None:
            jvm.kill()
    folder, _folder = _folder, None
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _import_pyspark():
    try:
        from pyspark.sql import SparkSession
    except ImportError as e:
        raise SpliceError(f"PySpark cannot be imported here: {e}",
                          f"Install it: {sys.executable} -m pip install pyspark==4.3.0") from None
    return SparkSession


class _Start(threading.Thread):
    """Starts Spark beside the cell, so that the cell can count seconds and be interrupted.

    An interrupted cell leaves it running; the next one waits for the same start.
    """

    def __init__(self, session_class, folder: Optional[str]):
        super().__init__(name="spark-start", daemon=True)
        self._class = session_class
        self.log = os.path.join(folder or tempfile.gettempdir(), "spark.log")
        self.error: Optional[BaseException] = None

    def run(self) -> None:
        global _jvm
        try:
            from pyspark import SparkContext
            from pyspark.java_gateway import launch_gateway

            if SparkContext._gateway is None:
                with open(self.log, "ab") as log:
                    gateway = launch_gateway(popen_kwargs={"stdout": log, "stderr": log})
                _jvm = getattr(gateway, "proc", None)
                SparkContext._ensure_initialized(gateway=gateway)
            self._class.builder.getOrCreate()
        except BaseException as e:
            self.error = e


def _wait(start: _Start) -> None:
    began = time.monotonic()
    progress = Progress("Starting Spark …")
    shown = 0
    while start.is_alive():
        start.join(0.1)
        elapsed = int(time.monotonic() - began)
        if elapsed > shown:
            shown = elapsed
            progress.update(f"Starting Spark … {elapsed} s")
    took = time.monotonic() - began
    if start.error is not None:
        progress.update("Spark did not start.")
        raise SpliceError(f"Spark did not start: {start.error}", _log_end(start.log)) from None
    progress.update(f"Spark {_version()} started in {took:.1f} s.")


def _version() -> str:
    import pyspark

    return pyspark.__version__


def _log_end(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            lines = [line.rstrip() for line in f if not line.lstrip().startswith("at ")]
    except OSError:
        return "Is a Java 17 runtime installed?"
    return "\n".join(lines[-8:]) or "Is a Java 17 runtime installed?"


def _bind(spark) -> None:
    if _namespace is None:
        return
    _namespace.setdefault("spark", spark)
    _namespace.setdefault("sc", spark.sparkContext)
    if "sqlContext" not in _namespace:
        from pyspark.sql import SQLContext
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the name is of the notebook's time, not of Spark's
            _namespace["sqlContext"] = SQLContext(spark.sparkContext, spark)


def _xdg(variable: str, fallback: str) -> str:
    base = os.environ.get(variable) or os.path.join(os.path.expanduser("~"), fallback)
    path = os.path.join(base, "splice-kernel")
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def _warehouse() -> str:
    return os.path.join(_xdg("XDG_DATA_HOME", ".local/share"), "warehouse")


def _memory() -> str:
    """A quarter of the machine, between 1 and 4 GB: Spark fills what it gets."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "1g"
    return f"{min(4096, max(1024, total // 4 >> 20))}m"


def _jars(lib_dir: Optional[str]) -> List[str]:
    if not lib_dir:
        return []
    derby = [j for name in ("derbyclient", "derbyshared")
             for j in glob.glob(os.path.join(lib_dir, "jars/derby", name + "-*.jar"))]
    return sorted(derby) + sorted(glob.glob(os.path.join(lib_dir, "jars/s3a/*.jar")))


def _write_conf(folder: str, users: Optional[str], conf: Dict[str, str]) -> None:
    base = ""
    if users and os.path.isdir(users):
        for name in os.listdir(users):
            if name != "spark-defaults.conf":
                os.symlink(os.path.abspath(os.path.join(users, name)), os.path.join(folder, name))
        defaults = os.path.join(users, "spark-defaults.conf")
        if os.path.exists(defaults):
            with open(defaults, encoding="utf-8") as f:
                base = f.read().rstrip("\n") + "\n"
    text = "".join(f"{k} {_escape(v)}\n" for k, v in conf.items())
    with open(_private(os.path.join(folder, "spark-defaults.conf")), "w", encoding="utf-8") as f:
        f.write(base + text)
    if not os.path.exists(os.path.join(folder, "log4j2.properties")):
        with open(os.path.join(folder, "log4j2.properties"), "w", encoding="utf-8") as f:
            f.write(LOG4J)


def _escape(value: str) -> str:
    """A value in a Java properties file."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _private(path: str) -> str:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    return path


def remove_stale() -> None:
    """Remove the folders of children that were killed."""
    for path in glob.glob(os.path.join(_xdg("XDG_STATE_HOME", ".local/state"), "spark-*-*")):
        try:
            pid = int(os.path.basename(path).split("-")[1])
            os.kill(pid, 0)
        except ProcessLookupError:
            shutil.rmtree(path, ignore_errors=True)
        except (ValueError, IndexError, OSError):
            continue
