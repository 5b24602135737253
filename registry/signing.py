"""The key that signs checkpoints: a file of its own, outside the database, beside the registry's key.

Whoever can change the database can change the public key in it too. So the private
key isn't there, and the public one is worth something only where it was handed
out: to an auditor, on paper, when the registry was made.
"""

from __future__ import annotations

from pathlib import Path

from registry.errors import SigningKeyUnusable
from registry.note import SignerKey
from registry.placement import placed

_HEADER = "dicom-uid-registry signing key 1"
_BYTES = 32  # the private key itself (RFC 8032)
_LARGEST = 4096


def put_signing_key(path: Path, key: SignerKey) -> None:
    """Write a key, readable by its owner alone: all of it or nothing, never over an existing file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with placed(path) as written:
        written.write_text(f"{_HEADER}\n{key.seed.hex()}\n", encoding="ascii")


def load_signing_key(path: Path, origin: str) -> SignerKey:
    """Read the key that signs as ``origin``. Raises ``SigningKeyUnusable`` where there is none."""
    try:
        with path.open("rb") as file:
            header, seed, *rest = file.read(_LARGEST).decode("ascii").splitlines()
        key = SignerKey(origin, bytes.fromhex(seed))
    except FileNotFoundError as error:
        raise SigningKeyUnusable(f"the key that signs checkpoints is not at {path}") from error
    except OSError as error:
        raise SigningKeyUnusable(f"the signing key {path} can't be read: {error.strerror}") from error
    except ValueError:  # its text may be a secret: it is quoted nowhere
        raise SigningKeyUnusable(f"{path} is not a signing key of a UID registry") from None
    if header != _HEADER or rest or len(key.seed) != _BYTES:
        raise SigningKeyUnusable(f"{path} is not a signing key of a UID registry")
    return key


def put_aside(path: Path, key_id: bytes) -> Path:
    """Rename the file of a key that signs no more: never lost, never over another file."""
    aside = path.with_name(f"{path.name}.{key_id.hex()}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.{key_id.hex()}.{number}")
    path.rename(aside)
    return aside
