"""How pydicom's own commands name a file: ``[pydicom::]FILE[::ELEMENT]``."""

from __future__ import annotations

import os

from registry.errors import BadRequest, NoSuchPath

_MARK = "::"
_OF_PYDICOM = "pydicom::"


def path_of(spec: str) -> str:
    """The path that a file specification of pydicom's commands leads to.

    ``pydicom::NAME`` is the test file of that name that came with pydicom; nothing is
    fetched for it. A path that exists is itself, whatever is in its name. Raises
    ``NoSuchPath`` for a test file that isn't there, and ``BadRequest`` where an element
    of a file is named: UIDs mean something within the whole object alone.
    """
    if _MARK not in spec or os.path.lexists(spec):
        return spec
    ours = spec.startswith(_OF_PYDICOM)
    name, mark, element = spec.removeprefix(_OF_PYDICOM).partition(_MARK)
    if mark and (ours or os.path.lexists(name)):
        whole = spec.removesuffix(f"{_MARK}{element}")
        raise BadRequest(
            f"{spec} names the element {element} of a file", advice=f"Objects are checked whole: {whole}"
        )
    return _test_file(name) if ours else spec


def _test_file(name: str) -> str:
    from pydicom.data import get_testdata_file

    path = get_testdata_file(name, download=False) if name and not os.path.isabs(name) else None
    if path is None:
        raise NoSuchPath(
            f"no test file {name} came with pydicom",
            advice="Files of the package pydicom-data are found once that is installed.",
        )
    return os.fspath(path)
