"""What a plug-in must pass, shipped for others to run."""

__all__: list[str] = []
