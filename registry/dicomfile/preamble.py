"""What a file's preamble makes other programs take it for (PS3.10 section 7.1).

The 128 bytes before the DICM mark are anybody's. A file that begins as a program
runs as one, and is still a DICOM file to every archive. A TIFF header is what
the preamble is meant for.
"""

from __future__ import annotations

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "a Windows program"),
    (b"ZM", "a DOS program"),
    (b"\x7fELF", "a Linux program (ELF)"),
    (b"\xfe\xed\xfa\xce", "a macOS program (Mach-O)"),
    (b"\xfe\xed\xfa\xcf", "a macOS program (Mach-O)"),
    (b"\xce\xfa\xed\xfe", "a macOS program (Mach-O)"),
    (b"\xcf\xfa\xed\xfe", "a macOS program (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "a macOS program or a Java class"),
    (b"\xbe\xba\xfe\xca", "a macOS program (Mach-O)"),
    (b"\0asm", "a WebAssembly program"),
    (b"dex\n", "an Android program"),
    (b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document or a Windows installer"),
    (b"ITSF", "a Windows help file"),
    (b"#!", "a script"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"PK\x07\x08", "a zip archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"MSCF", "a cab archive"),
)

_MARKUP = (b"<!doctype html", b"<html", b"<script", b"<svg", b"<?php")
"""Found anywhere, in any case: who looks for HTML looks past what stands before it."""


def taken_for(preamble: bytes) -> str | None:
    """What a file with this preamble starts as, in words; None for nothing that runs or unpacks."""
    for beginning, what in _BEGINNINGS:
        if preamble.startswith(beginning):
            return what
    if b"%PDF-" in preamble:  # readers accept it anywhere in the first kilobyte
        return "a PDF document"
    if preamble.lstrip().lower().startswith(b"@echo"):
        return "a script"
    lower = preamble.lower()
    return "a web page or a script in one" if any(mark in lower for mark in _MARKUP) else None
