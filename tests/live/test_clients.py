"""The front ends themselves: nbclient, `jupyter console` on a terminal, JupyterLab in Chromium."""

import tempfile
import time

import nbformat
import pytest

import front_ends
from conftest import Home

TABLE = """%splicemachine
drop table if exists cards;
create table cards (class_result int, amount decimal(10,2), name varchar(40));
insert into cards values (0, 12.50, 'Zoë <b>bold</b>'), (0, 3.00, '日本'), (0, 7.25, null),
(1, 99.99, 'a & b');"""
SHARES = "%splicemachine --chart pie\nselect class_result, count(*) as n from cards group by class_result"
COUNTS = "%splicemachine\nselect class_result, count(*) as n from cards group by class_result order by class_result"
PYTHON = "import pandas\nz.show(pandas.DataFrame({'word': ['<i>one</i>', 'two'], 'n': [1, 2]}))\nprint('from', 'Python')"
WRONG = "%splicemachine\nselect * from crads"


def notebook(*sources):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    made.metadata.kernelspec = {"name": "splice", "display_name": "Splice", "language": "python"}
    return made


@pytest.fixture(scope="module")
def home():
    """With the kernelspec as `jupyter kernelspec install` copies it, and no other."""
    h = Home(tempfile.mkdtemp(prefix="sk-", dir="/tmp"))
    front_ends.install_kernelspec(h)
    yield h
    h.close()


@pytest.fixture(autouse=True)
def no_process_left(home):
    """Whatever a front end started is gone soon after it."""
    yield
    front_ends.wait_until("the kernel, its child and Spark end", lambda: not front_ends.processes_of(home), 20)


# --- nbclient ------------------------------------------------------------------


def test_nbclient(home, tmp_path):
    """As nbconvert --execute and papermill run a notebook: outputs are valid, and no process stays."""
    path = tmp_path / "small.ipynb"
    nbformat.write(notebook(TABLE, COUNTS, SHARES, PYTHON), path)
    done = front_ends.run(home, "jupyter", "execute", "--inplace", path)
    assert done.returncode == 0, done.stderr
    made = nbformat.read(path, 4)
    nbformat.validate(made)
    outputs = [cell.outputs for cell in made.cells]
    data = [[o.data for o in cell if "data" in o] for cell in outputs]
    assert "4 rows" in str(outputs[0])
    assert "<table" in data[1][-1]["text/html"] and "CLASS_RESULT" in data[1][-1]["text/plain"]
    assert "image/svg+xml" in data[2][-1]["text/html"] and "75" in data[2][-1]["text/plain"]
    assert "&lt;i&gt;one" in data[3][-1]["text/html"] and "from Python" in str(outputs[3])


def test_nbclient_stops_at_a_failing_cell(home, tmp_path):
    path = tmp_path / "wrong.ipynb"
    nbformat.write(notebook(TABLE, WRONG, "print('never')"), path)
    done = front_ends.run(home, "jupyter", "execute", path)
    assert done.returncode != 0 and "CRADS" in done.stderr and "42X05" in done.stderr


# --- jupyter console -----------------------------------------------------------


class Console:
    """`jupyter console`; cells are typed and read as a person would."""

    def __init__(self, home):
        self.terminal = front_ends.Terminal(home, [front_ends.BIN / "jupyter-console", "--kernel", "splice"])
        self.prompts = 0
        self.wait_for_prompt()

    def text(self):
        return self.terminal.screen("-S", "-", "-J")

    def wait_for_prompt(self):
        self.prompts += 1
        self.wait_for(f"In [{self.prompts}]:")

    def wait_for(self, what):
        try:
            front_ends.wait_until(f"{what!r} on the terminal", lambda: what in self.text())
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows\n{self.text()}") from None

    def begin(self, source):
        self.terminal.type(source)
        self.wait_for(source.splitlines()[-1])
        self.terminal.keys("Enter")

    def interrupt(self):
        self.terminal.keys("C-c")
        self.wait_for_prompt()

    def run(self, source):
        """What the terminal shows from the cell on."""
        prompt = f"In [{self.prompts}]:"
        self.begin(source)
        self.wait_for_prompt()
        return self.text().rpartition(prompt)[2]


@pytest.fixture
def console(home):
    c = Console(home)
    yield c
    c.terminal.close()


def test_console(console):
    assert "splice-kernel" in console.text()
    assert "hello" in console.run("print('hel' + 'lo')")
    console.run(TABLE)
    shown = console.run("%splicemachine\nselect * from cards order by amount;")
    assert "日本" in shown and "<b>bold</b>" in shown and "AMOUNT" in shown and "99.99" in shown
    shown = console.run(SHARES + ";")
    assert "75" in shown and "█" in shown, shown
    shown = console.run(WRONG + ";")
    assert "CRADS" in shown and "42X05" in shown and "Hint:" in shown
    assert "from Python" in console.run(PYTHON)


