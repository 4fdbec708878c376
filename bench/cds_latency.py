"""How much slower our CDS route is than a bare one, in the same run.

All are Starlette with msgspec, called in process through ASGI with the same 30 KB body.
The bare route decodes it and answers `{"cards": []}`; the durable one also appends
4 KB to a file and waits for the disk (fsync); ours reads the prefetch, decides, and
commits the exposure durably before it answers. Prints one JSON object.

Run: python bench/cds_latency.py [CALLS]
"""

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from rounds.web.cds_hooks import cds_routes

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from stories import practice as story

URL = f"/cds-services/{story.SERVICE}"


async def bare(request):
    msgspec.json.decode(await request.body())
    return Response(b'{"cards":[]}', media_type="application/json")


async def call(app, path, body):
    """One request, straight into ASGI: no client library in the measurement."""
    sent = False
    status = []

    async def receive():
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 80),
    }
    started = time.perf_counter()
    await app(scope, receive, send)
    assert status == [200]
    return time.perf_counter() - started


def quantiles(seconds):
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e6
    return {"p50_us": round(p50), "p99_us": round(p99)}


def durable(file):
    """The bare route, with one durable write before it answers."""

    async def answer(request):
        msgspec.json.decode(await request.body())
        file.write(b"x" * 4096)
        os.fsync(file.fileno())
        return Response(b'{"cards":[]}', media_type="application/json")

    return answer


def body_of(i, prefix):
    """A call with forty readings of former days, as a prefetch would hold."""
    request = story.due_request(f"clinic-{i % 8}", f"{prefix}-{i}")
    entries = request["prefetch"]["blood_pressure"]["entry"]
    former = json.dumps(entries[0]).replace("2025-02-03", "2024-02-03")
    entries.extend(json.loads(former) for _ in range(60))
    return json.dumps(request).encode()


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(folder, "x").open("wb", 0) as file,
    ):
        practice = story.open_practice(folder)
        story.start(practice)
        routes = {
            "bare": [Route(URL, bare, methods=["POST"])],
            "bare_durable": [Route(URL, durable(file), methods=["POST"])],
            "ours": cds_routes(practice, now=lambda: story.NOW),
        }
        bodies = [body_of(i, "p") for i in range(n + 50)]

        async def measure(app):
            for body in bodies[:50]:
                await call(app, URL, body)
            gc.collect()
            gc.freeze()
            return [await call(app, URL, body) for body in bodies[50:]]

        async def burst(app):
            fresh = [body_of(i, "q") for i in range(n)]
            started = time.perf_counter()
            await asyncio.gather(*(call(app, URL, body) for body in fresh))
            return n / (time.perf_counter() - started)

        found = {"calls": n, "body_bytes": len(bodies[0])}
        for name, listed in routes.items():
            app = Starlette(routes=listed)
            found[name] = quantiles(asyncio.run(measure(app)))
        found["ours_at_once_per_second"] = round(asyncio.run(burst(app)))
        practice.close()
    for against in ("bare", "bare_durable"):
        for point in ("p50", "p99"):
            ours, other = (found[x][f"{point}_us"] for x in ("ours", against))
            found[f"ratio_{point}_to_{against}"] = round(ours / other, 1)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
