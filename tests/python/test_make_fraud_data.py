"""The data generator: counts, shape, the same bytes everywhere, and that there is something to learn."""
import csv
import hashlib
import io
import os
import subprocess
import sys

import numpy as np
import pytest

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "examples")
PROGRAM = os.path.join(EXAMPLES, "make_fraud_data.py")
sys.path.insert(0, EXAMPLES)

import make_fraud_data as maker  # noqa: E402

# A change of these is a change of everybody's data: do it knowingly, never to make the test pass.
SHA256_SMALL = {
    1: "7612573f633566256172fd8efbc8aaab78d52abff0c17e5ef19b188e060eb2ab",
    2: "b55eb493173d91be3da3808323bc37887accbde089c2854d2901d149469043f1",
}
SHA256_FULL = "053627423e89c708a53a67b688c85d06c5c276f905c2bba17785fb866b6b7657"


def text_of(rows, month=1):
    out = io.StringIO()
    maker.generate(out, rows, month)
    return out.getvalue()


@pytest.fixture(scope="module")
def small():
    return text_of(20_000)


@pytest.fixture(scope="module")
def rows(small):
    return list(csv.reader(io.StringIO(small)))[1:]


def test_header_is_kaggles(small):
    names = ["Time"] + ["V%d" % i for i in range(1, 29)] + ["Amount", "Class"]
    assert small.split("\n", 1)[0] == ",".join('"%s"' % n for n in names)


def test_small_size_has_its_counts(rows):
    assert len(rows) == 20_000
    assert sum(r[30] == "1" for r in rows) == 40
    assert {r[30] for r in rows} == {"0", "1"}


@pytest.mark.parametrize("count,frauds", [(284_807, 492), (20_000, 40), (100_000, 173), (100, 40), (569_614, 984)])
def test_fraud_count_follows_the_size(count, frauds):
    assert maker.fraud_count(count) == frauds


def test_every_field_has_its_type(rows):
    for r in rows:
        assert len(r) == 31
        whole, dot, cents = r[29].partition(".")
        assert whole.isdigit() and len(whole) <= 8
        assert not dot or (cents.isdigit() and 1 <= len(cents) <= 2)
    features = np.array([r[1:29] for r in rows], dtype=float)
    assert np.isfinite(features).all()


def test_time_is_whole_seconds_in_order(rows):
    seconds = [int(float(r[0])) for r in rows]
    assert seconds[0] == 0 and seconds[-1] == 172_792
    assert seconds == sorted(seconds)
    assert [r[0] for r in rows if not r[0].isdigit()] == ["1e+05"]
    assert sum(s == 100_000 for s in seconds) == 1


def test_features_are_ordered_by_spread_with_heavy_tails(rows):
    features = np.array([r[1:29] for r in rows], dtype=float)
    spread = features.std(axis=0)
    assert spread[0] > 1.7 and spread[27] < 0.4
    assert (spread[:-3] > spread[3:]).all()
    far = (np.abs(features / spread) > 4).mean()
    assert far > 0.001, "a normal distribution has 0.00006 out there"


@pytest.mark.parametrize("month", [1, 2])
def test_same_bytes_everywhere(month):
    assert hashlib.sha256(text_of(20_000, month).encode()).hexdigest() == SHA256_SMALL[month]


def test_chunk_size_has_no_influence(monkeypatch):
    whole = text_of(3_000)
    monkeypatch.setattr(maker, "CHUNK", 700)
    assert text_of(3_000) == whole


def test_write_file_is_all_or_nothing(tmp_path, monkeypatch):
    target = tmp_path / "new" / "small.csv"
    maker.write_file(str(target), 500)
    before = target.read_bytes()
    monkeypatch.setattr(maker, "format_rows", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        maker.write_file(str(target), 500)
    assert target.read_bytes() == before
    assert [p.name for p in target.parent.iterdir()] == ["small.csv"]


def test_command_line(tmp_path):
    path = tmp_path / "small.csv"
    done = subprocess.run([sys.executable, PROGRAM, "--rows", "1000", str(path)], capture_output=True, text=True)
    assert done.returncode == 0 and "1000 of 1000 rows" in done.stderr
    piped = subprocess.run([sys.executable, PROGRAM, "--rows", "1000", "--quiet", "-"], capture_output=True)
    assert piped.stdout == path.read_bytes() and piped.stderr == b""
    refused = subprocess.run([sys.executable, PROGRAM, "--rows", "7", "-"], capture_output=True, text=True)
    assert refused.returncode == 2 and "at least 100" in refused.stderr


def test_command_line_says_why_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    target = str(tmp_path / "file" / "below.csv")
    done = subprocess.run([sys.executable, PROGRAM, "--rows", "100", target], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("make_fraud_data: ") and "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    path = tmp_path_factory.mktemp("full") / "creditcard.csv"
    maker.write_file(str(path))
    return path


def test_full_size_bytes(full):
    assert hashlib.sha256(full.read_bytes()).hexdigest() == SHA256_FULL


@pytest.fixture(scope="module")
def months(full, tmp_path_factory):
    """Both months as (features, label), of which the features leave the time out."""
    pandas = pytest.importorskip("pandas")
    second = tmp_path_factory.mktemp("second") / "creditcard2.csv"
    maker.write_file(str(second), month=2)
    return [(data.drop(columns=["Time", "Class"]), data.Class) for data in map(pandas.read_csv, (full, second))]


@pytest.fixture(scope="module")
def split(months):
    pytest.importorskip("sklearn")
    from sklearn.model_selection import train_test_split
    return train_test_split(*months[0], test_size=0.2, random_state=0)


@pytest.fixture(scope="module")
def linear(split):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(split[0], split[2])


def test_both_months_have_their_counts(months):
    assert [(len(label), int(label.sum())) for _, label in months] == [(284_807, 492)] * 2


def test_no_feature_decides_alone(months):
    metrics = pytest.importorskip("sklearn.metrics")
    features, label = months[0]
    for name in features:
        area = metrics.roc_auc_score(label, features[name])
        assert max(area, 1 - area) < 0.93, name + " alone gives the frauds away"


def test_learnable_by_a_linear_model(months, split, linear):
    from sklearn.metrics import matthews_corrcoef, roc_auc_score
    _, test, _, label = split
    assert 0.75 <= matthews_corrcoef(label, linear.predict(test)) <= 0.95
    assert 0.9 <= roc_auc_score(label, linear.predict_proba(test)[:, 1]) <= 0.995
    fresh, fresh_label = months[1]
    assert 0.75 <= matthews_corrcoef(fresh_label, linear.predict(fresh)) <= 0.9


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_a_small_network_does_not_overfit(months, split, linear):
    """The network of the walkthrough, trained until it knows its 390 frauds, holds in the next month."""
    from sklearn.metrics import matthews_corrcoef
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits
    train, _, label, _ = split
    fresh, fresh_label = months[1]
    spread = train.std()
    network = MLPClassifier((14,), activation="logistic", solver="lbfgs", alpha=0, max_iter=100, tol=1e-9,
                            max_fun=100_000, random_state=0)
    with threadpool_limits(1):
        network.fit(train / spread, label)
    score = matthews_corrcoef(fresh_label, network.predict(fresh / spread))
    assert abs(score - matthews_corrcoef(fresh_label, linear.predict(fresh))) <= 0.1
