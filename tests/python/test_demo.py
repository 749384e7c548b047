"""The runner of `install.sh --demo`, on small notebooks and the python3 kernel."""
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

EXAMPLES = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", "examples"))
sys.path.insert(0, EXAMPLES)

import demo  # noqa: E402


def command(tmp_path, *cells, kernel="python3"):
    path = tmp_path / "small.ipynb"
    nbformat.write(new_notebook(cells=list(cells)), path)
    return [sys.executable, os.path.join(EXAMPLES, "demo.py"), "--no-data", "--kernel", kernel,
            "--notebook", str(path), "--output", str(tmp_path / "out")]


def run(*arguments, **options):
    return subprocess.run(command(*arguments, **options), capture_output=True, text=True, timeout=120)


def test_titles_are_headings_or_telling_lines():
    cells = [new_markdown_cell("# Title\ntext\n## 1. Connect ##"), new_code_cell("a = 1"),
             new_code_cell("%spark.pyspark\n# why\nimport time\nb = 2"), new_code_cell("%splicemachine"), new_code_cell("")]
    assert demo.cell_titles(cells) == [None, "1. Connect", "b = 2", "%splicemachine", ""]


def test_progress_lines_show_their_last_state():
    cell = new_code_cell("", outputs=[nbformat.v4.new_output("stream", text="1%\r2%\r3%\n\n\x1b[31mred\x1b[0m\r\n")])
    assert demo.output_lines(cell) == ["3%", "\x1b[31mred\x1b[0m"]


def test_all_cells_run_and_results_are_kept(tmp_path):
    done = run(tmp_path, new_markdown_cell("# Hello"), new_code_cell("print('out', 6 * 7)"),
               new_code_cell("for i in range(9): print('line', i)"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[1/2] Hello" in done.stdout and "out 42" in done.stdout and "… 3 more lines" in done.stdout
    kept = nbformat.read(tmp_path / "out" / "small.ipynb", as_version=4)
    assert kept.cells[1].outputs[0].text == "out 42\n"
    assert "out 42" in (tmp_path / "out" / "small.html").read_text()


def test_an_error_is_shown_in_short_and_the_rest_is_kept(tmp_path):
    done = run(tmp_path, new_code_cell("print('before')"), new_code_cell("1 / 0"), new_code_cell("print('after')"))
    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stdout and "after" not in done.stdout
    assert "before" in (tmp_path / "out" / "small.html").read_text()


def test_a_dead_kernel_ends_the_run(tmp_path):
    done = run(tmp_path, new_code_cell("import os; os._exit(3)"))
    assert done.returncode == 1 and "kernel died" in done.stdout and "Traceback" not in done.stdout + done.stderr


def test_a_missing_kernel_is_one_sentence(tmp_path):
    done = run(tmp_path, new_code_cell("1"), kernel="no-such-kernel")
    assert done.returncode == 1 and "no kernel" in done.stdout and "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("sign,status", [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_stopping_keeps_what_ran(tmp_path, sign, status):
    program = subprocess.Popen(
        command(tmp_path, new_code_cell("print('first')"), new_code_cell("open('started', 'w')\nimport time; time.sleep(60)")),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "started").exists():
        assert time.monotonic() < deadline and program.poll() is None
        time.sleep(0.1)
    program.send_signal(sign)
    out, err = program.communicate(timeout=60)
    assert program.returncode == status, out + err
    assert "Interrupted" in out and "Traceback" not in out + err and "died" not in out
    assert "first" in (tmp_path / "out" / "small.html").read_text()
