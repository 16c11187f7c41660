"""`python -m api` is `midwatch up` with the settings alone."""

import asyncio
import sys

from api.app.serving import serve
from api.editions import prepared
from core.errors import OpsError
from core.settings import load


async def main() -> int:
    async with prepared(load()) as settings:
        return await serve(settings)


try:
    sys.exit(asyncio.run(main()))
except OpsError as error:
    sys.exit(str(error))
