"""What is added to errors, and left out of Java's (splicemachine/_hints.py)."""
import traceback

import pytest

from splicemachine import _hints
from splicemachine.errors import BridgeError
from splicemachine.ml.management import MLManager


@pytest.mark.parametrize("text, hint", [
    ('Invalid param value given for param "layers". Could not convert [29, 14.5, 2] to list of ints', "//"),
    ("java.io.IOException: Path s3a://b/x already exists. To overwrite", "s3a://b/x is there already"),
    ("[PATH_NOT_FOUND] Path does not exist: file:/x. SQLSTATE: 42K03", "spelling"),
])
def test_hints(text, hint):
    assert hint in _hints.hint_for(text)


def test_no_hint():
    assert _hints.hint_for("division by zero") is None
    assert _hints.hint_for("Could not convert ['a'] to list of ints") is None


def test_added_once():
    error = TypeError("Could not convert [29, 14.5, 2] to list of ints")
    for _ in range(3):
        _hints.add_hint(error)
    assert len(getattr(error, "__notes__", [1])) == 1


def test_java_frames():
    text = "o1.save.\n: java.io.IOException: no\n\tat a.B.c(B.java:1)\n\t... 9 more\nCaused by: why\n\tat d.E$.f(E.scala)"
    assert _hints.without_java_frames(text) == "o1.save.\n: java.io.IOException: no\nCaused by: why"


def test_java_errors_begin_with_what_happened():
    text = ("Py4JJavaError: An error occurred while calling o586.save.\n: java.io.IOException: Path s3a://b/m already exists."
            "\n\tat a.B.c(B.java:1)")
    assert _hints.without_java_frames(text) == "Py4JJavaError: java.io.IOException: Path s3a://b/m already exists."


def frames_shown(error):
    shown = _hints.without_our_frames(error, error.__traceback__)
    return [entry.name for entry in traceback.extract_tb(shown)]


def test_traceback_ends_at_the_users_line():
    def hidden():
        __tracebackhide__ = True
        theirs()

    def theirs():
        raise ValueError

    with pytest.raises(ValueError) as caught:
        hidden()
    assert frames_shown(caught.value) == ["test_traceback_ends_at_the_users_line", "theirs"]
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 3  # %debug still finds all


def test_own_errors_show_no_frame_of_the_package():
    with pytest.raises(BridgeError) as caught:
        MLManager().create_new_run(user_id="Ben")
    assert frames_shown(caught.value) == ["test_own_errors_show_no_frame_of_the_package"]
