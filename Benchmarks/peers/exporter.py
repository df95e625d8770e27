"""A JSON exporter for Prometheus, and the webhook of its Alertmanager that pauses campaigns."""

import argparse

from aiohttp import ClientSession, ClientTimeout, web


def application(url: str) -> web.Application:
    app = web.Application()
    headers = {"Authorization": "Bearer sk_bench"}

    async def start(app: web.Application) -> None:
        app["session"] = ClientSession(headers=headers, timeout=ClientTimeout(total=10))

    async def stop(app: web.Application) -> None:
        await app["session"].close()

    async def probe(request: web.Request) -> web.Response:
        campaign = request.query["target"]
        async with app["session"].get(f"{url}/v1/campaigns/{campaign}/stats") as response:
            if response.status != 200:
                raise web.HTTPBadGateway
            stats = await response.json()
        lines = [f"campaign_{name} {stats[name]}" for name in ("sent", "delivered", "bounced", "replied")]
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")

    async def alert(request: web.Request) -> web.Response:
        for alert in (await request.json())["alerts"]:
            if alert["status"] == "firing":
                campaign = alert["labels"]["campaign"]
                async with app["session"].post(f"{url}/v1/campaigns/{campaign}/pause", json={}) as response:
                    response.raise_for_status()
        return web.Response()

    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    app.router.add_get("/probe", probe)
    app.router.add_post("/alert", alert)
    return app


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--url", required=True)
parser.add_argument("--port", type=int, required=True)
options = parser.parse_args()
web.run_app(application(options.url), host="127.0.0.1", port=options.port, print=None, access_log=None)
