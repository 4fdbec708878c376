"""How much of the machine the engine may take."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["Settings", "engine_settings", "memory_limit"]

Settings = dict[str, str | bool | int | float | list[str]]

_MOST = 1 << 30
"""Under it a load of 4 million rows stayed below 0.9 GB altogether."""
_SHARE = 0.6
_CGROUPS = Path("/sys/fs/cgroup")
_MINE = Path("/proc/self/cgroup")


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
    for place in _control_groups():
        with suppress(OSError, ValueError):  # No such limit, or the file says "max".
            there.append(int(place.read_text("ascii")))
    return min(_MOST, int(_SHARE * min(there)))


def _control_groups() -> Iterator[Path]:
    """Give where Linux may say how much this process and its container may have."""
    yield _CGROUPS / "memory.max"
    with suppress(OSError):
        for line in _MINE.read_text("utf-8").splitlines():
            number, controllers, group = line.split(":", 2)
            if number == "0":
                yield _CGROUPS / group.lstrip("/") / "memory.max"
            elif "memory" in controllers.split(","):
                limit = "memory.limit_in_bytes"
                yield _CGROUPS / "memory" / group.lstrip("/") / limit
