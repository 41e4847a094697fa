"""A process that delivers and may be killed: `python deliver_from_file.py JOURNAL PORT COUNT`.

Queues COUNT deliveries for the receiver at PORT, prints "kept", attempts them and ends when none is left.
"""

from __future__ import annotations

import asyncio
import os
import random
import runpy
import sys
from pathlib import Path

from domain.deliveries import Delivery, DeliveryEvent, PendingDelivery
from domain.delivery_rules import DeliveryRules
from domain.endpoints import Endpoint
from streams.webhooks import (
    AllowedTargets,
    Deliverer,
    SafeTargets,
    SecretFile,
    SystemClock,
    SystemResolver,
    WebhookSender,
)

FileJournal = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["FileJournal"]


async def main(journal: Path, port: int, count: int) -> None:
    endpoint = Endpoint("ops", f"http://127.0.0.1:{port}/hook", secret_variable="SECRET")  # noqa: S106
    sender = WebhookSender(
        SafeTargets(SystemResolver(), AllowedTargets.parse("127.0.0.1")), SecretFile(Path("none"), os.environ)
    )
    over = asyncio.Event()

    def report(_: DeliveryEvent) -> None:
        newest = {one.key: one for one in FileJournal(journal).replay()}
        if not any(isinstance(one, PendingDelivery) for one in newest.values()):
            over.set()

    rules = DeliveryRules(first_wait_s=0.01, least_wait_s=0.01)
    deliverer = await Deliverer.open(
        FileJournal(journal), {"ops": endpoint}.get, sender, SystemClock(), report, random.random, rules
    )
    await deliverer.deliver(
        [Delivery("ops", f"incident-{number}", 0, "text/plain", f"body {number}", 5e9) for number in range(count)]
    )
    print("kept", flush=True)
    running = asyncio.create_task(deliverer.run())
    await over.wait()
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
