"""The most memory that this process has held since the last asset was stored."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"  # see proc(5)


def peak_since_last_call() -> float | None:
    """Return the largest resident memory (MB) since the last call, or since the process began.

    Linux alone forgets a peak; elsewhere the answer is the peak of the process, which is an upper
    limit of what one asset took. None where neither is known.
    """
    peak = peak_so_far()
    with suppress(OSError):
        _RESET.write_text(_FORGET_PEAK)
    return peak


def peak_so_far() -> float | None:
    """Return the same number without a reset of the counter."""
    try:
        found = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return _peak_of_process()
    return int(found.split()[1]) * 1024 / 1e6


def _peak_of_process() -> float | None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    return peak * unit / 1e6 if peak else None
