"""Vectors come from the bundled model, or over the wire from an endpoint that speaks OpenAI's words."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest

from core.errors import Invalid, UpstreamUnavailable
from knowledge_base.bundled_model import bundled
from knowledge_base.embedder import BATCH, EndpointEmbedder, embedder_for


@contextmanager
def endpoint(answers: Any, heard: list[dict[str, Any]]) -> Generator[str]:
    """An embeddings endpoint on loopback; `answers` makes a status and a body of a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append({**body, "path": self.path, "auth": self.headers["Authorization"]})
            status, told = answers(body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base names it
            """Tests are quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def lengths(body: dict[str, Any]) -> tuple[int, Any]:
    rows = [{"index": n, "embedding": [len(text), 0.0]} for n, text in enumerate(body["input"])]
    return 200, {"data": rows[::-1]}


def test_texts_are_sent_in_batches_and_rows_come_back_in_their_order() -> None:
    heard: list[dict[str, Any]] = []
    with endpoint(lengths, heard) as url:
        embedder = embedder_for("ollama:nomic", base_url=url, api_key="k")
        assert embedder
        vectors = embedder.embed(["x"] * BATCH + ["yy"])
    assert vectors.shape == (BATCH + 1, 2)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert [len(one["input"]) for one in heard] == [BATCH, 1]
    assert (heard[0]["path"], heard[0]["model"], heard[0]["auth"]) == (
        "/v1/embeddings",
        "nomic",
        "Bearer k",
    )


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, {}, "status 401"),
        (200, {"data": []}, "left some texts out"),
        (200, {"other": 1}, "as it should"),
        (200, [], "as it should"),
    ],
)
def test_an_endpoint_that_fails_is_told_in_a_sentence(status: int, body: Any, told: str) -> None:
    with (
        endpoint(lambda _: (status, body), []) as url,
        pytest.raises(UpstreamUnavailable, match=told),
    ):
        EndpointEmbedder(url, "m").embed(["x"])


def test_the_bundled_model_puts_like_beside_like() -> None:
    model = bundled()
    assert model
    pod, cake, crash = model.embed(
        ["the pod crashes again", "bake a cake", "container keeps dying"]
    )
    assert pod @ crash > pod @ cake
    assert np.allclose(model.embed([""]), 0)


@pytest.mark.parametrize("choice", ["", "openai:", "other:x"])
def test_an_unknown_choice_names_the_known_ones(choice: str) -> None:
    with pytest.raises(Invalid, match="bundled, none, openai:MODEL"):
        embedder_for(choice)


def test_no_embedder_can_be_chosen() -> None:
    assert embedder_for("none") is None
