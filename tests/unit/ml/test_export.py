"""Export — an exported model gives scikit-learn's probabilities, and wrong files are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

from botmm import core
from botmm.errors import DataError, UsageError, from_core
from botmm.ml.export import F64, export_trees, load_trees

NAMES = list(core.TICK_FEATURES)
ABOUT = {"from": "2026-02-01", "rows": 600, "base_rate": 0.4}


def samples(rows: int, seed: int) -> tuple[F64, Any]:
    """Return features, on scales from 1e-3 to 1e3, and labels that depend on some of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(NAMES))) * 10.0 ** rng.integers(-3, 4, size=len(NAMES))
    scaled = x / x.std(axis=0)
    odds = scaled[:, 0] - scaled[:, 3] * scaled[:, 5] + 0.5 * rng.normal(size=rows)
    return x, odds > 0.3


@pytest.fixture(scope="module")
def fitted() -> GradientBoostingClassifier:
    x, y = samples(600, 1)
    return GradientBoostingClassifier(n_estimators=60, max_depth=4, random_state=0).fit(x, y)


def exported(model: GradientBoostingClassifier, path: Path, **changes: Any) -> core.Trees:
    given = {"features": NAMES, "examples": samples(100, 2)[0], "about": ABOUT} | changes
    return export_trees(model, path, **given)


def test_the_core_gives_scikit_learns_probabilities(
    fitted: GradientBoostingClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "fill.json"
    written = exported(fitted, path)
    trees = load_trees(path, NAMES)
    assert (trees.features, trees.sha256) == (NAMES, written.sha256)
    x = np.concatenate([samples(20_000, 3)[0], thresholds(fitted)])
    wanted = fitted.predict_proba(x)[:, 1]
    assert wanted.min() < 0.05
    assert wanted.max() > 0.95
    assert np.abs(trees.probabilities(np.ascontiguousarray(x)) - wanted).max() <= 1e-12
    assert [file.name for file in tmp_path.iterdir()] == ["fill.json"]
    assert trees.loss_bps is None


def test_what_a_loss_costs_stands_in_the_file(
    fitted: GradientBoostingClassifier, tmp_path: Path
) -> None:
    exported(fitted, tmp_path / "adverse.json", loss_bps=4.5)
    assert load_trees(tmp_path / "adverse.json", NAMES).loss_bps == 4.5


def thresholds(model: GradientBoostingClassifier) -> F64:
    """Return rows that lie on thresholds, and on the doubles beside them."""
    rows = []
    for (stage,) in model.estimators_:
        tree = stage.tree_
        for feature, cut in zip(tree.feature, tree.threshold, strict=True):
            if feature >= 0:
                for value in (cut, np.nextafter(cut, np.inf), np.nextafter(cut, -np.inf)):
                    row = np.zeros(len(NAMES))
                    row[feature] = value
                    rows.append(row)
    return np.array(rows)


def test_rare_classes_keep_their_prior(tmp_path: Path) -> None:
    x, _ = samples(400, 5)
    y = np.arange(400) % 100 == 0
    model = GradientBoostingClassifier(n_estimators=3, learning_rate=0.01).fit(x, y)
    trees = exported(model, tmp_path / "rare.json")
    assert np.abs(trees.probabilities(x) - model.predict_proba(x)[:, 1]).max() <= 1e-12


def test_any_number_gives_a_probability(fitted: GradientBoostingClassifier, tmp_path: Path) -> None:
    trees = exported(fitted, tmp_path / "fill.json")
    odd = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, 0.0])
    rows = np.random.default_rng(4).choice(odd, size=(500, len(NAMES)))
    got = trees.probabilities(rows)
    assert ((got > 0.0) & (got < 1.0)).all()
    with pytest.raises(core.ArgumentError, match="needs 15 features, had 2"):
        trees.probabilities(np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace('"missing"', '"Missing"'), "sha256 is"),
        (lambda text: text.replace("botmm.trees/1", "botmm.trees/9"), "schema must be"),
        (lambda text: text[: len(text) // 2], "EOF while parsing"),
        (lambda _: "\x80", "expected value"),
    ],
)
def test_a_changed_file_is_refused_by_name(
    fitted: GradientBoostingClassifier, tmp_path: Path, change: Any, why: str
) -> None:
    path = tmp_path / "fill.json"
    exported(fitted, path)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(core.ModelError, match=why) as caught:
        load_trees(path, NAMES)
    known = from_core(caught.value)
    assert isinstance(known, DataError)
    assert str(path) in known.message
    assert known.cure


def test_other_features_and_no_file_are_refused(
    fitted: GradientBoostingClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "fill.json"
    exported(fitted, path)
    with pytest.raises(
        core.ModelError, match=r'features\[0\] must be "dist_bps", had "dist_ticks"'
    ):
        load_trees(path, core.CANDLE_FEATURES)
    with pytest.raises(DataError, match="not readable"):
        load_trees(tmp_path / "none.json", NAMES)


def test_models_that_would_be_read_wrongly_are_refused(tmp_path: Path) -> None:
    x, y = samples(200, 7)
    three = np.arange(200) % 3
    small = {"n_estimators": 2}
    cases = [
        (HistGradientBoostingClassifier(max_iter=2).fit(x, y), "HistGradientBoostingClassifier"),
        (GradientBoostingClassifier(**small), "not fitted"),
        (GradientBoostingClassifier(**small).fit(x, three), "3 classes"),
        (GradientBoostingClassifier(loss="exponential", **small).fit(x, y), "exponential"),
        (GradientBoostingClassifier(init="zero", **small).fit(x, y), "init='zero'"),
    ]
    for model, why in cases:
        with pytest.raises(UsageError, match=why):
            exported(model, tmp_path / "model.json")
    assert not list(tmp_path.iterdir())


def test_names_and_examples_that_do_not_fit_are_refused(
    fitted: GradientBoostingClassifier, tmp_path: Path
) -> None:
    cases = [
        ({"features": NAMES[:-1]}, UsageError, "needs 15 different"),
        ({"features": ["same"] * 15}, UsageError, "needs 15 different"),
        ({"examples": np.zeros((0, 15))}, UsageError, "had shape"),
        ({"examples": np.full((1, 15), np.nan)}, UsageError, "must be numbers"),
        ({"about": {"window": object()}}, DataError, "not plain values"),
        ({"about": {"auc": float("nan")}}, DataError, "not plain values"),
    ]
    for changes, kind, why in cases:
        with pytest.raises(kind, match=why):
            exported(fitted, tmp_path / "model.json", **changes)
    assert not list(tmp_path.iterdir())
