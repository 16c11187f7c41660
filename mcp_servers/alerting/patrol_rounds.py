"""One round of a patrol from the hands of the jobs: where it looks, and what becomes of what it saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import NotFound
from core.flags import decided
from core.storage.job_records import JobRow
from core.storage.patrol_records import PatrolRow, PatrolRunRow, StandingRow
from mcp_servers.alerting.job_ends import LeaseLostError, ended
from mcp_servers.alerting.own_alerts import notes
from mcp_servers.alerting.policies import policy_in_force
from mcp_servers.alerting.receiving import Passing
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_analysis import NAMING
from mcp_servers.engines.patrolling import ALERTED, compared, is_complete, score
from mcp_servers.facts.alert_policies import Arrival, ArrivedAlert

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

KIND = "patrol"
# rca_list_findings lists no more faults than this; what lies beyond may be there or not.
FAULTS_LISTED = 50
Json = Mapping[str, Any]
Id = Annotated[str, Field(max_length=32)]
Owner = Annotated[str, Field(max_length=64, description="Who holds the lease.")]
Reports = Annotated[
    dict[str, list[dict[str, Any]]],
    Field(description="What rca_list_findings answered, a report a scope, by language."),
]


class Round(BaseModel):
    patrol: str
    namespaces: list[str] = Field(description="Where to look; none: everywhere.")


class Made(BaseModel):
    kept: bool = Field(description="False: the job was cancelled, or somebody else has it.")
    deliveries: int

    def as_text(self) -> str:
        return f"kept, {self.deliveries} messages" if self.kept else "not ours any more"


async def alerting_begin_patrol(run_id: Id, *, desk: Desk) -> Round:
    """Where a round of a patrol looks. Run by the jobs."""
    async with desk.session() as tables:
        _, patrol = await _round(tables, run_id)
    return Round(patrol=patrol.name, namespaces=[str(one) for one in patrol.namespaces])


async def alerting_conclude_patrol(
    run_id: Id, owner: Owner, reports: Reports, *, desk: Desk
) -> Made:
    """Keep what a round saw: new faults go the way of alerts, cleared ones end theirs. Run by the jobs.

    All of it or nothing: who lost the lease meanwhile changes nothing.
    """
    now = utc_now()
    try:
        async with desk.session() as tables:
            await tables.alerts.take_turn()
            _, patrol = await _round(tables, run_id)
            kept = await tables.alerts.policy()
            way = Passing(tables, policy_in_force(kept.document if kept else None), now)
            run = await _Look(tables, patrol, run_id, now).judged(reports, way)
            await way.keep()
            await tables.patrols.add_run(run)
            await ended(tables, run_id, owner, now, {"score": run.score})
    except LeaseLostError:
        return Made(kept=False, deliveries=0)
    return Made(kept=True, deliveries=len(way.deliveries))


async def _round(tables: "AlertTables", run_id: str) -> tuple[JobRow, PatrolRow]:
    job = await tables.jobs.get(run_id)
    patrol = await tables.patrols.get(str(job.arguments["patrol"])) if job else None
    if job is None or job.kind != KIND or patrol is None:
        raise SENTENCES.error(NotFound, "patrol_gone")
    return job, patrol


@dataclass
class _Look:
    tables: "AlertTables"
    patrol: PatrolRow
    run_id: str
    now: datetime

    async def judged(self, reports: Mapping[str, Sequence[Json]], way: Passing) -> PatrolRunRow:
        """What is new, stands and is gone; alerts of it are passed on."""
        seen = faults_of(reports)
        english = reports.get("en", ())
        skipped = sorted({str(row["what"]) for one in english for row in one["skipped"]})
        before = await self.tables.patrols.runs(self.patrol.name, limit=1)
        complete = is_complete(skipped, before[0].body["skipped"] if before else None)
        complete = complete and not any(map(_is_cut, english))
        scope = [str(one) for one in self.patrol.namespaces]
        known = {
            one.fingerprint: one
            for one in await self.tables.patrols.standing()
            if one.fingerprint in seen or not scope or one.namespace in scope
        }
        change = compared(seen, known, complete=complete)
        rows = [self._standing(key, fault, known.get(key)) for key, fault in seen.items()]
        await self.tables.patrols.stand(rows)
        await self.tables.patrols.clear(change.cleared)
        new = [row for row in rows if row.fingerprint in change.new]
        alerts = [_begun(row) for row in new] if await self._tells() else []
        alerts += [_ended(known[key], self.now) for key in change.cleared]
        if alerts:
            await way.take(Arrival(source="patrol", alerts=tuple(alerts)))
        body = {
            "cluster": next((str(one["cluster"]) for one in english), ""),
            "namespaces": scope,
            "checked": _added(english),
            "skipped": skipped,
            "new": [seen[key] for key in change.new],
            "standing": [_since(seen[key], known[key]) for key in change.standing],
            "cleared": [_since(known[key].body, known[key]) for key in change.cleared],
            "unsure": [_since(known[key].body, known[key]) for key in change.unsure],
        }
        looked = any(one["checked"] and one["verdict"] != "insufficient_data" for one in english)
        worth = score(fault["severity"] for fault in seen.values()) if looked or seen else None
        return PatrolRunRow(self.run_id, self.patrol.name, self.now, worth, body)

    async def _tells(self) -> bool:
        """In shadow a round is kept and reported, and its faults become no alerts."""
        flags = await self.tables.flags.by_name()
        name = self.patrol.name
        return decided(flags, "patrols", name, {"patrol": name}).state == "on"

    def _standing(self, key: str, fault: Json, known: StandingRow | None) -> StandingRow:
        return StandingRow(
            fingerprint=key,
            namespace=str(fault["resource"].get("namespace") or ""),
            first_at=known.first_at if known else self.now,
            last_at=self.now,
            patrol=known.patrol if known else self.patrol.name,
            body=dict(fault),
        )


def faults_of(reports: Mapping[str, Sequence[Json]]) -> dict[str, dict[str, Any]]:
    """The faults of reports by language, each once, by its fingerprint, with the words of each."""
    found: dict[str, dict[str, Any]] = {}
    for language, many in reports.items():
        for one in (one for report in many for one in report["findings"] if one["fault"]):
            kept = found.setdefault(
                str(one["fingerprint"]),
                {"rule": one["rule"], "severity": one["severity"], "resource": one["resource"]},
            )
            for part in ("title", "cause"):
                kept.setdefault(part, {})[language] = one[part]
    return found


def _is_cut(report: Json) -> bool:
    faults = sum(bool(one["fault"]) for one in report["findings"])
    return bool(report["more"]) and faults >= FAULTS_LISTED


def _added(reports: Sequence[Json]) -> dict[str, int]:
    kinds = sorted({kind for one in reports for kind in one["checked"]})
    return {kind: sum(one["checked"].get(kind, 0) for one in reports) for kind in kinds}


def _since(fault: Json, known: StandingRow) -> dict[str, Any]:
    return {**fault, "since": known.first_at.isoformat()}


def _begun(row: StandingRow) -> ArrivedAlert:
    return ArrivedAlert(
        fingerprint=row.fingerprint,
        status="firing",
        labels=_labels(row.body),
        annotations=notes(summary=row.body["title"], description=row.body["cause"]),
        starts_at=row.first_at,
    )


def _ended(row: StandingRow, now: datetime) -> ArrivedAlert:
    return ArrivedAlert(
        fingerprint=row.fingerprint,
        status="resolved",
        labels=_labels(row.body),
        annotations=notes(summary=row.body["title"]),
        starts_at=row.first_at,
        ends_at=now,
    )


def _labels(fault: Json) -> dict[str, str]:
    """As rules of Prometheus label what they find, so that routes and silences take them alike."""
    resource: Mapping[str, str] = fault["resource"]
    named = dict(NAMING)
    labels = {
        "alertname": str(fault["rule"]),
        "severity": ALERTED.get(str(fault["severity"]), "info"),
        "namespace": str(resource.get("namespace") or ""),
        named.get(resource["kind"], "object"): str(resource["name"]),
        "kind": str(resource["kind"]),
    }
    return {key: value for key, value in labels.items() if value}
