"""Register: record what objects made elsewhere say, batch by batch.

Each batch is one transaction with one audit entry. A run that is interrupted
leaves whole batches behind; run again it goes on after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from registry.acknowledgement import Word
from registry.dicomfile.sources import require
from registry.records import Reading, Skipped, Unreadable, Verdict
from registry.rules.policy import Policy
from registry.services.adopting import adopt
from registry.services.assessing import Assessment
from registry.services.judging import judge
from registry.services.opening import OpenRegistry
from registry.services.reading import Readers
from registry.services.reports import Report
from registry.services.resuming import Batch, Run
from registry.store import acknowledgements, findings, links, marks, recording
from registry.store.act import Act
from registry.store.concurrent import confirm
from registry.store.labels import remember_labels
from registry.store.ledger import enter
from registry.store.retrying import LostRace, again
from registry.store.roots import load_roots
from registry.store.words import Words
from registry.uid import is_key

BATCH = 1000
"""Files in one transaction."""

Progress = Callable[[int], None]
"""Told how many files are done."""


def register(
    registry: OpenRegistry,
    paths: Sequence[str],
    *,
    digests: bool = True,
    context: str | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read files, folders, zip archives and DICOMDIR media, and record what they claim.

    ``digests=False`` compares no contents and is quicker on large objects; ``context`` is
    the one of the settings if none is named. Raises
    ``NoSuchPath`` before anything is read; what can't be read is in the report.
    """
    require(paths)
    context = registry.context(context)
    run = Run(registry.key.subkey("marks"), paths, digests, context)
    policy = Policy(registry.settings.check)
    said = ({} if digests else {"digests": "none"}) | {"policy": adopt(registry)}
    with registry.database.reading() as connection:
        report = Report(registry.name(connection), policy, context=context)
        earlier = marks.done(connection, run.id)
    with Readers(
        registry.keys_in(context), registry.settings.limits, digests=digests, jobs=registry.settings.jobs
    ) as readers:
        unfinished = bool(earlier)  # whether there are marks
        for batch in run.batches(readers.expand(paths), readers.read, BATCH, earlier, report.resume):
            readings = [reading for _, reading in batch.items]
            mark = partial(_mark, run.id, batch)
            assessment = _record(registry, readings, mark, report.policy, said, context)
            report.add(readings, assessment)
            unfinished = not batch.is_last
            if progress is not None:
                progress(report.files)
    if unfinished:
        again(lambda _: _forget(registry, run.id))
    return report


def record(registry: OpenRegistry, readings: Sequence[Reading], *, context: str | None = None) -> Report:
    """Record what some objects claim that were read already: one batch."""
    context = registry.context(context)
    policy = Policy(registry.settings.check)
    said = {"policy": adopt(registry)}
    with registry.database.reading() as connection:
        report = Report(registry.name(connection), policy, context=context)
    report.add(readings, _record(registry, readings, lambda _: None, policy, said, context))
    return report


def _forget(registry: OpenRegistry, run: bytes) -> None:
    """The run is done: the next one reads everything again."""
    with registry.database.writing() as connection:
        marks.forget(connection, run)
        connection.commit()


def _mark(run: bytes, batch: Batch, act: Act) -> None:
    """Where an interrupted run goes on from now on."""
    if batch.is_last:  # the run is done
        marks.forget(act.connection, run)
    else:
        marks.add(act, run, batch.marks)


def _record(
    registry: OpenRegistry,
    readings: Sequence[Reading],
    mark: Callable[[Act], None],
    policy: Policy,
    said: Mapping[str, str],
    context: str | None = None,
) -> Assessment:
    """Record one batch; ``mark`` marks it as recorded, ``said`` is how it was asked for. Raises
    ``DatabaseUnusable`` where others won't let it."""

    def work(act: Act) -> Assessment:
        words = Words(act.connection)
        roots = load_roots(act.connection, act.roots_said)
        registry.require_key(act.connection)
        assessment = judge(
            act.connection,
            words,
            readings,
            roots,
            act.now,
            registry.identity,
            gate=False,
            policy=policy,
            context=context,
        )
        write(act, words, assessment)
        mark(act)
        confirm(act, assessment.ground)
        skipped = sum(isinstance(reading, Skipped) for reading in readings)
        unreadable = sum(isinstance(reading, Unreadable) for reading in readings)
        counts = {"files": len(readings), "skipped": skipped, "unreadable": unreadable}
        act.commit(**said, **told(assessment, None, **counts))
        return assessment

    return registry.perform("object:register", work)


def write(act: Act, words: Words, assessment: Assessment) -> None:
    """Write an assessed batch. Raises ``LostRace`` where another writer was first with one of its UIDs."""
    claims, speaking, facts = assessment.subjects.claims, assessment.subjects.speaking, assessment.facts
    said = {claim.transfer_syntax_uid for claim in claims}
    said |= {word for claim in speaking for word in (claim.sop_class_uid, claim.modality)}
    words.add(act, said)
    context = assessment.epoch.context
    if not enter(act, words, recording.rows_in(context, assessment.decision), known_is_fine=True):
        raise LostRace
    recording.record_decision(act, words, assessment.decision, context)
    recording.record_claims(act, words, claims, speaking, facts, context)
    for each in (assessment, *assessment.besides):
        if any(rule.labels for rule in assessment.rules):
            remember_labels(act, each.subjects.claims, each.epoch)
    for each in assessment.besides:
        recording.record_beside(act, words, each.decision, each.subjects.claims, each.facts, each.epoch)
    known, waiting = assessment.subjects.instances | assessment.subjects.series, assessment.ground.awaited
    links.settle(act, {**waiting, **links.awaiting(act.connection, known - waiting.keys())}, facts)
    links.lead_on(act, assessment.reached, assessment.moved)
    named = [(claim.sop_instance_uid, claim.references) for claim in claims if claim.references]
    links.record_references(
        act, [(uid, references) for uid, references in named if uid and is_key(uid)], facts
    )
    # A rule that wasn't asked clears nothing, nor does one of what it wasn't asked about.
    retractable = [rule for rule in assessment.rules if rule.retractable]
    asked = {sort: set(assessment.subjects.of(sort)) for sort in {rule.subject for rule in retractable}}
    evaluated = {rule.code: asked[rule.subject] for rule in retractable}
    findings.save(act, assessment.findings, evaluated, context)
    back = {key: finding.facts for key, finding in assessment.weighed.reopened.items()}
    acknowledgements.say(act, Word.REOPENED, back)


def told(
    assessment: Assessment, further: Mapping[Verdict, int] | None = None, **counts: object
) -> dict[str, object]:
    """What the audit entry says of a batch: ``counts``, verdicts, ``further`` ones, findings."""
    verdicts = Counter(verdict for _, verdict in assessment.decision.verdicts)
    verdicts.update(further or {})
    codes = Counter(finding.code for finding in assessment.findings)
    return {
        **({"context": context} if (context := assessment.epoch.context) else {}),
        **counts,
        "new": verdicts[Verdict.NEW],
        "repeats": verdicts[Verdict.REPEAT],
        "collisions": verdicts[Verdict.COLLISION],
        "not_compared": verdicts[Verdict.NOT_COMPARED],
        "findings": dict(sorted(codes.items())),
        **({"reopened": len(reopened)} if (reopened := assessment.weighed.reopened) else {}),
        **({"missing_keys": dict(sorted(missing.items()))} if (missing := assessment.missing) else {}),
    }
