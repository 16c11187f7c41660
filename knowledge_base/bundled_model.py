# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""The small model that needs no network: token vectors of the package wordllama, averaged.

Only its two data files are read. The package itself would load twice as much, and looks for its
tokenizer on the network. Vectors of tokens are mapped from the file: what nobody asks for stays there.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
from tokenizers import Tokenizer

from knowledge_base.embedder import Vectors, of_length_one

WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
TOKENS = Path("tokenizers", "l2_supercat_tokenizer_config.json")
# A passage has a few hundred; more would say the same.
MAX_TOKENS = 1_024


@cache
def bundled() -> "BundledModel | None":
    """The model, loaded once; None where the package is not installed."""
    package = find_spec("wordllama")
    if package is None or not package.submodule_search_locations:
        return None
    return BundledModel(Path(next(iter(package.submodule_search_locations))))


class BundledModel:
    """256 numbers a text, in the order of a tenth of a millisecond."""

    name = "wordllama-256"
    is_costly = False

    def __init__(self, package: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(package / TOKENS))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._rows = _mapped(package / WEIGHTS)

    def embed(self, texts: Sequence[str]) -> Vectors:
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        averages = [self._average(one.ids) for one in encoded]
        return of_length_one(np.array(averages, np.float32).reshape(len(texts), -1))

    def _average(self, ids: Sequence[int]) -> Vectors:
        if not ids:
            return np.zeros(self._rows.shape[1], np.float32)
        averaged: Vectors = self._rows[np.array(ids)].astype(np.float32).mean(axis=0)
        return averaged


def _mapped(path: Path) -> npt.NDArray[np.float16]:
    """The one table of a safetensors file: the length of a JSON header, the header, the numbers."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        about = orjson.loads(file.read(length))["embedding.weight"]
    start = 8 + length + about["data_offsets"][0]
    return np.memmap(path, np.float16, "r", offset=start, shape=tuple(about["shape"]))
