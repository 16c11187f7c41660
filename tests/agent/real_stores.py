"""Real Postgres and Redis servers on loopback, started for a test and ended after it."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.ports import free_port

START_S = 30.0


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing listens on port {port}")


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def redis_serving(folder: Path) -> Generator[str]:
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        ended(process)


def postgres_programs() -> Path:
    """Where the newest Postgres of this machine keeps its programs."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))


def fresh_database(server: str) -> str:
    """An empty database of its own on a Postgres server."""
    name, address = f"m{uuid4().hex}", server.rpartition("/")[0]
    createdb = postgres_programs() / "createdb"
    subprocess.run([createdb, f"--maintenance-db={server}", name], check=True)
    return f"{address}/{name}"


@contextmanager
def postgres_serving(folder: Path) -> Generator[str]:
    """Postgres refuses to run as root, so root starts it as the user that its package made."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    home, port, as_user = folder / "postgres", free_port(), {"user": user, "cwd": "/"}
    home.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(home, user)
        for one in (folder, *folder.parents):
            if not one.stat().st_mode & 0o001:  # its own folders lie below folders of root
                one.chmod(one.stat().st_mode | 0o111)
    programs = postgres_programs()
    subprocess.run(
        [programs / "initdb", "-D", home, "-U", "midwatch", "--auth=trust", "-N", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
        **as_user,
    )
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(home), "-F"]
    process = subprocess.Popen(
        [programs / "postgres", "-D", home, *options], stderr=subprocess.DEVNULL, **as_user
    )
    try:
        wait_for(port, process)
        ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, check=False).returncode:  # it listens before it answers
            assert process.poll() is None
            time.sleep(0.05)
        yield f"postgresql://midwatch@127.0.0.1:{port}/postgres"
    finally:
        ended(process)
