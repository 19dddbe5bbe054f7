"""The files for other frameworks, which are no part of the package."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType


def loaded(framework: str) -> ModuleType:
    """The module that a user copies beside an agent."""
    name = f"openvasa_{framework}"
    file = Path(__file__).parents[1] / "integrations" / framework / f"{name}.py"
    spec = spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
