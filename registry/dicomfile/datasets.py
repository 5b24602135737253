"""Whether something is a pydicom Dataset, asked without importing pydicom."""

from __future__ import annotations

import sys


def is_data_set(thing: object) -> bool:
    """Whether ``thing`` is a pydicom Dataset: there is none unless somebody imported pydicom."""
    module = sys.modules.get("pydicom.dataset")
    return module is not None and isinstance(thing, module.Dataset)
