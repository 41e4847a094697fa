"""What our processes ask of the C libraries under torch, before these are loaded. A user's own setting goes first."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

from threadpoolctl import threadpool_limits

_M_ARENA_MAX = -8  # of glibc's malloc.h


def tune_native_libraries(*, threads: int | None = None) -> None:
    """`threads`: of one operation on the CPU; None: one a core.

    OpenMP's threads spin after every operation, waiting for the next. Each Python thread that runs a model has a team
    of its own, so on few cores they take the processor from each other, and from those who ask. And glibc keeps an
    arena of freed memory for each of many threads: with two, a busy worker of 2.1 GB has 1.7. (Large pieces apart, from
    4 MB on, would be another 0.4 GB less, and a fifth slower.)
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if threads is not None:
        os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    # numpy is loaded already, so its BLAS has read its environment. Its products are small here, and waiting for a
    # second thread to be scheduled makes 2 ms of ranking 20 on a busy machine.
    threadpool_limits(1, user_api="blas")
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
