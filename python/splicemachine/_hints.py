"""What is shown of an error, and what to do about those that Spark words for its own developers.

Each entry names an error as users meet it and adds one line below the
traceback.  The Java frames of a Py4JJavaError are left out of what is shown;
`err.java_exception` has them.
"""
from __future__ import annotations

import os
import re
from types import TracebackType
from typing import List, Optional, Tuple

from splicemachine.errors import SpliceError

PACKAGE = os.path.dirname(__file__) + os.sep

# (text in the error, hint); {0} is the pattern's first group.
HINTS: List[Tuple[str, str]] = [
    (r"Could not convert \[[^\]]*\d\.\d[^\]]*\] to list of ints",
     "In Python 3 `/` between whole numbers gives a fraction: write `//`, e.g. `first//2`. For "
     "notebooks of Python 2's time, `%spark.pyspark --python2-division` makes `/` do that in a cell."),
    (r"Path (\S+) already exists",
     "{0} is there already. To replace it: MODEL.write().overwrite().save(PATH), or "
     ".mode('overwrite') on a frame's writer."),
    (r"Could not initialize class org\.apache\.hadoop\.fs\.s3a|ClassNotFoundException: "
     r"(?:Class )?org\.apache\.hadoop\.fs\.s3a\.S3AFileSystem",
     "The S3A jars are not installed: run install.sh again."),
    (r"NoAuthWithAWSException|Unable to load credentials|NoAwsCredentialsException",
     "No AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE) "
     "and restart the kernel, or name the bucket in the configuration to make it a folder."),
    (r"Path does not exist: (\S+)|Input path does not exist: (\S+)",
     "Nothing was saved there yet; look at the path's spelling."),
    (r"java\.lang\.OutOfMemoryError",
     "Spark ran out of memory: raise spark.driver.memory in the configuration and restart the kernel."),
]


def hint_for(text: str) -> Optional[str]:
    """The hint for an error's text, or None."""
    for pattern, hint in HINTS:
        found = re.search(pattern, text)
        if found:
            return hint.format(*(g or "" for g in found.groups())) if found.groups() else hint
    return None


def add_hint(error: BaseException) -> None:
    """Put the hint below the error's text; once, however often it is shown."""
    if getattr(error, "_splice_hint", None) is not None:
        return
    try:
        hint = hint_for(str(error))
        error._splice_hint = hint or ""
    except Exception:  # an error whose own text fails is shown as it is
        return
    if hint and hasattr(error, "add_note"):
        error.add_note(hint)
    elif hint and error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]}\n{hint}", *error.args[1:])


def is_java_error(error: BaseException) -> bool:
    """Whether str(error) holds a Java stack trace."""
    return type(error).__name__ == "Py4JJavaError"


def without_java_frames(text: str) -> str:
    """The lines of a Java error that say something; which proxy object was called is not among them."""
    text = re.sub(r"An error occurred while calling \S+\.\n: ", "", text)
    lines = [line for line in text.splitlines()
             if not re.match(r"\s+(at [\w.$/]+|\.\.\. \d+ (more|common frames))", line)]
    return "\n".join(lines)


def without_our_frames(error: BaseException, traceback: Optional[TracebackType]) -> Optional[TracebackType]:
    """A copy of the traceback that ends where the user can change something.

    Frames that set `__tracebackhide__` are left out, and for the package's own errors, whose text says it all,
    every frame of the package.  IPython gives that name another value in its first frame, and counts on that one.
    """
    kept = []
    while traceback is not None:
        frame = traceback.tb_frame
        ours = isinstance(error, SpliceError) and frame.f_code.co_filename.startswith(PACKAGE)
        if not ours and frame.f_locals.get("__tracebackhide__") is not True:
            kept.append(traceback)
        traceback = traceback.tb_next
    shown = None
    for entry in reversed(kept):
        shown = TracebackType(shown, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return shown
