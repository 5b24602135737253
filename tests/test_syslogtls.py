"""Syslog over TLS: frames as the RFCs have them, trust before anything is sent, and what counts as sent."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.errors import BadRequest, ReceiverUnusable
from registry.syslogtls import WARNING, Address, Sender, Trust, frame, parse_address, syslog_message
from tests.collector import Authority, Behaviour, Collector, breaking_after, curt, leaving_after, polite

# RFC 5424 section 6: PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD SP MSG
RFC5424 = re.compile(
    rb"<(?P<pri>\d{1,3})>1 "
    rb"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) "
    rb"(?P<host>[\x21-\x7e]{1,255}) (?P<app>[\x21-\x7e]{1,48}) (?P<process>[\x21-\x7e]{1,128}) "
    rb"(?P<kind>[\x21-\x7e]{1,32}) - \xef\xbb\xbf(?P<text>.*)",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    return authority.signed("localhost")


@pytest.fixture
def collector(certificate: Path) -> Iterator[Collector]:
    with Collector(certificate) as collector:
        yield collector


def send(collector: Collector, trust: Trust, count: int = 3, size: int = 10) -> None:
    with Sender(parse_address(collector.address), trust.context()) as sender:
        for number in range(count):
            sender.send(b"%d%b" % (number, b" " * size))
        sender.finish()


def test_a_message_is_of_rfc_5424() -> None:
    at = "2026-11-22T09:30:00.000000Z"
    message = syslog_message("<ä\ud800>", at=at, kind="DICOM+RFC3881", severity=WARNING, process=7)
    found = RFC5424.fullmatch(message)
    assert found
    assert found["pri"] == b"84"  # facility 10, severity 4
    assert (found["at"], found["app"], found["process"]) == (at.encode(), b"uid-registry", b"7")
    assert found["kind"] == b"DICOM+RFC3881"
    assert found["text"] == "<ä\\ud800>".encode()


def test_a_frame_counts_octets() -> None:
    assert frame("ä".encode()) == b"2 \xc3\xa4"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("siem.example.org:601", ("siem.example.org", 601)),
        ("siem", ("siem", 6514)),
        ("10.0.0.1:99", ("10.0.0.1", 99)),
        ("[::1]:99", ("::1", 99)),
        ("[::1]", ("::1", 6514)),
    ],
)
def test_an_address(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address
    assert parse_address(str(Address(*address))) == address


@pytest.mark.parametrize(
    "text", ["", "a b", "host:", "host:0", "host:65536", "::1:99", "https://host", "host:x"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_address(text)


@pytest.mark.parametrize("behaviour", [polite, curt])
def test_what_was_read_to_its_end_was_sent(
    authority: Authority, certificate: Path, behaviour: Behaviour
) -> None:
    with Collector(certificate, behaviour) as collector:
        send(collector, Trust(str(authority.file)), 500, 1000)
    assert [int(message) for message in collector.messages] == list(range(500))


@pytest.mark.parametrize("behaviour", [breaking_after(2), leaving_after(2)])
@pytest.mark.parametrize("count", [3, 4, 5000])
def test_what_was_not_read_to_its_end_was_not_sent(
    authority: Authority, certificate: Path, behaviour: Behaviour, count: int
) -> None:
    with Collector(certificate, behaviour) as collector, pytest.raises(ReceiverUnusable):
        send(collector, Trust(str(authority.file)), count, 1000)


def test_who_signed_the_certificate_must_be_trusted(collector: Collector, tmp_path: Path) -> None:
    for trust in (Trust(), Trust(str(Authority(tmp_path).file))):
        with pytest.raises(ReceiverUnusable, match="isn't trusted: "):
            send(collector, trust)
    assert collector.messages == []


def test_the_certificate_must_be_of_that_host(authority: Authority) -> None:
    wrong = Collector(authority.signed("elsewhere.example.org"))
    with wrong as collector, pytest.raises(ReceiverUnusable, match="isn't trusted: Hostname mismatch"):
        send(collector, Trust(str(authority.file)))
    assert collector.messages == []


def test_an_old_version_of_tls_is_refused(authority: Authority, certificate: Path) -> None:
    assert Trust(str(authority.file)).context().minimum_version == ssl.TLSVersion.TLSv1_2
    collector = Collector(certificate)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        collector.context.maximum_version = ssl.TLSVersion.TLSv1_1
    with collector, pytest.raises(ReceiverUnusable, match="didn't agree on TLS"):
        send(collector, Trust(str(authority.file)))


def test_each_shows_the_other_a_certificate(authority: Authority, certificate: Path) -> None:
    mine = authority.signed("registry")
    with Collector(certificate, clients=authority.file) as collector:
        with pytest.raises(ReceiverUnusable):
            send(collector, Trust(str(authority.file)))
        assert collector.messages == []
        send(collector, Trust(str(authority.file), str(mine)))
    assert len(collector.messages) == 3


def test_nobody_there(authority: Authority, certificate: Path) -> None:
    with Collector(certificate) as collector:
        pass
    with pytest.raises(ReceiverUnusable, match="can't be reached: Connection refused"):
        send(collector, Trust(str(authority.file)))


@pytest.mark.parametrize(
    "trust", [Trust("missing"), Trust(None, "missing"), Trust(__file__), Trust(None, __file__)]
)
def test_a_file_that_cannot_be_used_is_named(trust: Trust) -> None:
    with pytest.raises(BadRequest, match=r"--(ca|cert) .* can't be used"):
        trust.context()
