"""What `doctor` looks at outside the database: the key that signs, the head that was last seen."""

from __future__ import annotations

from registry.errors import RegistryError, TrailBroken
from registry.services.checkup import Check, failure, ok, warning
from registry.services.opening import OpenRegistry
from registry.services.seen import ADVICE, OFF, SeenHead
from registry.services.signing import signing_key_state


def signing_check(registry: OpenRegistry) -> Check:
    """Whether checkpoints can be signed; on most machines nobody needs to."""
    name = "signing key"
    try:
        state = signing_key_state(registry)
    except RegistryError as error:
        return failure(name, error.message, error.advice, error.exit_status)
    if not state.keys:
        return warning(
            name,
            "none: no checkpoint can be signed",
            "`uid-registry audit key --create`, on the machine that is to sign.",
        )
    signs = state.keys[0].id.hex()
    if state.usable and state.open_to_others:
        return warning(name, f"others can read {state.file}", f"chmod 600 {state.file}")
    if state.usable:
        return ok(name, f"{signs} in {state.file}")
    if not state.file.exists():
        return ok(name, f"{signs}, kept on another machine")
    return warning(
        name, str(state.problem), "Move the file away; `uid-registry audit key` tells which key signs."
    )


def seen_check(registry: OpenRegistry) -> Check:
    """Whether the trail is the one that was last seen here, and whether that can be kept."""
    name, place = "last seen", SeenHead(registry.settings, registry.database, registry.identity.origin)
    if place.file is None:
        return ok(name, f"not kept: seen is {OFF}")
    try:
        if (why := place.problem()) is not None:
            return failure(name, why, ADVICE, TrailBroken.exit_status)
    except RegistryError as error:
        return failure(name, error.message, error.advice, error.exit_status)
    if not place.writable():
        return warning(
            name,
            f"{place.file.parent} can't be written: a trail that shrinks isn't noticed here",
            "Name a folder with UID_REGISTRY_SEEN, or none on purpose.",
        )
    seen = place.read()
    return ok(name, f"{seen.head.size:,} entries, {seen.at:%Y-%m-%d %H:%M} UTC" if seen else "nothing yet")
