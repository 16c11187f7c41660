"""A service with bots in a process of its own, that tests kill:

    python -m tests.api.dying_bots DATA RISK SLACK DINGTALK FEISHU

The three are addresses of the services on loopback. `slow`: the first model call begins a look that takes a
minute; `waits`: a change that somebody has to approve; `done`: the model answers at once.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from agent.graph import Assistant
from api.app import create_app
from api.bots.opening import bots
from api.dependencies import Opened
from api.turns.accounts import Accounts
from api.turns.running import Turns
from core.clock import utc_now
from core.principal import Permission
from core.security.audit import AuditLog
from core.security.signin import SignIn
from core.security.tokens import Signer
from core.settings import Settings
from core.settings.bots import DingTalkSettings, FeishuSettings, SlackSettings
from core.storage.database import Database
from core.storage.repositories.handles import Handles
from core.storage.usage_log import UsageLog
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import QUICK
from tests.agent.turns import choice_of
from tests.api import dingtalk_service, feishu_service, slack_service
from tests.api.conftest import KEY, offline, serving

LOOK = ("autofix_look", {"name": "slow-checkout"})
RESTART = ("autofix_restart", {"name": "checkout"})
FIRST = {"slow": [Say("", [LOOK])], "waits": [Say("", [RESTART])], "done": list[Say]()}
# As the services of the tests call the one person there is.
PEOPLE = {"slack": "U1", "dingtalk": "manager01", "feishu": feishu_service.PERSON}


def listening(settings: Settings, slack: str, dingtalk: str, feishu: str) -> Settings:
    told = {
        "slack": SlackSettings(
            bot_token=SecretStr(slack_service.BOT_TOKEN),
            app_token=SecretStr(slack_service.APP_TOKEN),
            api_url=f"{slack}/api",
        ),
        "dingtalk": DingTalkSettings(
            client_id=dingtalk_service.CLIENT,
            client_secret=SecretStr(dingtalk_service.SECRET),
            api_url=dingtalk,
            session_hosts=dingtalk.removeprefix("http://"),
        ),
        "feishu": FeishuSettings(
            app_id=feishu_service.APP,
            app_secret=SecretStr(feishu_service.SECRET),
            api_url=feishu,
        ),
    }
    return settings.model_copy(update=told)


async def main(data: Path, risk: str, *services: str) -> None:
    settings = listening(offline(data), *services)
    app = create_app(settings)
    ledger = Ledger(slow_s=60 if risk == "slow" else 0, journal=data.parent / "journal.txt")
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        script = [*FIRST[risk], Say("It is done.")]
        provider = stack.enter_context(provider_serving(*script))
        sessions = await enter(changing(ledger))
        database = await enter(Database.opened(settings.database_url))
        audit, usage = await enter(AuditLog(database)), await enter(UsageLog(database))
        assistant = await enter(
            Assistant.opened(
                model=choice_of("openai", provider),
                sessions=sessions,
                memory=data / "memory.db",
                lineup=QUICK,
            )
        )
        sign_in, metrics = SignIn(database, Signer(KEY)), app.state.metrics
        app.state.opened = Opened(settings, database, audit, metrics, sign_in, sessions)
        accounts = Accounts.over(database, usage, settings)
        app.state.turns = Turns(assistant, database, metrics, audit, accounts)
        address = await enter(serving(app))
        admin = await sign_in.ensure_admin()
        async with database.session() as session:
            for service, handle in PEOPLE.items():
                await Handles(session).link(admin.name, service, handle, utc_now())
        await enter(bots(app.state, settings, app.state.turns))
        for bot in (app.state.slack, app.state.dingtalk, app.state.feishu):
            bot.owing.lease, bot.owing.beat_s = timedelta(seconds=3), 0.3
        by_name = frozenset(one.value for one in Permission)
        _, token = await sign_in.make_api_token(admin.name, label="test", scopes=by_name)
        print(f"{address} token {token}", flush=True)  # noqa: T201 - read by tests
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
