"""Arithmetic without meaning: arrays in, numbers out; one folder to a family.

Modules are imported by name (`from rounds.methods.survival import cox`), so that a
command pays only for the family it uses.
"""

__all__: list[str] = []
