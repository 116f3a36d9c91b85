"""The first module of the command: Ctrl-C gives one line also while Python imports the rest.

It imports nothing of size itself. Once the command runs, its verbs answer an interruption.
"""

import os
import signal

INTERRUPTED = 130
SAID = "interrupted. What earlier steps stored is intact; give the command again."


def main() -> None:
    """Import the command, and run it."""
    signal.signal(signal.SIGINT, _end)
    from lr_pipeline.cli.command_line import main as command

    signal.signal(signal.SIGINT, signal.default_int_handler)
    command()


def _end(*_: object) -> None:
    # An exception could be caught, or shown, by the module that is being imported.
    os.write(2, f"{SAID}\n".encode())
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
