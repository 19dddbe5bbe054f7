"""Names of models -> verified folders. The only file that knows where shipped weights lie."""

from __future__ import annotations

from pathlib import Path

from openvasa.bundle import CONFIG_FILE, Bundle, read_bundle
from openvasa.types import InputError

DEFAULT_MODEL = "compact"
_SHIPPED = Path(__file__).with_name("weights")


def shipped_models() -> tuple[str, ...]:
    """Names of the models that come with the package."""
    return tuple(sorted(file.parent.name for file in _SHIPPED.glob(f"*/{CONFIG_FILE}")))


def load_model(model: str | Path = DEFAULT_MODEL) -> Bundle:
    """Finds a model by name or folder and verifies it.

    Args:
        model: A name in `shipped_models()`, or the folder of a bundle.

    Raises:
        InputError: There is no such model, or its files are not what was written.
    """
    names = shipped_models()
    if str(model) in names:
        return read_bundle(_SHIPPED / str(model))
    if Path(model).is_dir():
        return read_bundle(model)
    known = ", ".join(names) or "none"
    raise InputError(
        f"there is no model '{model}': give one of those that ship ({known}) or a model's folder."
    )
