"""An analysis from the hands of the jobs: what is asked, and what is written down of the answer."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import NotFound
from core.flags import State, decided
from core.sentences import Said
from core.storage.alert_records import ChannelRow, DeliveryRow, EpisodeRow, StepRow
from core.storage.job_records import JobRow
from mcp_servers.alerting.alerts import summary_of
from mcp_servers.alerting.analyses import WORDS
from mcp_servers.alerting.analysing import KIND
from mcp_servers.alerting.analysis_shapes import SIMILAR_KEPT, kept_causes
from mcp_servers.alerting.job_ends import LeaseLostError, ended
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.alerting.telling import delivery, told
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_analysis import is_aimed, place_of, question_for, wider
from mcp_servers.facts.notices import SEVERITIES, Telling, severity_of

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

Id = Annotated[str, Field(max_length=32)]
Owner = Annotated[str, Field(max_length=64, description="Who holds the lease.")]
Found = Annotated[
    dict[str, Any], Field(description="What rca_investigate answered, by language; empty: nothing.")
]
Asked = Annotated[
    dict[str, str], Field(description="The one of the questions that was answered; empty: none.")
]
# Whom a storm of thousands was told to is read off the first ones.
READ_OFF = 50
# So many are shown with what was found; the cause is what matters.
ALERTS_TOLD = 3
SAID = ("route", "tell", "escalate")


class Questions(BaseModel):
    """From the narrowest on: where a cluster does not know the object, the next one is asked."""

    questions: list[dict[str, str]]
    alerts: int


class Concluded(BaseModel):
    kept: bool = Field(description="False: the job was cancelled, or somebody else has it.")
    deliveries: int

    def as_text(self) -> str:
        return f"kept, {self.deliveries} messages" if self.kept else "not ours any more"


async def alerting_begin_analysis(analysis_id: Id, *, desk: Desk) -> Questions:
    """What is to be asked for an analysis. Run by the jobs."""
    async with desk.session() as tables:
        rows = await tables.alerts.analysed_by(analysis_id)
    if not rows:
        raise SENTENCES.error(NotFound, "alerts_gone")
    question = question_for([(one.labels, summary_of(one)) for one in rows])
    return Questions(questions=wider(question), alerts=len(rows))


async def alerting_conclude_analysis(
    analysis_id: Id,
    owner: Owner,
    found: Found,
    why: str = "",
    asked: Asked = {},  # noqa: B006 - read only; None would show in the schema
    *,
    desk: Desk,
) -> Concluded:
    """Write down what an analysis found, and tell it where its alerts were told. Run by the jobs.

    All of it or nothing: who lost the lease meanwhile changes nothing.
    """
    now = utc_now()
    try:
        async with desk.session() as tables:
            await tables.alerts.take_turn()
            job = await tables.jobs.get(analysis_id)
            if job is None or job.kind != KIND:
                raise SENTENCES.error(NotFound, "no_analysis")
            ending = _Ending(tables, job, now, desk.public_url)
            await ending.conclude(owner, found, why, asked)
    except LeaseLostError:
        return Concluded(kept=False, deliveries=0)
    return Concluded(kept=True, deliveries=len(ending.deliveries))


class _Ending:
    def __init__(self, tables: "AlertTables", job: JobRow, now: datetime, public_url: str) -> None:
        self._tables, self._job, self._now, self._public_url = tables, job, now, public_url
        self.deliveries: list[DeliveryRow] = []

    async def conclude(self, owner: str, found: Found, why: str, asked: Asked) -> None:
        """`asked`: what the cluster answered, which may be wider than what the alerts name."""
        rows = await self._tables.alerts.analysed_by(self._job.id)
        aimed = is_aimed(asked, [one.labels for one in rows])
        state = await self._likeness(rows)
        result = await self._result(rows, found, why, looks=state != "off", aimed=aimed)
        if result["causes"] and not aimed:
            result |= _beside(result["summary"], place_of(asked))
        quiet: list[dict[str, Any]] = result["similar"] if state == "shadow" else []
        result["similar"] = [] if quiet else result["similar"]
        names: list[str] = []
        if result["verdict"] == "found" and self._job.arguments.get("tells"):
            names = await self._tell(rows, result)
        kept = {**result, "told": names}
        await ended(self._tables, self._job.id, owner, self._now, kept)
        if aimed:
            await self._tables.alerts.set_incident(self._job.id, result["incident_id"])
        outcome = result["verdict"] or "not_reached"
        detail: dict[str, Any] = {"analysis": self._job.id}
        if result["incident_id"]:
            detail |= {"incident": result["incident_id"], "channels": names}
        if quiet:
            detail["similar_in_shadow"] = [one["id"] for one in quiet]
        await self._tables.alerts.note(
            [StepRow(one.id, self._now, "analysis", outcome, detail) for one in rows]
        )
        await self._tables.outbox.put(self.deliveries)

    async def _likeness(self, rows: Sequence[EpisodeRow]) -> State:
        """Whether alerts of before are looked for, and shown."""
        flags = await self._tables.flags.by_name()
        labels = rows[0].labels if rows else {}
        return decided(flags, "similar_alerts", self._job.about, labels).state

    async def _result(
        self, rows: Sequence[EpisodeRow], found: Found, why: str, *, looks: bool, aimed: bool
    ) -> dict[str, Any]:
        first: dict[str, Any] = next(iter(found.values()), dict[str, Any]())
        summary = {language: str(one["summary"]) for language, one in found.items()}
        if why:
            summary = dict(WORDS.said("not_reached", why=why).texts)
        causes = kept_causes(found)
        incident = str(first.get("incident_id", "")) if causes else ""
        verdict = str(first.get("verdict", "")) or "insufficient_data"
        return {
            # Found was then only what nothing ties to the alert: of what it is about, nothing is wrong.
            "verdict": "healthy" if verdict == "found" and not causes else verdict,
            "summary": summary,
            "incident_id": incident,
            "causes": causes,
            "aimed": aimed,
            "namespaces": sorted(set(_namespaces(first))),
            "similar": await self._similar(rows, incident if aimed else "") if looks else [],
        }

    async def _similar(self, rows: Sequence[EpisodeRow], incident: str) -> list[dict[str, Any]]:
        """Alerts of before: those with the same cause, then those that are the same alert."""
        mine = {one.id for one in rows}
        like: dict[str, dict[str, Any]] = {}
        if incident:
            for one in await self._tables.alerts.of_incident(incident, limit=SIMILAR_KEPT * 4):
                like.setdefault(one.id, _like(one, "cause"))
        for row in rows[:READ_OFF]:
            since = datetime.min.replace(tzinfo=self._now.tzinfo)
            for one in await self._tables.alerts.earlier(row.fingerprint, since=since):
                like.setdefault(one.id, _like(one, "alert"))
        return [one for key, one in like.items() if key not in mine][:SIMILAR_KEPT]

    async def _tell(self, rows: Sequence[EpisodeRow], result: Mapping[str, Any]) -> list[str]:
        """In the thread where each channel heard of the alerts; the names of the channels."""
        lead = sorted(rows, key=_urgency)[:READ_OFF]
        threads = await self._threads(lead)
        known = {one.name: one for one in await self._tables.channels.all()}
        names = [one for one in threads if one in known and known[one].enabled]
        parts = [self._job.id, result["incident_id"], *(one["rule"] for one in result["causes"])]
        mark = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        for name in names:
            telling = self._telling(known[name], threads[name], lead, result)
            self.deliveries.append(delivery(telling, name, mark, self._now))
        return names

    async def _threads(self, rows: Sequence[EpisodeRow]) -> dict[str, str]:
        """By channel, the key of what it was told of the most urgent of these alerts."""
        steps = await self._tables.alerts.steps_of([one.id for one in rows])
        place = {one.id: n for n, one in enumerate(rows)}
        found: dict[str, str] = {}
        for step in sorted(steps, key=lambda one: place[one.alert_id]):
            if step.step in SAID and step.outcome == "queued":
                for name in step.detail.get("channels", ()):
                    found.setdefault(name, str(step.detail.get("thread", "")) or self._job.id)
        return found

    def _telling(
        self,
        channel: ChannelRow,
        thread: str,
        rows: Sequence[EpisodeRow],
        result: Mapping[str, Any],
    ) -> Telling:
        language = channel.language
        telling = told(rows[:ALERTS_TOLD], thread, "analysis", {})
        name = result["causes"][0]["resource"]
        title = WORDS.said("title" if result["aimed"] else "title_beside", name=name).told(language)
        return replace(telling, title=title, text=_text(result, language))


def _text(result: Mapping[str, Any], language: str) -> str:
    first = result["causes"][0]
    said = WORDS.said("cause", summary=first["summary"].get(language, ""))
    # How sure it is, is of its being a cause, which it is not known to be of these alerts.
    sure = WORDS.said("sure", percent=round(100 * first["confidence"]))
    place = str(result.get("place", ""))
    parts = [said, sure] if result["aimed"] else [_apart(said.told(language), place)]
    actions = [one.rstrip(".。") for one in first["actions"].get(language, ())]
    if actions:
        between = "；" if language == "zh" else "; "
        parts.append(WORDS.said("todo", actions=between.join(actions)))
    for one in result["similar"][:1]:
        key = "again" if one["same"] == "cause" else "before"
        parts.append(WORDS.said(key, when=str(one["starts_at"])[:16].replace("T", " ")))
    return (" " if language == "en" else "").join(one.told(language) for one in parts)


def _beside(summary: Mapping[str, str], place: str) -> dict[str, Any]:
    """What was found and nothing ties to the alerts, told as that."""
    said = {language: _apart(text, place).told(language) for language, text in summary.items()}
    return {"summary": said, "place": place}


def _apart(summary: str, place: str) -> Said:
    if place:
        return WORDS.said("beside_in", place=place, summary=summary)
    return WORDS.said("beside", summary=summary)


def _like(row: EpisodeRow, same: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": str(row.labels.get("alertname", "")),
        "namespace": str(row.labels.get("namespace", "")),
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
        "same": same,
        "acknowledged_by": row.acknowledged_by,
    }


def _urgency(row: EpisodeRow) -> tuple[bool, int]:
    severity = severity_of(str(row.labels.get("severity") or ""))
    return row.status != "firing", SEVERITIES.index(severity)


def _namespaces(told: object) -> Iterator[str]:
    """Every namespace that an answer speaks of."""
    if isinstance(told, Mapping):
        fields = cast("Mapping[str, Any]", told)
        if isinstance(fields.get("namespace"), str) and fields["namespace"]:
            yield fields["namespace"]
        told = list(fields.values())
    if isinstance(told, list):
        for value in cast("list[Any]", told):
            yield from _namespaces(value)
