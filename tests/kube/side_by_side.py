"""kubectl, run with the same words against two servers, and what it prints made comparable."""

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_LONG_TIME = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AGE = re.compile(r"(?<=[\s(])\d+[smhd](\d+[smhd])?(?=[\s)]|$)")
_VERSION = re.compile(r'(resourceVersion"?: )"\d+"')
_CLUSTER_IP = re.compile(r"\b10\.\d+\.\d+\.\d+\b")
_RANDOM = re.compile(r"(?<=generated-)[a-z0-9]{5}\b")
_FILE = re.compile(r"(?<=\s)/\S+(\t.*)?")
_CREATED = re.compile(r"(?<=Created on:)\s+\d{4}-.*")
_OLD_VERSION = re.compile(r"(?<=Resource Version:)\s+\d+")
_PATCHED = re.compile(r'(?<=patch: Invalid value: )"\{.*\}"')
_ADDRESS = re.compile(r"https?://127\.0\.0\.1:\d+")
_GAP = re.compile(r"(?<=\S)[ \t]{2,}")


def comparable(printed: str) -> str:
    """Without what differs between any two clusters: times, ages, ids, addresses and widths."""
    for pattern, word in (
        (_TIME, "TIME"), (_LONG_TIME, "TIME"), (_UID, "UID"), (_VERSION, r'\1"VERSION"'),
        (_AGE, "AGE"), (_CLUSTER_IP, "IP"), (_RANDOM, "RANDOM"), (_FILE, "FILE"),
        (_ADDRESS, "ADDRESS"), (_CREATED, "  TIME"), (_OLD_VERSION, "  VERSION"),
        (_PATCHED, "PATCHED"), (_GAP, "  "),
    ):  # fmt: skip
        printed = pattern.sub(word, printed)
    return "\n".join(line.rstrip() for line in printed.splitlines())


@dataclass(frozen=True)
class Kubectl:
    """The program, one server, and the folder where manifests lie."""

    binary: Path
    kubeconfig: Path
    folder: Path
    namespace: str

    def __call__(self, words: str) -> str:
        """What it prints to both streams, and how it ends."""
        done = subprocess.run(
            [
                self.binary,
                "-n",
                self.namespace,
                *shlex.split(words.replace("NAMESPACE", self.namespace)),
            ],
            cwd=self.folder,
            env={
                "KUBECONFIG": str(self.kubeconfig),
                "HOME": str(self.kubeconfig.parent),
                "PATH": "/usr/bin:/bin",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        printed = f"{done.stdout}{done.stderr}[{done.returncode}]"
        return comparable(printed.replace(self.namespace, "NAMESPACE"))
