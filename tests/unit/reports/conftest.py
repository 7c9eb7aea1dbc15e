from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# Plain modules: the fakes of the desk, and the file texts of the reader's tests.
HERE = Path(__file__).parent
for name, path in (
    ("drf_tests_render", HERE.parent / "drf" / "render.py"),
    ("desk_fakes", HERE.parent / "dispositions" / "desk_fakes.py"),
):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
