"""Which embedder a setting means; one of them asks somebody's embeddings endpoint."""

from collections.abc import Sequence

import httpx2
import numpy as np

from core.errors import Invalid, UpstreamUnavailable
from knowledge_base.bundled_model import bundled
from knowledge_base.sentences import SENTENCES
from knowledge_base.vectors import Embedder, Vectors, of_length_one

# What one request to an endpoint carries.
BATCH = 64
TIMEOUT_S = 30.0


class EndpointEmbedder:
    """An endpoint that speaks OpenAI's `/embeddings`, which Ollama does too at its `/v1`."""

    is_costly = True

    def __init__(self, base_url: str, model: str, *, api_key: str = "") -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._model, self.address = model, base_url
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=TIMEOUT_S)
        self.name = f"{model}@{base_url}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        parts = [self._asked(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]
        return of_length_one(np.concatenate(parts)) if parts else np.zeros((0, 0), np.float32)

    def _asked(self, texts: Sequence[str]) -> Vectors:
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        try:
            response = self._http.post("/embeddings", json=body)
            response.raise_for_status()
            rows = response.json()["data"]
            ordered = sorted(rows, key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in ordered], np.float32)
        except httpx2.HTTPStatusError as error:
            raise SENTENCES.error(
                UpstreamUnavailable, "embedder_status", status=error.response.status_code
            ) from error
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise SENTENCES.error(UpstreamUnavailable, "embedder_wrong", why=repr(error)) from error
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise SENTENCES.error(UpstreamUnavailable, "embedder_left_out")
        return vectors


def embedder_for(choice: str, *, base_url: str = "", api_key: str = "") -> Embedder | None:
    """The embedder that a setting means: "none", "bundled", or "openai:MODEL" and "ollama:MODEL".

    Raises `Invalid` for another one. None for "none", and for "bundled" where its package is not
    installed: the words alone are searched then.
    """
    kind, _, model = choice.partition(":")
    if kind == "none":
        return None
    if kind == "bundled":
        return bundled()
    if kind in ENDPOINTS and model:
        return EndpointEmbedder(base_url or ENDPOINTS[kind], model, api_key=api_key)
    raise SENTENCES.error(Invalid, "no_embedder", choice=choice)


ENDPOINTS = {"openai": "https://api.openai.com/v1", "ollama": "http://127.0.0.1:11434/v1"}
