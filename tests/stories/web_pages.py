"""Pages of the web, asked for as a browser on this machine would."""

import asyncio
import datetime as dt

import httpx

from rounds.web import create_app

LATE = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
"""When they are asked for."""


def ask(folder, path):
    """Ask the application of a project's folder for a page; give its answer."""

    async def call():
        transport = httpx.ASGITransport(create_app(folder, clock=lambda: LATE))
        base = "http://127.0.0.1"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.get(path)

    return asyncio.run(call())
