"""The registry in Python: the verbs of the command line, with the field's argument names.

>>> from registry import Registry
>>> with Registry.open("registry.db", actor="ann") as registry:  # doctest: +SKIP
...     uids = registry.derive(slices, modality="SEG")
...     segmentation = hd.seg.Segmentation(source_images=slices, **uids, ...)
...     registry.save(segmentation, "segmentation.dcm")
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import NoReturn, Self, cast

from registry.api.answering import Answering
from registry.api.auditing import Auditing
from registry.api.browsing import Browsing
from registry.api.deciding import Deciding
from registry.api.generating import Generating
from registry.api.issuing import Issuing
from registry.api.recording import Recording
from registry.api.replacing import Replacing
from registry.errors import BadRequest
from registry.services import initializing
from registry.services.initializing import Initialized
from registry.services.opening import OpenRegistry, opened
from registry.settings import CHECK_FORMATS, Settings, load_settings


class Registry(Issuing, Generating, Recording, Answering, Browsing, Deciding, Replacing, Auditing):
    """An open registry; close it, or use it in a ``with`` block.

    Several threads may use one at once. So may a process that was forked from the one that opened
    it, unless another thread was in the middle of something then; a process that begins
    otherwise opens its own.
    """

    def __init__(self, settings: Settings) -> None:
        """Use ``Registry.open``, which finds the settings."""
        self._stack = ExitStack()
        self._registry = self._stack.enter_context(opened(settings))

    @classmethod
    def open(cls, url: str | None = None, *, actor: str | None = None) -> Self:
        """Open the registry at ``url`` (an SQLAlchemy URL or the path of an SQLite file),
        or the one that environment and configuration files name.

        ``actor`` goes into the audit trail. Raises ``Unavailable`` where there is no
        registry that this program can use.
        """
        return cls(load_settings({"database": url, "actor": actor}, formats=CHECK_FORMATS))

    @staticmethod
    def init(
        url: str | None = None,
        *,
        root: str | None = None,
        organization: str | None = None,
        research: bool = False,
        actor: str | None = None,
    ) -> Initialized:
        """Create a registry or upgrade it, and add the issuer root. Safe to repeat."""
        settings = load_settings({"database": url, "actor": actor}, formats=CHECK_FORMATS)
        return initializing.init(settings, root=root, organization=organization, research=research)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an open Registry isn't sent to another process: open one there, with Registry.open(...)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it, for ever: whatever is asked of it afterwards raises ``BadRequest``."""
        self._stack.close()
        self._registry = cast("OpenRegistry", _Closed())


class _Closed:
    """In the place of a registry that was closed."""

    def __getattr__(self, name: str) -> NoReturn:
        raise BadRequest(
            "this Registry was closed",
            advice="Registry.open(...) opens it again; ask inside its `with` block.",
        )
