"""Front ends as people use them: JupyterLab in Chromium, and `jupyter console` on a terminal.

Shared by test_clients.py and tools/picture-clients.  Both see the kernelspec as `jupyter kernelspec install` puts it there.
Whatever is started here is stopped by its `close`, and nothing else is.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from conftest import ROOT, free_port

BIN = pathlib.Path(sys.prefix) / "bin"
QUIET_LAB = {
    "notebook-extension/tracker": {"windowingMode": "none", "autosaveInterval": 3600},
    "apputils-extension/notification": {"fetchNews": "false", "doNotDisturbMode": True},
}


def install_kernelspec(home):
    """Into a prefix below `home`, from the folder that `make` builds; the only `splice` its front ends see."""
    prefix = home.folder / "prefix"
    subprocess.run([BIN / "jupyter", "kernelspec", "install", ROOT / "build/kernelspec/splice", "--prefix", prefix],
                   env=home.env, check=True, capture_output=True, text=True, timeout=120)
    home.env["JUPYTER_PATH"] = str(prefix / "share/jupyter")


def wait_until(what, condition, timeout=120.0):
    """The condition's first true value; what it was last when time is up."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout:.0f} s")
        time.sleep(0.2)


def descendants(pid):
    """Process ids below `pid`, whatever session they are in."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, below = [], [pid]
    while below:
        below = [child for parent in below for child in parents.get(parent, [])]
        found += below
    return found


def run(home, *command, timeout=300):
    """A program of the test environment, to its end."""
    return subprocess.run([BIN / command[0], *command[1:]], env=home.env, capture_output=True, text=True, timeout=timeout)


def processes_of(home):
    """Command lines of this installation's processes, but for JupyterLab and the services, which outlive notebooks."""
    mark, found = f"XDG_RUNTIME_DIR={home.env['XDG_RUNTIME_DIR']}".encode(), {}
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0") and alive(place.name):
                found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    services = {pid for pid, line in found.items() if "splice-manager" in line.split(" ")[0]}
    services |= {below for pid in services for below in descendants(pid)}
    return [line for pid, line in found.items() if pid not in services and "jupyter-lab" not in line]


def alive(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Lab:
    """A JupyterLab server on a free port, its notebooks in `folder`."""

    def __init__(self, home, folder, theme="JupyterLab Light"):
        self.folder, self.port = pathlib.Path(folder), free_port()
        settings = home.folder / f"lab-settings-{self.port}"
        for name, value in {**QUIET_LAB, "apputils-extension/themes": {"theme": theme}}.items():
            path = settings / f"@jupyterlab/{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))
        self.log = home.folder / f"lab-{self.port}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [BIN / "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}",
                 "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
                 f"--LabApp.workspaces_dir={settings}/workspaces"],
                env={**home.env, "JUPYTERLAB_SETTINGS_DIR": str(settings)}, cwd=folder, stdout=log,
                stderr=subprocess.STDOUT)
        wait_until("JupyterLab answers", self.answers)

    def answers(self):
        import urllib.request

        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url("/api/status"), timeout=10):
            return True
        return False

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        """Jupyter Server may hang at its own end, its notebooks closed and its kernels gone; it is not what is tested."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)


def open_browser(profile, width=1280, height=1600, dark=False, scripts=True):
    """Debian's Chromium, headless; it looks nothing up and downloads nothing.  scripts=False: pages run none."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-sync",
                     "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                     "--hide-scrollbars", f"--user-data-dir={profile}", f"--window-size={width},{height}",
                     *(["--blink-settings=preferredColorScheme=0"] if dark else [])):
        options.add_argument(argument)
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    browser = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    browser.set_page_load_timeout(120)
    browser.set_window_size(width, height)
    return browser


class Notebook:
    """A notebook open in JupyterLab; what it shows is asked of the page."""

    def __init__(self, browser, lab, name):
        self.browser = browser
        sources = [cell for cell in json.loads((lab.folder / name).read_text())["cells"] if cell["cell_type"] == "code"]
        browser.get(lab.url(f"/doc/tree/{name}"))
        wait_until("the kernel is idle", self.idle)
        wait_until("all cells are there", lambda: len(self.prompts()) == len(sources))

    def js(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def idle(self):
        return self.js("return !!document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=idle]')")

    def menu(self, title, command):
        """Click an entry of the menu bar, as a user does."""
        from selenium.webdriver.common.action_chains import ActionChains

        bar = wait_until(title, lambda: self.js(
            "return [...document.querySelectorAll('.lm-MenuBar-item')].find(e => e.innerText.trim() == arguments[0])", title))
        ActionChains(self.browser).click(bar).perform()
        entry = wait_until(command, lambda: self.js(
            "return document.querySelector(`.lm-Menu-item[data-command='${arguments[0]}']`)", command))
        ActionChains(self.browser).move_to_element(entry).click(entry).perform()

    def click(self, element):
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def accept(self):
        """The default button of the dialog that is open."""
        self.click(wait_until("a dialog", lambda: self.js("return document.querySelector('.jp-Dialog .jp-mod-accept')")))

    def shutdown_kernel(self):
        self.menu("Kernel", "kernelmenu:shutdown")
        wait_until("no kernel", lambda: not self.idle())

    def color(self, element):
        """Background of an element: red, green, blue."""
        text = self.js("return getComputedStyle(arguments[0]).backgroundColor", element)
        return [float(part) for part in text[text.index("(") + 1:-1].split(",")[:3]]

    def cells(self):
        """Of each code cell: its prompt, and the text of its output."""
        return self.js("return [...document.querySelectorAll('.jp-CodeCell')].map(c => ({"
                       "prompt: c.querySelector('.jp-InputPrompt').innerText.trim(),"
                       "text: c.querySelector('.jp-Cell-outputArea').innerText}))")

    def prompts(self):
        return self.js("return [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.innerText.trim())")

    def ran(self):
        prompts = self.prompts()
        return self.idle() and prompts[0] != "[ ]:" and "[*]:" not in prompts

    def run_all(self, timeout=240):
        """All cells, or up to the first that fails."""
        self.menu("Run", "runmenu:run-all")
        wait_until("the cells ran", self.ran, timeout)

    def output(self, cell, selector):
        """An element of a cell's output, or None."""
        return self.js("return document.querySelectorAll('.jp-CodeCell')[arguments[0]]"
                       ".querySelector('.jp-Cell-outputArea ' + arguments[1])", cell, selector)


class Terminal:
    """A program on a terminal of its own, in a tmux that nobody else uses."""

    def __init__(self, home, command, width=100, height=40):
        self.socket, self.env = str(home.folder / "tmux"), home.env
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", str(width), "-y", str(height), "env", "TERM=tmux-256color",
                  *map(str, command), ";", "set", "-g", "status", "off", ";", "set", "-g", "remain-on-exit", "on")
        self.pid = int(self.tmux("display", "-p", "#{pane_pid}"))

    def tmux(self, *arguments, input=None):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], env={**self.env, "LC_ALL": "C.UTF-8"}, input=input,
                              check=True, capture_output=True, text=True, timeout=60).stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def type(self, text):
        """A cell, line by line; the caller ends it."""
        self.tmux("load-buffer", "-", input=text)  # as an argument it would lose a `;` at its end
        self.tmux("paste-buffer", "-p")

    def ended(self):
        return self.tmux("display", "-p", "#{pane_dead}").strip() == "1"

    def close(self):
        self.tmux("kill-server")
