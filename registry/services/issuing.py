"""Issue: mint UIDs and record them with their parents, in one transaction.

A UID leaves this module only after the transaction that records it has
committed. What the registry refuses is recorded too, in an entry of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.derived import Derived
from registry.errors import BadRequest, ParentNeeded, SourceUnclear
from registry.minting import Method
from registry.modality import parse_modality
from registry.records import Kind, Reference
from registry.services import requests, sources
from registry.services.desk import IssuingDesk
from registry.services.opening import OpenRegistry
from registry.services.refusing import recorded
from registry.services.requests import DeriveRequest, IssueRequest
from registry.store.act import Act
from registry.store.requests import Answered
from registry.store.standings import places_of
from registry.uid import parse

MOST = 1_000_000
"""UIDs in one request at most."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued; ``uids`` in ascending order of their text."""

    uids: tuple[str, ...]
    kind: Kind
    study_instance_uid: str | None
    series_instance_uid: str | None
    root: str
    entry: int


def issue(registry: OpenRegistry, request: IssueRequest) -> Issued:
    """Mint UIDs and record them.

    Raises ``BadRequest`` for what can't be asked like this, ``Refused`` where the
    ledger says no. A request id that was used for the same request gives the
    same UIDs again; so do the parts of a keyed one.
    """
    actor = registry.settings.named_actor()
    check_issue(registry, request)
    named, known = _read_sources(registry, request.sources)

    def work(act: Act) -> Issued:
        if (before := requests.answered(act, request)) is not None:
            return _issued_before(request, before)
        desk = IssuingDesk(registry, act)
        root = desk.roots.for_issuing(request.root, request.method)
        found = sources.gather([*known, *sources.known(named, desk.knowledge)])
        study = _study(request.study_instance_uid, found) if request.sources else request.study_instance_uid
        study = desk.parents(study, request.series_instance_uid, needs_study=request.kind is Kind.SERIES)
        uids = desk.mint(request.kind, root.prefix, request.method, request.count, request.parts)
        keyed = request.method is Method.KEYED
        desk.take(request.kind, uids, study, request.series_instance_uid, request.modality, may_repeat=keyed)
        desk.derived_from(uids, found.references)
        desk.write(request.purpose, requests.row(request))
        act.commit(kind=request.kind.label, count=len(uids), root=root.prefix)
        return Issued(
            tuple(sorted(uids)), request.kind, study, request.series_instance_uid, root.prefix, act.entry
        )

    parents = places_of((request.study_instance_uid, request.series_instance_uid))
    return recorded(
        registry,
        "uid:issue",
        work,
        actor=actor,
        about=(request.study_instance_uid, request.series_instance_uid, *named),
        request_id=request.request_id,
        question=parents,
    )


def derive(registry: OpenRegistry, request: DeriveRequest) -> Derived:
    """Mint series and instance UIDs for a derived object, in its source's study.

    All in one transaction. Raises like ``issue``.
    """
    actor = registry.settings.named_actor()
    if not request.sources:
        raise BadRequest("a derived object needs a source", advice="Name its source's UID, or a file of it.")
    parse_modality(request.modality, registry.settings.modalities)
    check_count(request.instances, "--instances")
    requests.check_id(request.request_id)
    if request.study_instance_uid is not None:
        parse(request.study_instance_uid)
    named, known = _read_sources(registry, request.sources)
    studies = {request.study_instance_uid, *(reference.study_instance_uid for reference in known)}

    def work(act: Act) -> Derived:
        if (before := requests.answered(act, request)) is not None:
            return _derived_before(before)
        desk = IssuingDesk(registry, act)
        root = desk.roots.for_issuing(request.root, request.method)
        found = sources.gather([*known, *sources.known(named, desk.knowledge)])
        study = desk.parents(_study(request.study_instance_uid, found), None, needs_study=True)
        (series,) = desk.mint(Kind.SERIES, root.prefix, request.method, 1)
        instances = desk.mint(Kind.INSTANCE, root.prefix, request.method, request.instances)
        desk.take(Kind.SERIES, [series], study, modality=request.modality)
        desk.take(Kind.INSTANCE, instances, study, series)
        desk.derived_from([series], found.references)
        desk.write(request.purpose, requests.row(request))
        act.commit(modality=request.modality, count=1 + len(instances), root=root.prefix)
        return Derived(str(study), series, tuple(sorted(instances)), root.prefix, act.entry)

    about = (request.study_instance_uid, *named)
    question = places_of((*studies, *named))
    return recorded(
        registry,
        "object:derive",
        work,
        actor=actor,
        about=about,
        request_id=request.request_id,
        question=question,
    )


