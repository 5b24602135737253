"""The key that signs checkpoints: whether it is on this machine, and making one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import OutcomeUnknown, RegistryError, SigningKeyUnusable
from registry.keys import readable_by_others
from registry.note import SignerKey, VerifierKey
from registry.services.opening import OpenRegistry, signing_key_path
from registry.signing import load_signing_key, put_aside, put_signing_key
from registry.store.act import Act
from registry.store.signing import add_verifier_key, verifier_keys


@dataclass(frozen=True, slots=True)
class SigningKeyState:
    """Which keys signed for a registry, and what is where this machine would sign with. Never a secret."""

    file: Path
    keys: tuple[VerifierKey, ...]  # all that ever signed, the one that signs now first
    found: VerifierKey | None  # whose private half is there
    problem: str | None  # why nothing can be signed here; None: it can
    open_to_others: bool  # its modes let others read it
    created: bool = False  # it was made now
    put_aside: Path | None = None  # where the file of the one before is now

    @property
    def usable(self) -> bool:
        return self.problem is None


def signing_key_state(registry: OpenRegistry) -> SigningKeyState:
    """What is where the signing key should be."""
    with registry.database.reading() as connection:
        keys = tuple(verifier_keys(connection))
    path, found, problem = _path(registry), None, None
    try:
        found = load_signing_key(path, registry.identity.origin).verifier
        _require_newest(found, keys, path)
    except SigningKeyUnusable as error:
        problem = error.message
    shared = path.is_file() and readable_by_others(path)
    return SigningKeyState(path, keys, found, problem, shared)


def signing_key(registry: OpenRegistry) -> SignerKey:
    """The private key. Raises ``SigningKeyUnusable`` where it isn't here, or signs no more."""
    path = _path(registry)
    key = load_signing_key(path, registry.identity.origin)
    with registry.database.reading() as connection:
        _require_newest(key.verifier, tuple(verifier_keys(connection)), path)
    return key


def _require_newest(found: VerifierKey, keys: tuple[VerifierKey, ...], path: Path) -> None:
    if not keys or found != keys[0]:
        signs = keys[0].id.hex() if keys else "none"
        raise SigningKeyUnusable(
            f"{path} holds the signing key {found.id.hex()}; the one that signs for this registry is {signs}"
        )


def create(registry: OpenRegistry) -> SigningKeyState:
    """Make a new signing key on this machine; from now on it signs. Who did that is in the trail.

    The old one goes on verifying what it signed. Its file is put aside, for nothing
    is ever written over.
    """
    actor = registry.settings.named_actor()
    aside: list[Path] = []

    def work(act: Act) -> None:
        keys = verifier_keys(act.connection)
        aside.clear()
        made = enter(act, _path(registry), registry.identity.origin, keys, aside)
        try:
            act.commit(key=made.id.hex(), **({"replaces": keys[0].id.hex()} if keys else {}))
        except OutcomeUnknown:
            raise  # the new key may be the one that signs from now on: it stays
        except RegistryError:
            if aside:  # the entry can't be written: what was there signs on
                aside[0].replace(_path(registry))
            raise

    registry.perform("key:create", work, actor=actor)
    return replace(signing_key_state(registry), created=True, put_aside=aside[0] if aside else None)


def ensure(registry: OpenRegistry) -> None:
    """Make a signing key for a registry that was made before there were any."""

    def work(act: Act) -> None:
        if not verifier_keys(act.connection):
            made = enter(act, _path(registry), registry.identity.origin, (), [])
            act.commit(key=made.id.hex())

    with registry.database.reading() as connection:
        if verifier_keys(connection):
            return
    registry.perform("key:create", work)


def enter(act: Act, path: Path, origin: str, known: Sequence[VerifierKey], aside: list[Path]) -> VerifierKey:
    """Make a key, its public half a row of the act, its private half a file; ``aside`` gets
    where the file of a ``known`` key went that was in its place.

    A key from an act that was cut off, or one put there on purpose, is taken.
    """
    there = load_signing_key(path, origin) if path.exists() else None
    if there is not None and there.verifier not in known:
        add_verifier_key(act, there.verifier)
        return there.verifier
    made = SignerKey.generate(origin)
    add_verifier_key(act, made.verifier)
    act.flush()  # who may not do this loses no file by it
    if there is not None:
        aside.append(put_aside(path, there.verifier.id))
    put_signing_key(path, made)
    return made.verifier


def _path(registry: OpenRegistry) -> Path:
    return signing_key_path(registry.settings, registry.database, registry.identity.origin)
