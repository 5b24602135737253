"""UIDs for code that mints them itself: in place of pydicom's function, recorded before it gets them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Lock
from typing import TYPE_CHECKING

from registry.api.verbs import Verbs
from registry.errors import BadRequest
from registry.kinds import parse_kind
from registry.services import generating, issuing
from registry.services.requests import IssueRequest
from registry.uid import PYDICOM_PREFIX

if TYPE_CHECKING:
    from registry.dicomfile.toolkit import UID


class Stock:
    """Gives recorded UIDs one by one, and has more recorded when they run out."""

    def __init__(self, order: Callable[[], Sequence[str]]) -> None:
        self._order = order
        self._left: list[str] = []
        self._process = os.getpid()
        self._alone = Lock()

    def __call__(self) -> UID:
        from registry.dicomfile.toolkit import UID

        if self._process != os.getpid():  # what is left is the parent's to give out
            self._process, self._left, self._alone = os.getpid(), [], Lock()
        with self._alone:
            if not self._left:
                self._left = list(self._order())
            return UID(self._left.pop())


class Generating(Verbs):
    """UIDs for code that mints them itself."""

    def generate_uid(self, prefix: str | None = PYDICOM_PREFIX, entropy_srcs: list[str] | None = None) -> UID:
        """A UID that is recorded, in place of ``pydicom.uid.generate_uid``: same arguments, same type.

        It may become anything: what it is, is recorded with the first object that carries it.

        ``prefix`` is a root of this registry or an arc below one, with its final dot. pydicom's
        own, which is what stands there unless something else is given, and those of other
        toolkits are everybody's: then the UID lies under the root of this registry. None
        makes it of a UUID. ``entropy_srcs`` always give the same UID, which is recorded once;
        unlike pydicom's it is made with the registry's key, so that nobody can try texts out
        against it, and ``["ab", "c"]`` and ``["a", "bc"]`` differ.

        Raises ``BadPrefix``, a ``ValueError`` like pydicom's, and ``TypeError`` for entropy that
        isn't text.
        """
        for number, text in enumerate(entropy_srcs or ()):
            if not isinstance(text, str):
                raise TypeError(f"entropy_srcs[{number}] is a {type(text).__name__}, not a str")
        from registry.dicomfile.toolkit import UID

        (uid,) = generating.generate(self._registry, prefix, entropy_srcs)
        return UID(uid)

    def uid_generator(
        self,
        kind: str | None = None,
        *,
        study_instance_uid: str | None = None,
        series_instance_uid: str | None = None,
        modality: str | None = None,
        root: str | None = None,
        at_once: int = 1,
    ) -> Callable[[], UID]:
        """A function without arguments that gives a recorded UID at each call, as wsidicom's
        ``CallableUidGenerator`` and others want one.

        Without a ``kind`` it gives what ``generate_uid`` gives; that is right where it is asked
        for UIDs of several kinds, as wsidicom's is. With one it issues UIDs of that kind, in the
        study or series that is named.

        ``at_once`` is how many are recorded in one transaction, ahead of the calls that give them
        out: quicker, and those that are never asked for stay recorded as issued. It may be called
        by several threads, and in a process that was forked. Raises ``BadRequest`` for what can't be
        issued like this,
        ``BadPrefix`` where nothing is issued under the root.
        """
        issuing.check_count(at_once, "at_once")
        if kind is None:
            if study_instance_uid or series_instance_uid or modality:
                raise BadRequest(
                    "without a kind UIDs are in no study or series, and have no modality",
                    advice='Name the kind: uid_generator("instance", series_instance_uid=...).',
                )
            prefix = f"{root.removesuffix('.')}." if root else PYDICOM_PREFIX
            generating.check_prefix(self._registry, prefix)
            return Stock(lambda: generating.generate(self._registry, prefix, count=at_once))
        request = IssueRequest(
            parse_kind(kind),
            study_instance_uid,
            series_instance_uid,
            modality,
            count=at_once,
            root=root.removesuffix(".") if root else None,
        )
        issuing.check_issue(self._registry, request)
        return Stock(lambda: issuing.issue(self._registry, request).uids)

    def patch_pydicom(self) -> AbstractContextManager[None]:
        """As long as a ``with`` block of it lasts ``pydicom.uid.generate_uid`` is ``generate_uid``
        of this registry, for code that can't be changed: ``highdicom.UID()`` calls it, too.

        It holds for the whole process, other threads included, for pydicom's module and for every
        other one that is loaded when the block begins and has imported the function. It doesn't
        hold for what was stored elsewhere, such as a default argument (wsidicom's
        ``CallableUidGenerator()``), nor for code that makes UIDs some other way. Blocks may be nested.
        """
        from registry.dicomfile.toolkit import patched

        return patched(self.generate_uid)
