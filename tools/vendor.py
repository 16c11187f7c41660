"""Bring the web page's libraries into api/web/vendor, each checked against tools/vendor.lock.json.

    .venv/bin/python tools/vendor.py          # fetch with `npm pack`, verify, extract
    .venv/bin/python tools/vendor.py --check  # only re-hash what is there; needs no network

Users never need npm: the files are part of the repository.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

LOCK = Path(__file__).with_name("vendor.lock.json")
TARGET = Path(__file__).parent.parent / "api" / "web" / "vendor"


def sha384(data: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def fetch(package: dict[str, Any]) -> None:
    spec = f"{package['name']}@{package['version']}"
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--json", "--pack-destination", folder, spec]
        listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        tarball = next(Path(folder).glob("*.tgz"))
        digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        integrity = f"sha512-{digest}"
        if package.setdefault("integrity", integrity) != integrity:
            sys.exit(f"{spec}: the tarball is not the one in the lock ({listed[0]['filename']}).")
        with tarfile.open(tarball) as archive:
            for source, entry in package["files"].items():
                member = archive.extractfile(f"package/{source}")
                if member is None:
                    sys.exit(f"{spec} has no file {source}.")
                keep(entry, member.read())


def keep(entry: dict[str, str], data: bytes) -> None:
    target = TARGET / entry["to"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    if entry.setdefault("sha384", sha384(data)) != sha384(data):
        sys.exit(f"{entry['to']} is not the file in the lock.")


def check(packages: list[dict[str, Any]]) -> None:
    for package in packages:
        for entry in package["files"].values():
            if sha384((TARGET / entry["to"]).read_bytes()) != entry["sha384"]:
                sys.exit(f"{entry['to']} was changed after it was vendored.")


def main() -> None:
    lock = json.loads(LOCK.read_text())
    if "--check" not in sys.argv:
        for package in lock["packages"]:
            fetch(package)
        LOCK.write_text(json.dumps(lock, indent=2) + "\n")
    check(lock["packages"])


if __name__ == "__main__":
    main()
