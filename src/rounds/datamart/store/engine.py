"""How much of the machine the engine may take."""

import os
import resource
from contextlib import suppress
from pathlib import Path

__all__ = ["Settings", "engine_settings", "memory_limit"]

Settings = dict[str, str | bool | int | float | list[str]]

_MOST = 1 << 30
"""Under it a load of 4 million rows stayed below 0.9 GB altogether."""
_SHARE = 0.6
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def engine_settings(
    spill: Path, *, threads: int | None, memory: int | None = None
) -> Settings:
    """Give DuckDB's settings.

    Parameters
    ----------
    spill : Path
        A folder of its own for what does not fit into memory.
    threads : int, optional
        As many as there are cores if not given.
    memory : int, optional
        Bytes; what the engine likes if not given.
    """
    settings: Settings = {"temp_directory": str(spill)}
    if threads:
        settings["threads"] = threads
    if memory:
        settings["memory_limit"] = f"{memory >> 20}MiB"
    return settings


def memory_limit() -> int:
    """Give how many bytes a load lets the engine have: 1 GB, or 60% of all."""
    there = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        there.append(soft)
    with suppress(OSError, ValueError):  # No such limit, or the file says "max".
        there.append(int(_CGROUP.read_text("ascii")))
    return min(_MOST, int(_SHARE * min(there)))
