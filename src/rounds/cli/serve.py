"""`rounds serve`: the pages and the CDS Hooks service of one project."""

import socket
import sys
from pathlib import Path

from rounds.cli.output import show, utc_now
from rounds.nouns.errors import SourceError

__all__ = ["serve"]

_ANOTHER = 8090


def serve(
    *,
    project: Path = Path(),
    host: str = "127.0.0.1",
    port: int = 8080,
    json: bool = False,
) -> None:
    """Serve the pages and the CDS Hooks service.

    On loopback only, unless clients that sign their calls are listed in rounds.toml.

    Parameters
    ----------
    project
        The project's folder.
    host
        Address to listen on.
    port
        Port to listen on.
    json
        Print one JSON object with the address, then serve.
    """
    import uvicorn

    from rounds.conduct import Desk, Project, reconcile
    from rounds.nouns import AccessError
    from rounds.web import create_app

    opened = Project.open(project)
    clients = opened.settings.get("cds", {}).get("clients", [])
    if host not in {"127.0.0.1", "::1", "localhost"} and not clients:
        raise AccessError(
            f"Rounds listens on loopback only, not on {host}.",
            code="not-loopback",
            why="Without registered clients anyone who can reach the port could call.",
            remedies=(
                "List the clients under [[cds.clients]] in rounds.toml",
                "Leave --host out",
            ),
        )
    _insist_on_port(host, port)
    with Desk.open(opened, now=utc_now, by="serve") as desk:
        reconcile(desk)
    app = create_app(opened.root)
    url = f"http://{host}:{port}"
    found = {"url": url, "project": opened.root, "cds_services": f"{url}/cds-services"}
    show(found, [f"Serving {opened.root.name} on {url}"], as_json=json)
    sys.stdout.flush()
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def _insist_on_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            # As the server will: a port that was just left may be taken at once.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError):
        raise SourceError(
            f"Port {port} of {host} cannot be listened on.",
            code="port-not-free",
            why="Another program listens there, or there is no such port here.",
            remedies=(f"Name another one, 1024 to 65535: --port {_ANOTHER}",),
        ) from None
