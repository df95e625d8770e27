"""A poller as operators write them: requests every campaign's stats once per interval, and pauses those that breach."""

import argparse
import asyncio
import time

import aiohttp


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--campaigns", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True)
    parser.add_argument("--for", dest="lasting", type=float, default=0)
    options = parser.parse_args()
    breaching_since: dict[str, float] = {}
    paused: set[str] = set()
    limit = asyncio.Semaphore(20)
    headers = {"Authorization": "Bearer sk_bench"}

    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as session:

        async def poll(campaign: str) -> None:
            async with limit, session.get(f"{options.url}/v1/campaigns/{campaign}/stats") as response:
                response.raise_for_status()
                stats = await response.json()
            resolved = stats["delivered"] + stats["bounced"]
            if resolved < 50 or stats["bounced"] / resolved <= 0.05:
                breaching_since.pop(campaign, None)
                return
            since = breaching_since.setdefault(campaign, time.monotonic())
            if campaign in paused or time.monotonic() - since < options.lasting:
                return
            async with session.post(f"{options.url}/v1/campaigns/{campaign}/pause", json={}) as response:
                response.raise_for_status()
            paused.add(campaign)

        while True:
            began = time.monotonic()
            names = [f"camp_{number}" for number in range(options.campaigns)]
            for outcome in await asyncio.gather(*(poll(name) for name in names), return_exceptions=True):
                if isinstance(outcome, Exception):
                    print("failed:", outcome, flush=True)
            await asyncio.sleep(max(0, options.interval - (time.monotonic() - began)))


asyncio.run(main())
