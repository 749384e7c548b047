"""The Jobs Tracker as people use it: Chromium on its pages, the real MLflow, workers and scorers behind them.

Where a job has to stand still or to fail, the program tests/live/jobs_driver.c (`make check-unit` builds it) is the server and plays the
worker.
"""
import http.server
import json
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import front_ends
from conftest import BUILD, Home
from ports import free_port

TOKEN = "0123456789abcdef-token"
MARKUP = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
COLUMNS = [{"name": "V1", "type": "double"}, {"name": "AMOUNT", "type": "double"}]
SAMPLE = {"columns": COLUMNS, "rows": [[-1.25, 99.5], [0.5, 3.0]], "expected": [{"prediction": 98.25}, {"prediction": 3.5}]}
MODEL = {"format": "splice-scorer", "version": 1, "spark": "4.3.0", "inputs": COLUMNS, "outputs": {"prediction": "prediction"}, "stages": [
    {"kind": "VectorAssembler", "uid": "a", "inputs": ["V1", "AMOUNT"], "sizes": [1, 1], "output": "features", "handle_invalid": "error"},
    {"kind": "LinearRegression", "uid": "r", "features": "features", "coefficients": [1, 1], "intercept": 0, "prediction": "prediction",
     "probability": None, "raw": None}]}


def call(url, method="GET", body=None, headers=None):
    """Status and JSON of one request."""
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


