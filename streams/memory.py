"""Work that fails for want of memory: how it is known, and what is said of it."""

from __future__ import annotations


def is_out_of_memory(error: BaseException) -> bool:
    """Tells so of what Python, torch and other native libraries raise; none of them is imported for it."""
    said = str(error)
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and ("DefaultCPUAllocator" in said or "bad_alloc" in said))
    )


def no_memory(what: str) -> str:
    """Says why a record is rejected, and what to do: `what` is the work that there is not the memory for."""
    return (
        f"there is not enough memory for {what}: send less in one event, or give the process more memory and publish "
        "this one again"
    )
