"""The pages and the HTTP doors."""

from rounds.web.app import create_app

__all__ = ["create_app"]
