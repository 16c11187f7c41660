"""Feishu's own library, unmodified, against the Feishu of the tests: is that one like the real one?

    python feishu.py URL APP SECRET ENCRYPT_KEY VERIFICATION POSTED

It replies to what it hears over the long connection, and reads the event in the file POSTED as one that
came over HTTP; it prints what it found, as JSON, and ends.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import lark_oapi
from lark_oapi.api.im.v1 import (
    P2ImMessageReceiveV1,
    ReplyMessageRequest,
    ReplyMessageRequestBody,
)
from lark_oapi.core.model import RawRequest
from lark_oapi.event.callback.model.p2_card_action_trigger import (
    P2CardActionTrigger,
    P2CardActionTriggerResponse,
)

URL, APP, SECRET, KEY, TOKEN, POSTED = sys.argv[1:]
found: dict[str, Any] = {}


def posted() -> str:
    """What an event that came over HTTP says, once its signature and its encryption hold."""
    read: list[str] = []
    handler = (
        lark_oapi.EventDispatcherHandler.builder(KEY, TOKEN)
        .register_p2_im_message_receive_v1(lambda told: read.append(told.event.message.content))
        .build()
    )
    told = json.loads(Path(POSTED).read_text())
    request = RawRequest()
    request.uri, request.headers = "/feishu/events", told["headers"]
    request.body = told["body"].encode()
    answer = handler.do(request)
    assert answer.status_code == 200, answer.content
    return json.loads(read[0])["text"]


def heard(told: P2ImMessageReceiveV1) -> None:
    message = told.event.message
    found["heard"] = json.loads(message.content)["text"]
    client = lark_oapi.Client.builder().app_id(APP).app_secret(SECRET).domain(URL).build()
    card = {"schema": "2.0", "config": {"update_multi": True}}
    card["body"] = {"elements": [{"tag": "markdown", "content": "hello"}]}
    body = ReplyMessageRequestBody.builder().msg_type("interactive").content(json.dumps(card))
    request = ReplyMessageRequest.builder().message_id(message.message_id)
    answer = client.im.v1.message.reply(request.request_body(body.build()).build())
    assert answer.success(), answer.msg
    found["replied"] = answer.data.message_id


def pressed(told: P2CardActionTrigger) -> P2CardActionTriggerResponse:
    """The last of what is sent: print, answer, and end once the answer had time to go."""
    found["pressed"] = told.event.action.value["do"]
    print(json.dumps({**found, "posted": posted()}), flush=True)
    return P2CardActionTriggerResponse({"toast": {"type": "info", "content": "pressed"}})


handler = (
    lark_oapi.EventDispatcherHandler.builder("", "")
    .register_p2_im_message_receive_v1(heard)
    .register_p2_card_action_trigger(pressed)
    .build()
)
if os.environ.get("NO_PROXY") is None:
    os.environ["NO_PROXY"] = "127.0.0.1"
quiet = lark_oapi.LogLevel.ERROR  # it logs to where we print
lark_oapi.ws.Client(APP, SECRET, quiet, event_handler=handler, domain=URL).start()
