"""`python -m api` is `midwatch up` with the settings alone."""

import asyncio
import sys

from api.app.serving import serve
from core.errors import OpsError
from core.settings import load

try:
    sys.exit(asyncio.run(serve(load())))
except OpsError as error:
    sys.exit(str(error))
