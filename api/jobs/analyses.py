"""Alerts that are looked into by themselves, as a principal that sees every namespace."""

from collections.abc import Callable
from typing import Any

from api.jobs.working import Say
from core.errors import NotFound
from core.principal import Permission, Principal
from core.storage.job_records import JobRow
from mcp_servers.client import Sessions, Tools

ANALYST = Principal(
    "midwatch:analysis",
    roles=frozenset({"jobs"}),
    itself=True,
    permissions=frozenset({Permission.DELIVERIES_RUN, Permission.INCIDENTS_READ}),
)
LANGUAGES = ("en", "zh")
KIND = "analysis"


class Analyses:
    """The question comes from the alerts, the answer is written down by whoever holds the lease."""

    def __init__(self, sessions: Sessions, owner: str, wake: Callable[[], None]) -> None:
        self._tools, self._owner, self._wake = Tools(sessions, ANALYST), owner, wake

    async def run(self, job: JobRow, say: Say) -> None:
        say("investigating")
        asked = await self._tools.call("alerting_begin_analysis", analysis_id=job.id)
        question, found, why = await self._found(asked.data["questions"])
        say("writing down")
        done = await self._tools.call(
            "alerting_conclude_analysis",
            analysis_id=job.id,
            owner=self._owner,
            found=found,
            why=why,
            asked=question,
        )
        if done.data["deliveries"]:
            self._wake()

    async def _found(
        self, questions: list[dict[str, str]]
    ) -> tuple[dict[str, str], dict[str, Any], str]:
        """The question that was answered, and the answer by language; or why none was."""
        why = ""
        for question in questions:
            try:
                return question, await self._investigated(question), ""
            except NotFound as error:
                why = why or str(error)
        return {}, {}, why

    async def _investigated(self, question: dict[str, str]) -> dict[str, Any]:
        """By language. The cluster is looked at once: what was found is kept in all of them."""
        first, *others = LANGUAGES
        found = await self._looked(question, first)
        if not found["root_causes"]:
            return {first: found, **{one: await self._looked(question, one) for one in others}}
        return {first: found, **{one: await self._kept(found, one) for one in others}}

    async def _looked(self, question: dict[str, str], language: str) -> dict[str, Any]:
        return (await self._tools.call("rca_investigate", **question, language=language)).data

    async def _kept(self, found: dict[str, Any], language: str) -> dict[str, Any]:
        told = await self._tools.call(
            "rca_get_incident", incident_id=found["incident_id"], language=language
        )
        return told.data["investigation"]
