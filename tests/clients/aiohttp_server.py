"""An event stream from aiohttp: aiohttp_server.py STREAMS, which mean the same as for `node_server.mjs events`."""

import asyncio
import json
import sys

from aiohttp import web

streams = json.loads(sys.argv[1])
never = asyncio.Event()


async def events(request):
    # aiohttp reads headers as UTF-8, which is what an id is in.
    print("request", request.headers["Accept"], request.headers.get("Last-Event-ID", "-"), flush=True)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for piece in streams.pop(0) if streams else []:
        if piece is None:
            return response
        await response.write(bytes.fromhex(piece["hex"]) if isinstance(piece, dict) else piece.encode())
    await never.wait()


async def serve():
    app = web.Application()
    app.router.add_get("/news", events)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await never.wait()


asyncio.run(serve())
