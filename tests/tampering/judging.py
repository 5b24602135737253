"""What verifying says of a change, beside what it must say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.services.opening import opened
from registry.settings import Settings
from registry.store.description import described
from registry.store.expectation import differences, expected
from registry.store.tree import Head, head_of
from registry.store.verification import Verification, verify
from tests.databases import raw, run
from tests.tampering.changes import RESTORE, Change
from tests.tampering.scene import Scene


@dataclass(frozen=True)
class Judged:
    """One change, and what was found of it."""

    change: Change
    engine: str
    alone: Verification
    checkpoint: Verification

    @property
    def violation(self) -> str | None:
        """Where that isn't what the page says."""
        kind = self.change.kind
        if (not self.alone.ok, not self.checkpoint.ok) == (kind.alone, kind.checkpoint):
            return None
        found = self.checkpoint.reason or "nothing"
        said = f"{kind.name}: {self.change.table} {self.change.what} ({self.engine}): "
        if kind.alone == (not self.alone.ok):
            return f"{said}with a checkpoint {found} was found"
        return f"{said}{self.alone.reason or 'nothing'} was found"


def judged(scene: Scene, made: Iterable[Change]) -> Iterator[Judged]:
    """Make each change, verify, and take it back."""
    with scene.undone():
        assert verify(scene.connection, [scene.head]).ok
    for change in made:
        yield judge(scene, change, [_head(scene, change)])


def judge(scene: Scene, change: Change, known: list[Head]) -> Judged:
    with scene.undone():
        change.make(scene)
        alone = verify(scene.connection)
        # What is found without a checkpoint is found with one.
        checkpoint = verify(scene.connection, known) if alone.ok else alone
    return Judged(change, scene.engine, alone, checkpoint)


def _head(scene: Scene, change: Change) -> Head:
    return scene.head if change.known is None else head_of(scene.connection, change.known)


def restored(old: Settings, scene: Scene) -> Judged:
    """An old copy in the place of the registry that the checkpoint is of."""
    change = Change(RESTORE, "all", "", lambda _: None)
    with opened(old) as registry, registry.database.reading() as connection:
        return Judged(change, scene.engine, verify(connection), verify(connection, [scene.head]))


def unguarded(settings: Settings) -> Iterator[tuple[str, bool]]:
    """Each trigger by its name, and whether `doctor` misses it when it is gone."""
    with raw(settings) as connection:
        engine = connection.dialect.name
        wanted = expected(engine)
        for _, name in sorted(part for part in described(connection) if part[0] == "trigger"):
            table, trigger = name.split(".") if "." in name else ("", name)
            run(connection, "BEGIN")
            run(connection, f"DROP TRIGGER {trigger}" + (f" ON {table}" if engine == "postgresql" else ""))
            told = differences(wanted, described(connection))
            run(connection, "ROLLBACK")
            yield trigger, any((one.sort, one.name, one.what) == ("trigger", name, "missing") for one in told)


def violations(everything: Iterable[Judged]) -> list[str]:
    return [said for each in everything if (said := each.violation) is not None]
