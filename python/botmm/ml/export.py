"""Export — a fitted gradient-boosting classifier as a plain file that the core evaluates.

The file is one JSON object; it executes nothing when it is read. `model` holds feature names in
order, prior log-odds, learning rate, trees as columns of nodes, known pairs of row and
probability, and what is to be said about the training; `sha256` is the digest of the bytes of
`model` as they stand in the file. scikit-learn is an optional extra: `pip install botmm[ml]`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from botmm import core
from botmm.errors import DataError, UsageError

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingClassifier

F64 = npt.NDArray[np.float64]

# Rows that a file carries with the probabilities they must give.
CHECKS_MAX = 64


def export_trees(
    model: GradientBoostingClassifier,
    path: Path,
    *,
    features: Sequence[str],
    examples: F64,
    about: Mapping[str, Any],
    loss_bps: float | None = None,
) -> core.Trees:
    """Write a fitted classifier to a file and return it as the core reads it back.

    Args:
        model: fitted on two classes with the log loss; the second class is the positive one.
        path: the file; written beside it first and then renamed.
        features: names of the columns that the model was fitted on, in order.
        examples: shape (n, features); the first 64 rows become the known pairs of the file.
        loss_bps: what the positive class loses on the average, in basis points; a model of adverse
            fills needs it.
        about: training window, base rates, metrics and the like; plain values only.

    Raises:
        UsageError: the model is of another kind, or names and examples do not fit it.
        DataError: the core does not give scikit-learn's probabilities, or `about` is not plain.
    """
    _check_kind(model)
    _check_columns(model, features, examples)
    rows = examples[:CHECKS_MAX]
    chances = model.predict_proba(rows)[:, 1]
    content = {
        "features": list(features),
        "missing": "left",
        "prior_log_odds": _prior(model),
        "learning_rate": float(model.learning_rate),
        "trees": [_columns(stage[0].tree_) for stage in model.estimators_],
        "checks": [
            {"row": row, "probability": chance}
            for row, chance in zip(rows.tolist(), chances.tolist(), strict=True)
        ],
        "about": dict(about),
    }
    if loss_bps is not None:
        content["loss_bps"] = loss_bps
    text = _sealed(path, content)
    try:
        trees = core.Trees(str(path), text, list(features))
    except core.CoreException as error:
        raise DataError(
            f"the export does not come back: {error}", cure="export from another scikit-learn"
        ) from error
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return trees


def load_trees(path: Path, features: Sequence[str]) -> core.Trees:
    """Return the classifier of a file, for these features in order.

    Raises:
        DataError: the file cannot be read.
        ModelError: the core refuses what is in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable: {error}", cure="name an exported model") from error
    return core.Trees(str(path), text, list(features))


def _check_kind(model: Any) -> None:
    """Refuse models that the core would evaluate wrongly."""
    flaw = _flaw(model)
    if flaw is not None:
        raise UsageError(
            f"cannot export this model: {flaw}",
            cure="fit a GradientBoostingClassifier on two classes with its default loss and init",
        )


def _flaw(model: Any) -> str | None:
    """Return why the core would evaluate a model wrongly, None if it would not."""
    from sklearn.ensemble import GradientBoostingClassifier

    if type(model) is not GradientBoostingClassifier:
        return f"it is a {type(model).__name__}"
    if not hasattr(model, "estimators_"):
        return "it is not fitted"
    if len(model.classes_) != 2:
        return f"it has {len(model.classes_)} classes"
    if model.loss != "log_loss":
        return f"its loss is {model.loss!r}"
    if model.init is not None:
        return f"it starts from init={model.init!r}"
    return None


def _check_columns(
    model: GradientBoostingClassifier, features: Sequence[str], examples: F64
) -> None:
    """Refuse names and examples that do not fit the model."""
    width = int(model.n_features_in_)
    cure = "name each column the model was fitted on, and give some of its rows"
    if len(features) != width or len(set(features)) != width:
        raise UsageError(f"needs {width} different feature names, had {list(features)}", cure=cure)
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is not None and list(fitted) != list(features):
        raise UsageError(f"the model was fitted on {list(fitted)}, not {list(features)}", cure=cure)
    if examples.ndim != 2 or examples.shape[1] != width or not len(examples):
        raise UsageError(f"examples must be rows of {width}, had shape {examples.shape}", cure=cure)
    if not np.isfinite(examples).all():
        raise UsageError("examples must be numbers", cure=cure)


def _prior(model: GradientBoostingClassifier) -> float:
    """Return the log-odds that the model starts from."""
    least = float(np.finfo(np.float32).eps)  # scikit-learn's own bound
    chance = min(max(float(model.init_.class_prior_[1]), least), 1.0 - least)
    return math.log(chance / (1.0 - chance))


def _columns(tree: Any) -> dict[str, list[Any]]:
    """Return a tree as columns of nodes; a leaf has -1 for both children."""
    return {
        "feature": tree.feature.tolist(),
        "threshold": tree.threshold.tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "value": tree.value[:, 0, 0].tolist(),
    }


def _sealed(path: Path, content: Mapping[str, Any]) -> str:
    """Return the text of the file: the content behind its digest."""
    try:
        model = json.dumps(content, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{path}: not plain values: {error}", cure="give numbers, texts and lists in `about`"
        ) from error
    digest = hashlib.sha256(model.encode()).hexdigest()
    head = f'"schema":{json.dumps(core.TREES_SCHEMA)},"sha256":"{digest}"'
    return f'{{{head},"model":{model}}}\n'