def test_console_interrupt_and_exit(console):
    console.begin("import time; print('be' + 'gun'); time.sleep(600)")
    console.wait_for("begun")
    console.interrupt()
    assert "KeyboardInterrupt" in console.text() and "on_sigint" not in console.text()
    console.begin("%splicemachine\nselect count(*) from sys.syscolumns a, sys.syscolumns b,\nsys.syscolumns c, sys.syscolumns d;")
    time.sleep(2)  # nothing tells that the server has it; no other moment must work worse
    console.interrupt()
    assert "still here" in console.run("print('still', 'here')")
    console.terminal.keys("C-d")
    console.wait_for("Do you really want to exit")
    console.terminal.keys("y", "Enter")
    front_ends.wait_until("the console ends", console.terminal.ended)


# --- JupyterLab ----------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(home):
    folder = home.folder / "notebooks"
    folder.mkdir()
    server = front_ends.Lab(home, folder)
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser(home):
    b = front_ends.open_browser(home.folder / "browser")
    yield b
    b.quit()


def visible(page, element):
    """Also not within closed details."""
    return page.js("return !!arguments[0] && arguments[0].checkVisibility() && arguments[0].offsetHeight > 0", element)


def open_pie(page, cell):
    """Click the chart open; the image, loaded and of a size that can be read."""
    details = page.output(cell, "details")
    if page.js("return arguments[0].open", details):
        page.js("arguments[0].open = false", details)
    assert not visible(page, page.output(cell, "details img"))
    page.click(page.output(cell, "details summary"))
    image = page.output(cell, "details img")
    front_ends.wait_until("the pie shows", lambda: visible(page, image))
    assert page.js("return arguments[0].complete && arguments[0].naturalWidth", image) >= 100


def test_lab(home, lab, browser, tmp_path):
    data = tmp_path / "numbers.csv"
    data.write_text("".join(f"{n},{n / 4}\n" for n in range(20000)))
    load = ("%splicemachine\ndrop table if exists numbers;\ncreate table numbers (n int, quarter double);\n"
            f"call SYSCS_UTIL.IMPORT_DATA(null, 'numbers', null, '{data}', ',', null, null, null, null, 0, null, null, null);")
    nbformat.write(notebook(TABLE, COUNTS, PYTHON, load, WRONG), lab.folder / "all.ipynb")
    page = front_ends.Notebook(browser, lab, "all.ipynb")
    page.run_all()
    cells = page.cells()
    assert [c["prompt"] for c in cells] == [f"[{n}]:" for n in range(1, 6)]
    assert "CLASS_RESULT" in cells[1]["text"] and visible(page, page.output(1, "table"))
    open_pie(page, 1)
    assert "<i>one</i>" in cells[2]["text"] and "from Python" in cells[2]["text"] and visible(page, page.output(2, "table"))
    assert page.output(3, "progress") is None and "20000" in cells[3]["text"].replace(",", "")
    error = page.output(4, "[data-mime-type='application/vnd.jupyter.error']") or page.output(4, ".jp-RenderedText[data-mime-type*=stderr]")
    assert "CRADS" in cells[4]["text"] and "42X05" in cells[4]["text"]
    red, green, blue = page.color(error)
    assert red > green and red > blue
    page.shutdown_kernel()


def test_lab_shows_a_notebook_that_it_does_not_trust(home, lab, browser):
    path = lab.folder / "untrusted.ipynb"
    nbformat.write(notebook(TABLE, SHARES, PYTHON), path)
    assert front_ends.run(home, "jupyter", "execute", "--inplace", path).returncode == 0
    page = front_ends.Notebook(browser, lab, path.name)
    cells = page.cells()
    assert "CLASS_RESULT" in cells[1]["text"] and visible(page, page.output(1, "table"))
    open_pie(page, 1)
    assert "<i>one</i>" in cells[2]["text"]
    page.shutdown_kernel()


def test_lab_restarts_a_kernel_amid_a_cell(lab, browser):
    nbformat.write(notebook("import time; time.sleep(600)", "1 + 1"), lab.folder / "long.ipynb")
    page = front_ends.Notebook(browser, lab, "long.ipynb")
    page.menu("Run", "runmenu:run-all")
    front_ends.wait_until("the cell runs", lambda: page.prompts()[0] == "[*]:")
    page.menu("Kernel", "kernelmenu:restart")
    page.accept()
    front_ends.wait_until("the kernel is back", lambda: page.idle() and "[*]:" not in page.prompts())
    page.shutdown_kernel()