class Tracking:
    """MLflow as splice-manager starts it, with runs of each sort."""

    def __init__(self, home):
        started = home.manager("start", "mlflow")
        assert started.returncode == 0, started.stderr
        self.url = f"http://127.0.0.1:{home.env['SPLICE_MLFLOW_PORT']}"
        self.experiment = self.post("experiments/create", name=f"fraud {MARKUP}")["experiment_id"]
        self.other = self.post("experiments/create", name="other")["experiment_id"]
        self.good = self.run("best <b>run</b>", {"splice/model.json": MODEL, "splice/sample.json": SAMPLE, "spark_model/MLmodel": {}})
        self.empty = self.run("no model", {})
        self.strange = self.run("strange", {"spark_model/MLmodel": {}, "splice/unsupported.json": {
            "stages": [{"kind": "FMRegressor", "uid": "FM_1", "reason": "a stage of another kind"}]}})

    def post(self, endpoint, **body):
        status, answer = call(f"{self.url}/api/2.0/mlflow/{endpoint}", "POST", body)
        assert status == 200, answer
        return answer

    def run(self, name, artifacts):
        info = self.post("runs/create", experiment_id=self.experiment, run_name=name, start_time=1)["run"]["info"]
        place = info["artifact_uri"].partition("mlflow-artifacts:/")[2]
        for path, content in artifacts.items():
            status, _ = call(f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{place}/{path}", "PUT", content)
            assert status == 200
        self.post("runs/update", run_id=info["run_id"], status="FINISHED", end_time=2)
        return info["run_id"]


class Tracker:
    """The server, and the worker that its jobs have."""

    def __init__(self, home, tracking):
        store = home.folder / "jobs.db"
        self.process = subprocess.Popen([BUILD / "tests/live/jobs_driver", store, TOKEN, tracking.url], env=home.env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.login = f"{self.url}/?token={TOKEN}"

    def api(self, path, method="GET", body=None):
        return call(self.url + path, method, body, {"Authorization": f"Bearer {TOKEN}"})

    def work(self, what, id, **more):
        self.process.stdin.write(json.dumps({"do": what, "id": id, **more}) + "\n")
        self.process.stdin.flush()
        done = json.loads(self.process.stdout.readline())
        assert done["ok"], done

    def add(self, **members):
        status, answer = self.api("/api/jobs", "POST", members)
        assert status == 201, answer
        return answer["job"]["id"]

    def fail(self, id, text="it broke", hint=""):
        self.work("claim", id)
        self.work("end", id, state="failed", error=text, hint=hint)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Running:
    """The Jobs Tracker as splice-manager runs it: its jobs are done."""

    def __init__(self, home):
        started = home.manager("start", "jobs")
        assert started.returncode == 0, started.stderr
        self.url = f"http://127.0.0.1:{home.env['SPLICE_JOBS_PORT']}"
        self.token = (home.folder / "data/splice-kernel/jobs/token").read_text()
        self.login = f"{self.url}/?token={self.token}"

    def api(self, path, method="GET", body=None):
        return call(self.url + path, method, body, {"Authorization": f"Bearer {self.token}"})

    def ended(self, id):
        job = self.api(f"/api/jobs/{id}")[1]["job"]
        return job if job["ended"] else None

    def run(self, **members):
        """A job, to its successful end."""
        status, answer = self.api("/api/jobs", "POST", members)
        assert status == 201, answer
        job = front_ends.wait_until("the job ends", lambda: self.ended(answer["job"]["id"]))
        assert job["state"] == "success", (job, self.api(f"/api/jobs/{job['id']}/log"))
        return job


@pytest.fixture(scope="module")
def home():
    h = Home(tempfile.mkdtemp(prefix="sk-", dir="/tmp"))
    h.env["SPLICE_JOBS_PORT"], h.env["SPLICE_ENDPOINT_PORT"] = str(free_port()), str(free_port())
    yield h
    h.close()


@pytest.fixture(scope="module")
def tracking(home):
    return Tracking(home)


@pytest.fixture(scope="module")
def tracker(home, tracking):
    t = Tracker(home, tracking)
    yield t
    t.close()


@pytest.fixture(scope="module")
def running(home, tracking):
    return Running(home)


@pytest.fixture(scope="module")
def endpoint(running, tracking):
    """The app `live` with two variants, the second with a tenth of the requests."""
    running.run(run_id=tracking.good, app_name="live")
    running.run(run_id=tracking.good, app_name="live", mode="add", weight=1 / 9)


@pytest.fixture(scope="module")
def browser(home):
    b = front_ends.open_browser(home.folder / "browser", 1280, 1000)
    yield b
    b.quit()


class Page:
    """What a person sees and does."""

    def __init__(self, browser, tracker):
        self.browser, self.tracker = browser, tracker

    def open(self, path="/"):
        self.browser.get(self.tracker.url + path)
        return self

    def log_in(self):
        self.browser.get(self.tracker.login)
        return self

    @property
    def text(self):
        return self.browser.execute_script("return document.body?.innerText ?? ''")

    def labelled(self, label):
        """The control that a label names."""
        found = self.browser.find_element(By.XPATH, f"//label[normalize-space()='{label}']")
        return self.browser.find_element(By.ID, found.get_attribute("for"))

    def fill(self, label, value):
        control = self.labelled(label)
        if control.tag_name == "select":
            control.send_keys(value)
            assert control.get_attribute("value") == value
        else:
            control.clear()
            control.send_keys(value)

    def press(self, name):
        self.browser.find_element(By.XPATH, f"//main//button[normalize-space()='{name}']").click()

    def follow(self, name):
        self.browser.find_element(By.XPATH, f"//main//a[normalize-space()='{name}']").click()

    def fault(self, field):
        return self.browser.find_element(By.ID, f"{field}-fault").text

    def wait(self, text, timeout=20.0):
        front_ends.wait_until(f"{text!r} on the page", lambda: text in self.text, timeout)

    def sound(self):
        """No script of somebody else ran, nothing was refused or broke."""
        assert self.browser.execute_script("return window.pwned") is None
        problems = [e for e in self.browser.get_log("browser") if e["level"] == "SEVERE" and "favicon" not in e["message"]]
        assert not problems, problems


@pytest.fixture
def page(browser, tracker):
    browser.get_log("browser")  # what earlier tests provoked
    return Page(browser, tracker).log_in()


# --- logging in ----------------------------------------------------------------


def test_login(browser, tracker):
    browser.delete_all_cookies()
    page = Page(browser, tracker).open("/about")
    assert "splice-manager status" in page.text
    page.fill("Token", "wrong-token-of-someone")
    page.press("Log in")
    page.wait("not the one of this server")
    page.fill("Token", TOKEN)
    page.press("Log in")
    page.wait("Version")
    assert browser.current_url == tracker.url + "/about"
    page.press("Log out")
    page.wait("splice-manager status")
    page.log_in()
    assert browser.current_url == tracker.url + "/" and "Jobs" in browser.title


def test_link_from_another_site(browser, tracker, tmp_path):
    """A strict cookie is not sent with a link from elsewhere; the page is shown all the same."""
    page = Page(browser, tracker).log_in()
    other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        Other.target = f"http://127.0.0.1:{tracker.port}/about"
        browser.get(f"http://localhost:{other.server_port}/")  # another site than 127.0.0.1
        browser.find_element(By.TAG_NAME, "a").click()
        page.wait("Local endpoints")
        before = tracker.api("/api/jobs")[1]["version"]
        Other.target = f"http://127.0.0.1:{tracker.port}/logout"
        browser.get(f"http://127.0.0.1:{other.server_port}/")  # the same host, another port
        browser.find_element(By.TAG_NAME, "button").click()
        page.wait("another server")
        assert tracker.api("/api/jobs")[1]["version"] == before
    finally:
        other.shutdown()
    assert "Jobs" in page.open("/").text


class Other(http.server.BaseHTTPRequestHandler):
    """A page of somebody else, with a link and a form that lead to the tracker."""

    target = ""

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = f"<a href='{self.target}'>x</a><form method=post action='{self.target}'><button>y</button></form>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# --- the deploy form -----------------------------------------------------------


def test_deploy_under_the_walkthroughs_names(page, tracker, tracking):
    page.open("/deploy")
    page.fill("Run UUID", tracking.empty)
    front_ends.wait_until("the run is judged", lambda: "holds no model" in page.fault("run_id"))
    page.fill("Run UUID", tracking.strange)
    front_ends.wait_until("the reason is told", lambda: "FMRegressor" in page.fault("run_id"))
    page.fill("Run UUID", tracking.good)
    page.fill("Experiment ID", tracking.other)
    front_ends.wait_until("the experiment is judged", lambda: "belongs to experiment" in page.fault("experiment_id"))
    assert page.fault("run_id") == ""
    page.fill("Experiment ID", tracking.experiment)
    front_ends.wait_until("it is right", lambda: page.fault("experiment_id") == "")
    assert "best <b>run</b>" in page.browser.find_element(By.ID, "run-note").text
    page.fill("SageMaker App Name When Deployed", "-bad-")
    front_ends.wait_until("the name is judged", lambda: "letters" in page.fault("app_name"))
    page.fill("SageMaker App Name When Deployed", "fraud")
    page.fill("Target", "sagemaker")
    page.fill("AWS Region", "eu-west-1")
    page.fill("Deployment Mode", "add")
    page.fill("Instance Count", "2")
    page.fill("SageMaker Instance Type", "ml.m5.xlarge")
    page.fill("Weight of the new variant", "0.5")
    assert "$0.46 an hour, $336 a month" in page.browser.find_element(By.ID, "cost").text
    page.press("Submit")
    page.wait("The job is in the queue")
    id = int(page.browser.current_url.rpartition("/")[2].partition("?")[0])
    job = tracker.api(f"/api/jobs/{id}")[1]["job"]
    assert job["kind"] == "deploy" and job["state"] == "pending"
    assert job["request"] == {"run_id": tracking.good, "experiment_id": tracking.experiment, "app_name": "fraud",
                              "target": "sagemaker", "region": "eu-west-1", "mode": "add", "instance_count": 2,
                              "instance_type": "ml.m5.xlarge", "weight": 0.5, "archive": False}
    page.sound()


def test_a_job_is_followed(page, tracker, tracking):
    id = tracker.add(run_id=tracking.good, app_name="followed")
    page.open(f"/jobs/{id}")
    assert "pending" in page.text
    tracker.work("claim", id)
    tracker.work("title", id, text="fetching the model")
    tracker.work("step", id, text="package")
    tracker.work("step", id, text="parity", open=True)
    tracker.work("log", id, text=f"first line {MARKUP}")
    page.wait("fetching the model")
    page.wait(f"first line {MARKUP}")
    assert "done package" in page.text and "under way parity" in page.text
    tracker.work("log", id, text="second line")
    page.wait("second line")
    tracker.work("undo", id, text="parity")
    tracker.work("end", id, state="failed", error=f"broken {MARKUP}", hint=f"mend {MARKUP}")
    page.wait(f"broken {MARKUP}")
    assert f"mend {MARKUP}" in page.text and "undone parity" in page.text and page.text.count("first line") == 1
    page.press("Retry")
    page.wait("The job was added again")
    page.press("Cancel")
    page.wait("cancelled")
    page.follow("Remove")
    page.wait("cannot be brought back")
    page.press("Remove")
    page.wait("The job was removed")
    page.sound()


def test_a_list_is_live_and_filtered(page, tracker, tracking):
    page.open("/")
    id = tracker.add(run_id=tracking.good, app_name="appears")
    page.wait("appears")
    page.fill("State", "failed")
    page.fill("App, run, kind or user", "appears")
    page.press("Show")
    page.wait("No job fits")
    tracker.fail(id)
    page.wait("appears")
    assert "it broke" in page.text
    page.sound()


def test_success_shows_the_endpoint(page, tracker, tracking):
    id = tracker.add(run_id=tracking.good, app_name="done")
    tracker.work("claim", id)
    tracker.work("end", id, state="success", result={"url": "http://127.0.0.1:5010", "variant": "done-1"})
    page.open(f"/jobs/{id}")
    assert "curl" in page.text and "http://127.0.0.1:5010/invocations" in page.text
    page.sound()


# --- endpoints -----------------------------------------------------------------


def test_from_the_form_to_an_answer(browser, running, tracking):
    page = Page(browser, running).log_in().open(f"/deploy?run_id={tracking.good}")
    page.fill("SageMaker App Name When Deployed", "whole")
    page.press("Check")
    page.wait("success", 60)
    page.open(f"/deploy?run_id={tracking.good}&app_name=whole")
    page.press("Submit")
    page.wait("Ask it from a terminal", 60)
    assert "2 rows are answered as Spark answered them" in page.text
    page.follow("Try it with a row")
    page.wait("serving")
    page.press("Send")
    page.wait('{"predictions": [98.25]}')


REFUSE_TWICE = """
const real = window.fetch;
let left = 2;
window.fetch = (...given) => left-- > 0 ? Promise.resolve(new Response("{}", {status: 503})) : real(...given);
"""


def test_a_list_goes_on_after_the_server_was_busy(page, tracker, tracking):
    page.open("/")
    page.browser.execute_script(REFUSE_TWICE)
    tracker.add(run_id=tracking.good, app_name="before-trouble")  # ends the request that waits
    page.wait("does not answer")
    tracker.add(run_id=tracking.good, app_name="behind-trouble")
    page.wait("behind-trouble", 60)
    assert "does not answer" not in page.text


def test_an_endpoint_is_tried_shifted_and_ended(browser, running, endpoint):
    page = Page(browser, running).log_in().open("/endpoints")
    assert "serving" in page.text and "(90 %)" in page.text and "(10 %)" in page.text
    page.follow("live")
    page.wait("Try it with a row")
    rows = json.loads(page.labelled("Rows, as JSON or CSV").get_attribute("value"))
    assert rows == {"dataframe_split": {"columns": ["V1", "AMOUNT"], "data": [[-1.25, 99.5]]}}
    page.press("Send")
    page.wait('{"predictions": [98.25]}')
    assert "Status 200 from live-" in page.text
    page.labelled("Rows, as JSON or CSV").clear()
    page.labelled("Rows, as JSON or CSV").send_keys("V1\n1")
    page.press("Send")
    page.wait("Status 400")
    assert "AMOUNT" in page.text
    page.fill("Percent of all requests", "25")
    page.press("Shift")
    page.wait("success", 60)
    page.open("/endpoints/local/live")
    assert "(75 %)" in page.text and "(25 %)" in page.text
    page.follow("Delete this endpoint")
    page.wait("stops answering")
    page.press("Delete")
    page.wait("success", 60)
    assert "live" not in page.open("/endpoints").text


# --- everybody -----------------------------------------------------------------

PAGES = ("/", "/deploy", "/endpoints", "/endpoints/local/whole", "/about", "/jobs/1", "/jobs/99999")


@pytest.fixture
def served(running, tracking):
    """The app `whole` is served, whatever ran before."""
    if running.api("/api/endpoints/local/whole")[0] == 404:
        running.run(run_id=tracking.good, app_name="whole")


@pytest.fixture
def one_job(tracker, tracking):
    """Job 1 is there, whatever ran before."""
    if tracker.api("/api/jobs/1")[0] == 404:
        tracker.add(run_id=tracking.good, app_name="someone")


def test_without_a_script(home, tracker, tracking):
    """The essentials need none: form, errors beside fields, what was typed, buttons."""
    b = front_ends.open_browser(home.folder / "browser-plain", scripts=False)
    try:
        page = Page(b, tracker).log_in().open("/deploy")
        page.fill("Run UUID", tracking.strange)
        page.fill("SageMaker App Name When Deployed", "a b")
        page.fill("Instance Count", "7")
        page.press("Submit")
        assert "FMRegressor" in page.fault("run_id") and "letters" in page.fault("app_name")
        assert page.labelled("SageMaker App Name When Deployed").get_attribute("value") == "a b"
        assert page.labelled("Instance Count").get_attribute("value") == "7"
        page.fill("Run UUID", tracking.good)
        page.fill("SageMaker App Name When Deployed", "plain")
        page.press("Check")
        assert "The job is in the queue" in page.text and "check plain" in page.text
        page.press("Cancel")
        assert "cancelled" in page.text
        page.press("Retry")
        assert "added again" in page.text
    finally:
        b.quit()


def test_keyboard_alone(page, tracker, tracking):
    """Everything is reached by Tab, seen where it is, and done by Enter."""
    page.open("/deploy")
    send = lambda *keys: page.browser.switch_to.active_element.send_keys(*keys)  # noqa: E731
    seen = []
    for _ in range(40):
        send(Keys.TAB)
        active = page.browser.switch_to.active_element
        outline = page.browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", active)
        assert outline != "none", active.get_attribute("outerHTML")
        name = active.get_attribute("id") or active.text
        seen.append(name)
        if name == "run_id":
            send(tracking.good)
        elif name == "app_name":
            send("keys")
        elif name == "Submit":
            send(Keys.ENTER)
            break
    assert seen[0] == "To the content" and "mode" in seen, seen
    page.wait("The job is in the queue")
    assert "keys" in page.text


def test_every_control_has_a_name(page, served, one_job):
    for path in PAGES:
        page.open(path)
        nameless = page.browser.execute_script(
            "return [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]"
            ".filter(e => !(e.labels?.length || e.textContent.trim() || e.ariaLabel)).map(e => e.outerHTML)")
        assert not nameless, (path, nameless)
        assert page.browser.execute_script("return document.querySelectorAll('h1').length") == 1
        assert page.browser.execute_script("return document.documentElement.lang") == "en"


# Least contrast of any text with what lies behind it.
CONTRAST = """
const rgb = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 || m[3] > 0 ? m.slice(0, 3) : null; };
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
	return .2126 * r + .7152 * g + .0722 * b; };
const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c) return c; } return [255, 255, 255]; };
let least = [99, ""];
for (const e of document.querySelectorAll("body *")) {
	if (![...e.childNodes].some((n) => n.nodeType == 3 && n.textContent.trim()) || !e.offsetWidth) continue;
	const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
	const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	if (ratio < least[0]) least = [ratio, e.outerHTML.slice(0, 200)];
}
return least;
"""


@pytest.mark.parametrize("dark", [False, True])
def test_phone_and_colours(home, tracker, served, one_job, dark):
    """Nothing is wider than a phone, and text stands out, by day and by night."""
    b = front_ends.open_browser(home.folder / f"browser-{dark}", 500, 900, dark=dark)
    try:
        page = Page(b, tracker).log_in()
        b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                          {"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": True})
        for path in PAGES:
            page.open(path)
            width, inner = b.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
            assert width <= inner == 360, (path, width, inner)
            ratio, where = b.execute_script(CONTRAST)
            assert ratio >= 4.5, (path, ratio, where)
        ground = b.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") != dark
    finally:
        b.quit()


def test_markup_in_every_name_is_text(page, tracker, tracking):
    for path in (f"/?text={MARKUP}", f"/?state={MARKUP}", f"/deploy?run_id={MARKUP}&experiment_id={MARKUP}&app_name={MARKUP}",
                 f"/deploy?mode={MARKUP}&region={MARKUP}&instance_type={MARKUP}&instance_count={MARKUP}", f"/{MARKUP}",
                 f"/endpoints/{MARKUP}/{MARKUP}", f"/deploy?experiment_id={tracking.experiment}"):
        page.open(path)
        assert page.browser.execute_script("return window.pwned") is None, path
        assert not page.browser.execute_script("return document.querySelectorAll('main script, main img').length"), path
