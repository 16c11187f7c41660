"""`python -m api` is `midwatch up` with the settings alone."""

import asyncio
import sys

from core.deferred import build_models_on_first_use
from core.errors import OpsError


async def main() -> int:
    from api.editions import prepared
    from core.settings import load

    async with prepared(load(), meanwhile="api.app.serving") as settings:
        from api.app.serving import serve

        return await serve(settings)


build_models_on_first_use()
try:
    sys.exit(asyncio.run(main()))
except OpsError as error:
    sys.exit(str(error))
