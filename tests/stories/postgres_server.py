"""A PostgreSQL server of our own for as long as a test lasts, where its programs are."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "a-word-that-may-not-be-seen"


def programs():
    """Find initdb and pg_ctl; None where there are none."""
    places = [Path(p).parent for p in [shutil.which("initdb")] if p]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((p for p in places if (p / "pg_ctl").exists()), None)


def run(command, **options):
    """Run a program of the server; its failure says what the program printed."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        said = f"{Path(command[0]).name} failed: {done.stderr.strip()}"
        raise RuntimeError(said)


@contextmanager
def server(bin_folder):
    """Start a server; give its port. Its user `ana` has a password."""
    folder = Path(tempfile.mkdtemp(prefix="rounds-postgres-"))
    # The server refuses to run as root.
    options = {"cwd": folder}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        options["user"] = options["group"] = "postgres"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    word = folder / "word"
    word.write_text(PASSWORD)
    word.chmod(0o644)
    data = folder / "data"
    try:
        run(
            [bin_folder / "initdb", "-D", data, "-U", "ana", "-A", "scram-sha-256",
             "--pwfile", word, "-E", "UTF8", "--no-sync"],
            **options,
        )  # fmt: skip
        settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [bin_folder / "pg_ctl", "-D", data, "-w", "-t", "60"]
        log = ["-l", folder / "log"]
        run([*control, *log, "-o", settings, "start"], **options)
        try:
            yield port
        finally:
            run([*control, "-m", "immediate", "stop"], **options)
    finally:
        shutil.rmtree(folder)
