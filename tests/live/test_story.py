"""The tutorial's second half on one machine: its own cells, then form, endpoint, curl, new data, retraining, replacement, a shared endpoint.

The cells are the page's, to the letter, on 20,000 payments a month; the rest is done as a person does it: in the Jobs Tracker's form, on the
command line, and with %mlmanager.
"""
import json
import re
import subprocess
import time

import pytest

import front_ends
from conftest import Kernel
from test_deploy_local import Load
from test_jobs_page import Page, Running
from test_walkthrough import KEY, SECOND_MONTH, Tour, cells, make_fraud_data, python_value

ROWS = 20_000
APP = "fraud"


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    folder = tmp_path_factory.mktemp("months")
    for month in (1, 2):
        make_fraud_data.write_file(str(folder / f"month{month}.csv"), rows=ROWS, month=month)
    return folder


@pytest.fixture(scope="module")
def notebook(home, months):
    """The page's cells up to the model that is logged for deployment, and the second month's table."""
    sources = cells()
    bucket = home.folder / "data/splice-kernel/buckets/splice-demo"
    (bucket / KEY).parent.mkdir(parents=True)
    (bucket / KEY).symlink_to(months / "month1.csv")
    kernel = Kernel(home, SPLICE_PYTHON2_DIVISION="1")
    tour = Tour(kernel, sources)
    for index in range(3, 16):
        tour.run(index)
    kernel.ok(SECOND_MONTH.format(path=months / "month2.csv", bad=months), timeout=300)
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def browser(home):
    b = front_ends.open_browser(home.folder / "browser", 1280, 1000)
    yield b
    b.quit()


def deploy_by_form(browser, tracker, run, experiment):
    page = Page(browser, tracker).log_in().open("/deploy")
    page.fill("Run UUID", run)
    page.fill("Experiment ID", experiment)
    page.fill("SageMaker App Name When Deployed", APP)
    page.press("Submit")
    page.wait("Ask it from a terminal", 120)
    assert "rows are answered as Spark answered them" in page.text
    return re.search(r"http://127\.0\.0\.1:(\d+)/invocations", page.text)


def curl(url, rows):
    done = subprocess.run(["curl", "-sS", "-H", "Content-Type: application/json", "-d", "@-", url + "?output=all"],
                          input=json.dumps(rows), capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)["predictions"]


def spark_answers(kernel):
    """Fifty rows, frauds among them, and what the page's own model says to them."""
    kernel.ok("rows = df.filter('label=1').limit(25).unionAll(df.filter('label=0').limit(25)).drop('label')\n"
              "answers = model.transform(rows).collect()", timeout=300)
    rows = python_value(kernel, "{'dataframe_split': {'columns': rows.columns, "
                                "'data': [[float(r[c]) for c in rows.columns] for r in answers]}}")
    return rows, python_value(kernel, "[[r.prediction, list(r.probability)] for r in answers]")


def test_the_whole_story(home, notebook, browser):
    run = python_value(notebook, "manager.current_run_id")
    experiment = python_value(notebook, "manager.experiment_id")

    url = deploy_by_form(browser, Running(home), run, experiment)[0]
    rows, expected = spark_answers(notebook)
    for got, (prediction, probability) in zip(curl(url, rows), expected, strict=True):
        assert got["prediction"] == prediction
        assert got["probability"] == pytest.approx(probability, rel=1e-9, abs=1e-300)

    retrained = notebook.ok("%mlmanager retrain Ben --table cc_fraud.cc_fraud_data2", timeout=900)
    shown = "\n".join([retrained.text, *retrained.data()])
    assert "cc_fraud.cc_fraud_data2" in shown and "MCC" in shown
    new = python_value(notebook, "[r.info.run_id for r in manager.search_runs([manager.experiment_id]) "
                                 "if r.info.run_name == 'Ben (retrained)'][0]")

    row = dict(zip(rows["dataframe_split"]["columns"], rows["dataframe_split"]["data"][0]))
    port = int(url.split(":")[2].split("/")[0])
    with Load(port, row) as load:
        notebook.ok(f"%mlmanager deploy {new} --app {APP} --mode replace", timeout=300)
        time.sleep(1)
    assert not load.bad and len(load.variants) == 2, (load.bad[:3], load.variants)
    assert f"{APP}-{new[:8]}" in str(list(load.variants))

    notebook.ok(f"%mlmanager\ndeploy {run} --app {APP} --mode add\nshift {APP} 10%", timeout=300)
    with Load(port, row) as load:
        front_ends.wait_until("enough requests", lambda: sum(load.variants.values()) > 1000)
    share = sum(n for name, n in load.variants.items() if f"-{run[:8]}-" in name) / sum(load.variants.values())
    assert not load.bad and 0.07 < share < 0.13, (load.bad[:3], load.variants)

    notebook.ok(f"%mlmanager undeploy {APP}", timeout=300)
    assert "endpoint" not in home.manager("status").stdout
