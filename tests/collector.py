"""A collector of syslog over TLS, and the certificates of a small hospital: real ones, made for a run."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing is a reset


class Authority:
    """Who signs certificates."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(self._name, self._key, ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def signed(self, name: str) -> Path:
        """A file with a certificate for ``name`` and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        pem = serialization.Encoding.PEM
        file = self._folder / f"{name}-by-{self.file.name}"
        file.write_bytes(
            self._certificate(subject, key, names=[name]).public_bytes(pem)
            + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return file

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        ca: bool = False,
        names: list[str] | None = None,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        building = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            said: list[x509.GeneralName] = []
            for name in names:
                try:
                    said.append(x509.IPAddress(ipaddress.ip_address(name)))
                except ValueError:
                    said.append(x509.DNSName(name))
            building = building.add_extension(x509.SubjectAlternativeName(said), critical=False)
        return building.sign(self._key, hashes.SHA256())


Behaviour = Callable[["Collector", ssl.SSLSocket], None]


def polite(collector: Collector, connection: ssl.SSLSocket) -> None:
    """Reads until the sender ends, and answers that as RFC 5425 section 4.4 wants it."""
    while (message := collector.read(connection)) is not None:
        collector.messages.append(message)
    connection.unwrap()


def curt(collector: Collector, connection: ssl.SSLSocket) -> None:
    """Reads until the sender ends, and closes TCP without a word: many do."""
    while (message := collector.read(connection)) is not None:
        collector.messages.append(message)


def breaking_after(count: int) -> Behaviour:
    """Reads so many messages and is gone, with whatever else is on its way."""

    def broken(collector: Collector, connection: ssl.SSLSocket) -> None:
        for _ in range(count):
            if (message := collector.read(connection)) is None:
                return
            collector.messages.append(message)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return broken


def leaving_after(count: int) -> Behaviour:
    """Reads so many messages, then says goodbye though more is on its way."""

    def leaves(collector: Collector, connection: ssl.SSLSocket) -> None:
        for _ in range(count):
            if (message := collector.read(connection)) is None:
                return
            collector.messages.append(message)
        connection.settimeout(0)
        with contextlib.suppress(OSError):
            connection.unwrap()

    return leaves


class Collector:
    """Listens until the block ends; each connection is handled as the next of ``behaviours`` has it,
    the last of them for ever."""

    def __init__(self, certificate: Path, *behaviours: Behaviour, clients: Path | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        self.context = context
        self.messages: list[bytes] = []
        self.connections = 0
        self._behaviours = list(behaviours) or [polite]
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._left: dict[ssl.SSLSocket, bytes] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
            try:
                plain.settimeout(10)
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    behaviour(self, connection)
            except OSError:
                plain.close()

    def read(self, connection: ssl.SSLSocket) -> bytes | None:
        """The next message; None at the sender's end. Frames are MSG-LEN SP MSG (RFC 5425 section 4.3)."""
        buffer = self._left.pop(connection, b"")
        while b" " not in buffer:
            if not (more := connection.recv(65536)):
                return None
            buffer += more
        length, _, buffer = buffer.partition(b" ")
        while len(buffer) < int(length):
            if not (more := connection.recv(65536)):
                raise AssertionError("a frame was cut off")
            buffer += more
        self._left[connection] = buffer[int(length) :]
        return buffer[: int(length)]
