"""What is added to errors, and left out of Java's (splicemachine/_hints.py)."""
import pytest

from splicemachine import _hints


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
