"""Start this project's server as a child process, and stop it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from rounds.nouns.errors import SourceError

if TYPE_CHECKING:
    from rounds.conduct import Project
    from rounds.nouns import KnowledgeObject
    from rounds.world import PointOfCare

__all__ = ["http_door"]

START_SECONDS = 30


@contextmanager
def http_door(
    project: "Project", knowledge: "KnowledgeObject"
) -> Iterator["PointOfCare"]:
    """Open the point of care behind a real server.

    Raises
    ------
    SourceError
        If the server does not answer.
    """
    from rounds.world.http import HttpPointOfCare

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rounds.cli.main", "serve"]
    command += ["--project", str(project.root), "--port", str(port)]
    # The command is our own interpreter and module; nothing of it is typed by others.
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(child, base)
        with HttpPointOfCare(base, knowledge.service.id) as point_of_care:
            yield point_of_care
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(child: "subprocess.Popen[bytes]", base: str) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if child.poll() is not None:
            break
        try:
            if httpx.get(f"{base}/cds-services", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SourceError(
        "The CDS Hooks server did not answer.",
        code="server-silent",
        remedies=("Run `rounds serve` by hand to see what it says.",),
    )
