"""Rounds: a learning health system in software."""

from importlib.metadata import version

__version__ = version("rounds")
__all__ = ["__version__"]
