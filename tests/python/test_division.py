"""Python 2's division (splicemachine/_division.py)."""
import ast
import pickle

import pytest

from splicemachine._division import DIV, Python2Division


def run(source, active=True, **namespace):
    transformer = Python2Division(namespace)
    transformer.active = active
    tree = transformer.visit(ast.parse(source))
    exec(compile(tree, "<cell>", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("expression, expected", [
    ("29/2", 14), ("-7/2", -4), ("7/2.0", 3.5), ("7.0/2", 3.5), ("True/2", 0), ("8/2/2", 2),
    ("(1+2)/2*1.0", 1.0), ("[x/2 for x in (3, 5)]", [1, 2]), ("(lambda a: a/2)(5)", 2),
])
def test_divides_as_python2(expression, expected):
    result = run(f"r = {expression}")["r"]
    assert result == expected and type(result) is type(expected)


def test_off_is_python3():
    names = run("r = 29/2", active=False)
    assert names["r"] == 14.5 and DIV not in names


def test_from_future_import():
    assert run("from __future__ import division\nr = 29/2")["r"] == 14.5


def test_numpy_divides_as_ever():
    numpy = pytest.importorskip("numpy")
    names = run("a = n.int64(7)/2\nb = n.array([7, 8])/2", n=numpy)
    assert names["a"] == 3.5 and list(names["b"]) == [3.5, 4.0]


def test_augmented():
    names = run("x = 7\nx /= 2\nf = 7.0\nf /= 2")
    assert names["x"] == 3 and names["f"] == 3.5


def test_augmented_evaluates_its_target_once():
    names = run("calls = []\n"
                "def at(i):\n    calls.append(i)\n    return i\n"
                "d = {1: 9}\n"
                "d[at(1)] /= 2\n"
                "class C: pass\n"
                "c = C(); c.x = 5\n"
                "def get():\n    calls.append('get')\n    return c\n"
                "get().x /= 2\n")
    assert names["d"] == {1: 4} and names["c"].x == 2 and names["calls"] == [1, "get"]
    assert not [n for n in names if n.startswith("_splice_t")]


def test_augmented_keeps_the_object():
    numpy = pytest.importorskip("numpy")
    a = numpy.array([4.0, 6.0])
    names = run("b = a\na /= 2\na[0:1] /= 2", a=a)
    assert names["a"] is names["b"] is a and list(a) == [1.0, 3.0]


def test_lines_stay():
    with pytest.raises(ZeroDivisionError) as e:
        run("x = 1\ny = x/0\n")
    assert e.traceback[-2].lineno + 1 == 2


def test_helper_is_of_the_users_module():
    # so that cloudpickle sends it along to executors that lack this package
    names = run("r = 1/2", __name__="__main__")
    assert names[DIV].__module__ == "__main__"
    assert pickle  # the executors' side is in tests/live
