"""Where the real servers are: envtest's names first, then its folders, then what we built."""

import os
import re
from pathlib import Path

ENVTEST_FOLDER = Path("/usr/local/kubebuilder/bin")
_BUILT_AS = dict.fromkeys(
    ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"), "kubernetes"
)


def binary(name: str) -> Path | None:
    """The first that exists: `TEST_ASSET_…`, `KUBEBUILDER_ASSETS`, envtest's folder, our cache."""
    told = os.environ.get(f"TEST_ASSET_{name.upper().replace('-', '_')}")
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    places = [Path(told)] if told else []
    places += [Path(assets) / name] if assets else []
    places += [ENVTEST_FOLDER / name, *_built(name)]
    return next((place for place in places if os.access(place, os.X_OK)), None)


def required(*names: str) -> list[Path]:
    """All of them. An absent server is a failure: whoever runs `live` wants to see it."""
    found = {name: binary(name) for name in names}
    absent = [name for name, place in found.items() if place is None]
    assert not absent, f"{', '.join(absent)}: not found; tools/build_servers.sh builds them"
    return [place for place in found.values() if place]


def _built(name: str) -> list[Path]:
    cache = Path(os.environ.get("TEST_SERVERS_CACHE") or Path.home() / ".cache/midwatch-clients")
    folders = cache.glob(f"{_BUILT_AS.get(name, name)}-*")
    return [folder / name for folder in sorted(folders, key=_version, reverse=True)]


def _version(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.name)]
