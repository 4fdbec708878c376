"""Simulated problems: one module each, calibrated to the figures it cites."""

__all__: list[str] = []
