"""Arithmetic without meaning: arrays in, numbers out; one module to a family.

Modules are imported by name (`from rounds.methods import proportion`), so that a
command pays only for the family it uses.
"""

__all__: list[str] = []
