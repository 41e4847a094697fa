"""First come, first served."""

from __future__ import annotations

import threading

from search.fair_lock import FairLock


def test_it_is_held_in_the_order_in_which_it_was_asked_for() -> None:
    lock, order, threads = FairLock(), list[int](), list[threading.Thread]()

    def work(number: int) -> None:
        with lock:
            order.append(number)

    with lock:
        for number in range(20):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            while len(lock._waiting) <= number:
                pass
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_one_thread_holds_it_at_a_time() -> None:
    lock, holders, most = FairLock(), 0, 0

    def work() -> None:
        nonlocal holders, most
        for _ in range(2000):
            with lock:
                holders += 1
                most = max(most, holders)
                holders -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    with lock:  # nobody has kept it
        pass
