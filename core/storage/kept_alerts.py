"""Alerts, channels, budgets, jobs and the outbox over a database, one short session a use."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.storage.database import Database
from core.storage.repositories.alerts import Alerts
from core.storage.repositories.bills import Bills
from core.storage.repositories.budgets import Budgets, SpendDays
from core.storage.repositories.flags import Flags
from core.storage.repositories.jobs import Jobs
from core.storage.repositories.outbox import Channels, Outbox
from core.storage.repositories.patrols import Patrols
from core.storage.repositories.rules import ManagerConfigs, RuleFiles
from core.storage.repositories.spend_episodes import SpendEpisodes
from core.storage.repositories.usage import Usage
from core.storage.repositories.waits import Waits
from core.storage.repositories.watches import Watches


@dataclass(frozen=True, slots=True)
class AlertTables:
    """What one session can do; all of it is kept, or none."""

    alerts: Alerts
    channels: Channels
    outbox: Outbox
    budgets: Budgets
    days: SpendDays
    episodes: SpendEpisodes
    jobs: Jobs
    usage: Usage
    patrols: Patrols
    watches: Watches
    bills: Bills
    rule_files: RuleFiles
    manager_configs: ManagerConfigs
    waits: Waits
    flags: Flags


class KeptAlerts:
    """What the alerting, channels and budgets servers are handed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def session(self, *, urgent: bool = False) -> AsyncGenerator[AlertTables]:
        """Never hold one while a channel is talked to. An `urgent` one writes before alerts that arrive."""
        async with self._database.statements(urgent=urgent) as session:
            yield AlertTables(
                Alerts(session),
                Channels(session),
                Outbox(session),
                Budgets(session),
                SpendDays(session),
                SpendEpisodes(session),
                Jobs(session),
                Usage(session),
                Patrols(session),
                Watches(session),
                Bills(session),
                RuleFiles(session),
                ManagerConfigs(session),
                Waits(session),
                Flags(session),
            )
