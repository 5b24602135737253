"""Syslog over TLS: messages of RFC 5424, in frames of RFC 5425, to one receiver.

RFC 5425 has no acknowledgement. What it has is an orderly end: who is told that
nothing more comes (close_notify) must answer in kind (section 4.4), and TLS keeps
the order, so the answer says that all before was read. ``Sender.finish`` waits for
it; without it nobody knows how much arrived, and all of it has to be sent again.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from registry.errors import BadRequest, ReceiverUnusable

PORT = 6514
"""Of syslog over TLS (RFC 5425 section 4.1)."""

_AUTHORIZATION = 10  # facility: security/authorization messages (PS3.15 section A.6)
NOTICE, WARNING = 5, 4
_BOM = b"\xef\xbb\xbf"  # RFC 5424 section 6.4: the message is UTF-8
_PATIENCE = 30.0  # seconds, for each step
_UNFIT = re.compile("[^\x21-\x7e]")


class Address(NamedTuple):
    """Where a receiver listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """``HOST``, ``HOST:PORT``, ``[::1]:PORT``. Raises ``BadRequest``."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?", text)
    port = int(found[3] or PORT) if found else 0
    if not found or not 0 < port < 65536:
        raise BadRequest(f"{text!r} is no receiver", advice="HOST:PORT, e.g. siem.example.org:6514.")
    return Address(found[1] or found[2], port)


def syslog_message(text: str, *, at: str, kind: str, severity: int = NOTICE, process: int) -> bytes:
    """A message of RFC 5424 about what happened ``at``; ``kind`` is its MSGID."""
    host = _UNFIT.sub("-", socket.gethostname())[:255] or "-"
    header = f"<{_AUTHORIZATION * 8 + severity}>1 {at} {host} uid-registry {process} {kind} - "
    return header.encode("ascii") + _BOM + text.encode(errors="backslashreplace")


def frame(message: bytes) -> bytes:
    """A message as it goes over the connection: its length in octets before it."""
    return b"%d %b" % (len(message), message)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe (``ca``; None: whom the system believes), and how to say who one is."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None  # of the certificate; None: it is in the same file

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, with certificate and host name verified. Raises ``BadRequest``."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise BadRequest(f"--ca {self.ca} can't be used: {_said(error)}", advice=_PEM) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:  # an empty password: never ask for one on the terminal
                context.load_cert_chain(self.certificate, self.key, password="")
            except (OSError, ssl.SSLError) as error:
                raise BadRequest(
                    f"--cert {self.certificate} can't be used: {_said(error)}",
                    advice=f"{_PEM} Its key must not be encrypted; let file modes protect it.",
                ) from error
        return context


_PEM = "Give a file of PEM certificates."


class Sender:
    """A connection to a receiver. Use it in a ``with`` block and ``finish`` it, or nothing counts.

    Everything raises ``ReceiverUnusable`` where the receiver can't be reached or isn't trusted.
    """

    def __init__(self, address: Address, context: ssl.SSLContext) -> None:
        self._address = address
        try:
            plain = socket.create_connection(address, timeout=_PATIENCE)
        except OSError as error:
            raise self._unusable("can't be reached", error) from error
        try:
            self._socket = context.wrap_socket(plain, server_hostname=address.host)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            raise ReceiverUnusable(
                f"{address} isn't trusted: {error.verify_message}",
                advice="Name the file of whoever signed its certificate with --ca FILE, or the receiver by "
                "the name that is in it.",
            ) from error
        except OSError as error:  # ssl.SSLError is one
            plain.close()
            raise self._unusable("didn't agree on TLS", error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, message: bytes) -> None:
        try:
            self._socket.sendall(frame(message))
        except OSError as error:
            raise self._unusable("broke the connection off", error) from error

    def finish(self) -> None:
        """End the connection, and know that all was read. Raises ``ReceiverUnusable`` where it wasn't."""
        try:
            if self._has_ended():
                raise ConnectionResetError("it ended the connection first")
            self._end()
        except OSError as error:
            raise self._unusable("didn't say that it read everything", error) from error

    def _has_ended(self) -> bool:
        """Whether the receiver had enough before we were done: then its answer says nothing."""
        self._socket.settimeout(0)
        try:
            return self._socket.recv(1) == b""
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        finally:
            self._socket.settimeout(_PATIENCE)

    def _end(self) -> None:
        try:
            plain = self._socket.unwrap()
        except ssl.SSLEOFError as error:
            if error.reason != "UNEXPECTED_EOF_WHILE_READING":
                raise
            return  # many end TCP and say nothing in TLS; with something left to read it were a reset
        with plain:
            try:
                while plain.recv(1024):
                    pass
            except TimeoutError:
                pass  # it has answered; that it leaves the connection open is its affair

    def _unusable(self, what: str, error: OSError) -> ReceiverUnusable:
        return ReceiverUnusable(f"{self._address} {what}: {_said(error)}")


def _said(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error or type(error).__name__)
