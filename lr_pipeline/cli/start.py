"""How the command's process begins and ends.

Ctrl-C gives one line also while Python imports the command, so this module imports nothing of size.
Once the command runs, its verbs answer an interruption.
"""

import atexit
import os
import signal
import sys
import threading

INTERRUPTED = 130
SAID = "interrupted. What earlier steps stored is intact; give the command again."


def main() -> None:
    """Import the command, run it, and end the process with its exit code."""
    signal.signal(signal.SIGINT, _interrupted)
    from lr_pipeline.cli.command_line import main as command

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command()
    except SystemExit as end:
        if isinstance(end.code, int):
            _end_process(end.code)
        raise


def _interrupted(*_: object) -> None:
    # An exception could be caught, or shown, by the module that is being imported.
    os.write(2, f"{SAID}\n".encode())
    os._exit(INTERRUPTED)


def _end_process(code: int) -> None:
    """End the process once its threads have ended and what is registered for its exit is done.

    Python would then take apart a million objects of torch and matplotlib one by one, for about a
    second. The processes of ``multiprocessing`` end in the same way. Where the output cannot be
    flushed this returns, so that Python says so.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):  # ValueError: it is closed
        return
    os._exit(code)


if __name__ == "__main__":
    main()
