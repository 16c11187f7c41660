"""The service with a scripted model and a tool server of plans:

    python -m tests.e2e.repairing DATA RISK [MEMORY]

It prints a link to sign in by, and the token of somebody who is there in person.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from agent.graph import Assistant
from agent.limits import Limits
from api.app import create_app
from api.dependencies import Opened
from api.turns.accounts import Accounts
from api.turns.running import Turns
from core.principal import Permission
from core.security.audit import AuditLog
from core.security.signin import SignIn
from core.security.tokens import Signer
from core.storage.database import Database
from core.storage.usage_log import UsageLog
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import QUICK
from tests.agent.turns import choice_of
from tests.api.conftest import KEY, offline, serving

LOOK = ("autofix_look", {"name": "slow-checkout"})
APPLY = ("autofix_apply", {"plan_id": "plan-1"})


async def main(data: Path, risk: str, memory: Path | str) -> None:
    settings = offline(data)
    app, slow = create_app(settings), risk == "slow"
    # Long enough for a page to show the card, short enough to be waited for.
    limits = Limits(approval=timedelta(seconds=15)) if risk == "brief" else Limits()
    ledger = Ledger(risk=risk, slow_s=60 if slow else 0, journal=data.parent / "journal.txt")
    said = (data.parent / "journal.txt").exists()
    script = [] if said else [Say("", [LOOK if slow else APPLY])]
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        provider = stack.enter_context(provider_serving(*script, Say("It is done.")))
        sessions = await enter(changing(ledger))
        database = await enter(Database.opened(settings.database_url))
        audit, usage = await enter(AuditLog(database)), await enter(UsageLog(database))
        choice = choice_of("openai", provider)
        assistant = await enter(
            Assistant.opened(
                model=choice, sessions=sessions, memory=memory, lineup=QUICK, limits=limits
            )
        )
        sign_in, metrics = SignIn(database, Signer(KEY)), app.state.metrics
        app.state.opened = Opened(settings, database, audit, metrics, sign_in, sessions)
        accounts = Accounts.over(database, usage, settings)
        app.state.turns = Turns(assistant, database, metrics, audit, accounts)
        address = await enter(serving(app))
        print(await app.state.opened.login_link(address), flush=True)  # noqa: T201 - read by tests
        by_name = frozenset(one.value for one in Permission)
        admin = await sign_in.ensure_admin()
        _, token = await sign_in.make_api_token(admin.name, label="test", scopes=by_name)
        print(f"token {token}", flush=True)  # noqa: T201 - read by tests
        await asyncio.Event().wait()


if __name__ == "__main__":
    data, risk, *given = sys.argv[1:]
    memory = given[0] if given else Path(data) / "memory.db"
    asyncio.run(main(Path(data), risk, memory))
