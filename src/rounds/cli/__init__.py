"""The front door: `rounds <step> <verb>`."""

__all__: list[str] = []