def check_issue(registry: OpenRegistry, request: IssueRequest) -> None:
    """What can be said of a request without asking the database. Raises ``BadRequest``."""
    kind, study, series = request.kind, request.study_instance_uid, request.series_instance_uid
    for uid in (study, series):
        if uid is not None:
            parse(uid)
    check_count(request.count, "--count")
    requests.check_id(request.request_id)
    if request.modality is not None:
        if kind is not Kind.SERIES:
            raise BadRequest(f"--modality goes with a series, not with {kind.words}")
        parse_modality(request.modality, registry.settings.modalities)
    if request.sources and kind not in (Kind.SERIES, Kind.INSTANCE):
        raise BadRequest(f"--source goes with a derived series or instance, not with {kind.words}")
    if kind is Kind.STUDY and (study or series):
        raise BadRequest("a study has no parent: leave out --study and --series")
    if kind is not Kind.INSTANCE and series:
        raise BadRequest(f"only an instance belongs to a series: leave out --series for {kind.words}")
    if kind is Kind.SERIES and not study and not request.sources:
        raise ParentNeeded("a series belongs to a study")
    if kind is Kind.INSTANCE and not series:
        raise ParentNeeded("an instance belongs to a series", advice="Name it with --series UID.")
    if (request.method is Method.KEYED) != bool(request.parts):
        raise BadRequest(
            "a keyed UID is made of its parts, and only a keyed one is",
            advice="--method keyed goes with one or more --part TEXT.",
        )


def check_count(count: int, option: str) -> None:
    if not 1 <= count <= MOST:
        raise BadRequest(f"{option} {count} is out of range", advice=f"From 1 to {MOST:,} in one call.")


def _read_sources(
    registry: OpenRegistry, named: Sequence[sources.Source]
) -> tuple[list[str], list[Reference]]:
    """The UIDs among the sources, and references to the objects that they hold otherwise: those
    in memory as they are, those in files after they are read."""
    references = [each for each in named if isinstance(each, Reference)]
    uids, paths = sources.split(each for each in named if isinstance(each, str))
    if paths:
        references += sources.read_files(paths, registry.reader_keys, registry.settings.limits)
    return uids, references


def _study(asked: str | None, found: sources.Sources) -> str:
    """The study of something derived: its source's."""
    if asked is not None:
        if found.studies and asked not in found.studies:
            raise SourceUnclear(
                f"the source is in study {' and '.join(sorted(found.studies))}, not in {asked}",
                advice="A derived object goes into its source's study: leave out --study.",
            )
        return asked
    if not found.studies:
        raise SourceUnclear("the registry doesn't know in which study the source is")
    if len(found.studies) > 1:
        raise SourceUnclear(
            f"the sources are in {len(found.studies)} studies: {', '.join(sorted(found.studies))}",
            advice="Choose the one that the derived object goes into with --study UID.",
        )
    return next(iter(found.studies))


def _issued_before(request: IssueRequest, before: Answered) -> Issued:
    uids = before.of_kind(request.kind)
    study = (
        before.study_of(uids[0])
        if request.kind in (Kind.SERIES, Kind.INSTANCE)
        else request.study_instance_uid
    )
    return Issued(uids, request.kind, study, request.series_instance_uid, before.root, before.entry)


def _derived_before(before: Answered) -> Derived:
    (series,) = before.of_kind(Kind.SERIES)
    return Derived(
        str(before.study_of(series)), series, before.of_kind(Kind.INSTANCE), before.root, before.entry
    )
