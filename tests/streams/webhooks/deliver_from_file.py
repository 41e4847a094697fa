"""A process that delivers and may be killed: `python deliver_from_file.py JOURNAL PORT COUNT`.

Queues COUNT deliveries for the receiver at PORT, prints "kept", attempts them and ends when none is left.
"""

from __future__ import annotations

import asyncio
import os
import random
import runpy
import sys
from collections.abc import Sequence
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


def all_settled(journal: Path) -> bool:
    newest = {one.key: one for one in FileJournal(journal).replay()}
    return not any(isinstance(one, PendingDelivery) for one in newest.values())


async def main(journal: Path, port: int, count: int) -> None:
    endpoint = Endpoint("ops", f"http://127.0.0.1:{port}/hook", secret_variable="SECRET")  # noqa: S106
    sender = WebhookSender(
        SafeTargets(SystemResolver(), AllowedTargets.parse("127.0.0.1")), SecretFile(Path("none"), os.environ)
    )

    async def report(_: Sequence[DeliveryEvent]) -> None:
        pass

    rules = DeliveryRules(first_wait_s=0.01, least_wait_s=0.01)
    deliverer = await Deliverer.open(
        FileJournal(journal), {"ops": endpoint}.get, sender, SystemClock(), report, random.random, rules
    )
    await deliverer.deliver(
        [Delivery("ops", f"incident-{number}", 0, "text/plain", f"body {number}", 5e9) for number in range(count)]
    )
    print("kept", flush=True)
    running = asyncio.create_task(deliverer.run())
    while not all_settled(journal):  # noqa: ASYNC110  (the file is what counts)
        await asyncio.sleep(0.01)
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
