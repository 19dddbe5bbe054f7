"""Judged cases -> means with intervals for each system, and the distances between whole sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from openvasa.metrics.bootstrap import interval, weighted_mean
from openvasa.metrics.capp import matched_auc
from openvasa.metrics.catalog import BY_KEY, FIGURES, Better
from openvasa.metrics.frechet import (
    ENOUGH,
    ENOUGH_PICTURES,
    FeatureStatistics,
    caution,
    frechet_distance,
)
from openvasa.metrics.scoring import Scored

REAL = "real"
SAMPLE = "~"  # stands between a case's name and the number of its sample


class Estimate(NamedTuple):
    """A mean over cases, its 95 % bootstrap interval, and how many cases there were."""

    mean: float
    low: float
    high: float
    cases: int


def case_of(name: str) -> str:
    """The case that a sample belongs to."""
    return name.split(SAMPLE)[0]


def estimates(scored: Sequence[Scored], seed: int = 0) -> dict[str, Estimate]:
    """Every figure of one system; samples of one case are averaged first.

    Args:
        scored: The system's cases; those with an error do not count.
        seed: Of the bootstrap.
    """
    by_case: dict[str, list[dict[str, float]]] = defaultdict(list)
    for one in scored:
        if not one.error:
            by_case[case_of(one.case.name)].append(one.values)
    rows = [_averaged(samples) for samples in by_case.values()]
    found = {}
    for figure in FIGURES:
        known = [row for row in rows if figure.key in row]
        if not known:
            continue
        values = np.array([row[figure.key] for row in known])
        weights = np.array([row.get(figure.weight, 1.0) if figure.weight else 1.0 for row in known])
        if weights.sum() <= 0:
            continue
        low, high = interval(values, weights, seed=seed)
        found[figure.key] = Estimate(weighted_mean(values, weights), low, high, len(known))
    return found


def set_figures(systems: dict[str, list[Scored]], seed: int = 0) -> dict[str, dict[str, Any]]:
    """FID and FVD against the real videos, and CAPP's AUC, of each system.

    Args:
        systems: Judged cases by system; "real" is what the others are put beside.
        seed: Of the bootstrap.

    Returns:
        By system: `fid`, `fid_pictures`, `fvd`, `fvd_windows`, `capp_auc` with its interval, and
        `cautions`, sentences on what decides nothing.
    """
    real = {kind: _features(systems.get(REAL, []), kind) for kind in ("pictures", "windows")}
    out: dict[str, dict[str, Any]] = {}
    for name, scored in systems.items():
        found: dict[str, Any] = {"cautions": []}
        for key, kind, enough in (
            ("fid", "pictures", ENOUGH_PICTURES), ("fvd", "windows", ENOUGH),
        ):  # fmt: skip
            made = _features(scored, kind)
            found[f"{key}_{kind}"] = len(made)
            if name == REAL or min(len(made), len(real[kind])) < 2:
                continue
            found[key] = frechet_distance(
                FeatureStatistics.of(made), FeatureStatistics.of(real[kind])
            )
            told = caution(len(made), len(real[kind]), enough)
            if told:
                found["cautions"].append(f"{key.upper()} of {name}: {told}.")
        auc = matched_auc(_capp(scored), seed)
        if auc is not None:
            found["capp_auc"] = list(auc)
        out[name] = found
    return out


def worst_first(scored: Sequence[Scored]) -> list[tuple[Scored, float]]:
    """Cases of one system with how bad they are, the worst first; failed ones before all.

    How bad: the mean over figures that have a better way, in standard deviations from the
    system's mean, counted where a case is worse than it.
    """
    figures = [f for f in FIGURES if f.better is not Better.REAL and not f.key.endswith("_off")]
    bad: dict[int, list[float]] = defaultdict(list)
    good = [one for one in scored if not one.error]
    for figure in figures:
        known = [one for one in good if figure.key in one.values]
        values = np.array([one.values[figure.key] for one in known])
        if len(known) < 3 or values.std() < 1e-9:
            continue
        sign = -1 if figure.better is Better.HIGHER else 1
        apart = sign * (values - values.mean()) / values.std()
        for one, worse in zip(known, apart, strict=True):
            bad[id(one)].append(max(0.0, float(worse)))
    ranked = [(one, float(np.mean(bad[id(one)])) if bad[id(one)] else 0.0) for one in good]
    failed = [(one, float("inf")) for one in scored if one.error]
    return failed + sorted(ranked, key=lambda pair: -pair[1])


def shown(key: str, value: float) -> str:
    """A figure as text."""
    return f"{value:.{BY_KEY[key].digits}f}"


def _averaged(samples: list[dict[str, float]]) -> dict[str, float]:
    keys = {key for sample in samples for key in sample}
    return {
        key: float(np.mean([sample[key] for sample in samples if key in sample])) for key in keys
    }


def _features(scored: Sequence[Scored], kind: str) -> NDArray[np.float32]:
    rows = []
    for one in scored:
        file = one.folder / "features.npz"
        if one.error or f"feature_{kind}" not in one.values or not file.is_file():
            continue
        with np.load(file, allow_pickle=False) as held:
            if kind in held.files:
                rows.append(held[kind])
    return np.concatenate(rows) if rows else np.zeros((0, 1), np.float32)


def _capp(scored: Sequence[Scored]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    clips = []
    for one in scored:
        file = one.folder / "capp.npz"
        if not one.error and "openvasa_capp" in one.values and file.is_file():
            with np.load(file, allow_pickle=False) as held:
                clips.append((held["pose"].astype(np.float64), held["sound"].astype(np.float64)))
    return clips
