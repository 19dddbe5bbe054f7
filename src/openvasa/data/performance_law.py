"""How people move when they speak: the few numbers that performances are drawn from.

`performance_law.json` ships; `openvasa.data.performance_fit` measures real clips and writes it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from openvasa.data.eyes import BlinkLaw
from openvasa.types import InputError

SHIPPED = Path(__file__).parent / "performance_law.json"
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class PerformanceLaw:
    """Parameters of all performances; a pair is the range that a speaker is drawn from.

    Attributes:
        strength: Size of lip movements.
        reduction: How much unstressed vowels shrink.
        jaw: Share of the phones' jaw targets.
        lips: Factor on how far the lips themselves part.
        width: Factor on spreading and rounding.
        smoothing: Standard deviation in seconds of the lips' smoothing over time.
        brows: Factor on rising brows.
        wander: Standard deviation of fixations, degrees of yaw and pitch.
        head: Factor on head rotation.
        blinks: How lids blink.
    """

    strength: Range = (0.95, 1.28)
    reduction: Range = (0.1, 0.4)
    jaw: float = 1.0
    lips: float = 1.0
    width: float = 1.0
    smoothing: float = 0.024
    brows: float = 1.0
    wander: Range = (0.8, 0.6)
    head: float = 1.0
    blinks: BlinkLaw = BlinkLaw()


def write_law(path: Path, law: PerformanceLaw) -> None:
    """Stores a law as JSON, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(asdict(law), indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)


def read_law(path: Path) -> PerformanceLaw:
    """Reads what `write_law` wrote.

    Raises:
        InputError: The file is missing, damaged, or has other names in it.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        lids: dict[str, Any] = {n: _plain(v) for n, v in values.pop("blinks").items()}
        numbers: dict[str, Any] = {n: _plain(v) for n, v in values.items()}
        law = PerformanceLaw(blinks=BlinkLaw(**lids), **numbers)
        if set(values) != {item.name for item in fields(law)} - {"blinks"}:
            raise ValueError("names are missing")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} holds no law of performances ({error}); make it with performance_fit."
        ) from error
    return law


@cache
def fitted_law() -> PerformanceLaw:
    """The law that ships."""
    return read_law(SHIPPED)


def _plain(value: float | list[float]) -> float | Range:
    return (float(value[0]), float(value[1])) if isinstance(value, list) else float(value)
