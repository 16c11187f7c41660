"""Feishu's own library against the Feishu that our tests have: what holds there is likely to hold here."""

import asyncio
import base64
import json
from pathlib import Path

import pytest

from tests.api.feishu_service import (
    APP,
    ENCRYPT_KEY,
    SECRET,
    VERIFICATION,
    feishu_serving,
    message,
    pressed,
    sealed,
    signed,
)

pytestmark = pytest.mark.live

CLIENTS = Path(__file__).parent.parent / "clients"
PYTHON = CLIENTS / "feishu_library" / "bin" / "python"


async def test_feishus_library_takes_the_service_of_the_tests_for_feishu(tmp_path: Path) -> None:
    assert PYTHON.exists(), "tools/install_clients.sh installs Feishu's library"
    body = sealed(message("over HTTP"))
    posted = tmp_path / "posted.json"
    posted.write_text(json.dumps({"headers": signed(body), "body": body.decode()}))
    async with feishu_serving() as service:
        given = [service.url, APP, SECRET, ENCRYPT_KEY, VERIFICATION, str(posted)]
        process = await asyncio.create_subprocess_exec(
            PYTHON, CLIENTS / "feishu.py", *given, stdout=asyncio.subprocess.PIPE
        )
        try:
            await service.send(message("over the connection"), pieces=3)
            await service.acknowledgements(1)
            await service.send(pressed({"do": "approve"}, "om_card"))
            assert process.stdout
            told = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
            acknowledged = await service.acknowledgements(2)
        finally:
            process.kill()
            await process.wait()
    assert told["heard"] == "over the connection"
    assert told["posted"] == "over HTTP"
    assert told["pressed"] == "approve"
    assert told["replied"] in service.cards()
    toast = json.loads(base64.b64decode(acknowledged[1]["data"]))["toast"]
    assert toast["content"] == "pressed"
    assert service.pings == 1
