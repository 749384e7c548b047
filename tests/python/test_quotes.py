"""Which cells are mended, and which are left alone (splicemachine/_quotes.py)."""
import pytest

from splicemachine import _quotes


@pytest.fixture(scope="module")
def compiles():
    """Whether a cell is valid, as the child decides it: after IPython's own transformations."""
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()

    def check(source):
        try:
            compile(manager.transform_cell(source), "<cell>", "exec", 0x2000)  # top-level await
        except SyntaxError:
            return False
        return True

    return check


MENDED = {
    "manager.create_new_run(user_id=‘Ben’)": "manager.create_new_run(user_id='Ben')",
    "manager.create_new_run(user_id=`Amy`)": "manager.create_new_run(user_id='Amy')",
    "x = “two words”": 'x = "two words"',
    "x = ’both closing’": "x = 'both closing'",
    "x = „low”": 'x = "low"',
    "f(‘a’, “b”, `c`)": "f('a', \"b\", 'c')",
    "x = “it's”": 'x = "it\'s"',
    "x = ‘it's’": 'x = "it\'s"',
    "x = ‘he said “hi”’": "x = 'he said “hi”'",
    "x = f‘{y}’": "x = f'{y}'",
    "s = 'keep ‘this’'; f(‘a’)": "s = 'keep ‘this’'; f('a')",
    "s = '''keep\n‘this’'''\nf(‘a’)": "s = '''keep\n‘this’'''\nf('a')",
    "f(‘a’)  # don’t touch ‘this’": "f('a')  # don’t touch ‘this’",
    "!echo ‘hi’\nf(‘a’)": "!echo ‘hi’\nf('a')",
    "%alias ‘hi’\nf(`a`)": "%alias ‘hi’\nf('a')",
    "out = !ls ‘x’\nf(‘a’)": "out = !ls ‘x’\nf('a')",
    "!echo \\\n ‘hi’\nf(‘a’)": "!echo \\\n ‘hi’\nf('a')",
    "await f(‘a’)": "await f('a')",
    "f(\n  ‘a’,\n  b)": "f(\n  'a',\n  b)",
    "r = r‘\\d’": "r = r'\\d'",
    "é = ‘naïve’": "é = 'naïve'",
}

LEFT = [
    "x = 'fine ‘as’ it is'",
    "# only ‘a’ comment with `ticks`",
    "!echo ‘hi’ `date`",
    "%timeit ‘x’",
    "%%bash\necho ‘hi’ `date`",
    "x = f'{y} ‘z’'",
    "print(‘unmatched)",
    "print(‘don’t’)",
    "x = `a + b`",
    "x = `two words`",
    "x = “mixed’",
    "f(‘a’) +",
    "x = ‘both ' and \" inside’",
    "x = ‘over\ntwo lines’",
    "x = ‘ends in a backslash\\’",
    "for",
    "x = 1",
    "",
    "s = 'unfinished ‘a’\nf(‘b’)",
]


@pytest.mark.parametrize("source", MENDED)
def test_mended(source, compiles):
    assert _quotes.mend(source, compiles) == MENDED[source]


@pytest.mark.parametrize("source", LEFT)
def test_left_alone(source, compiles):
    assert _quotes.mend(source, compiles) is None


def test_places_stay(compiles):
    source = "a = 1\nb = f(‘x’, c)"
    mended = _quotes.mend(source, compiles)
    assert len(mended) == len(source)
    assert [len(line) for line in mended.splitlines()] == [len(line) for line in source.splitlines()]


def test_what_the_notice_says(compiles):
    source = "f(‘Ben’)"
    assert _quotes.examples(source, _quotes.mend(source, compiles)) == "‘Ben’ as 'Ben'"
