"""The loggers that a run's configuration may name.

A command line names ``progress``, which shows a line for each asset in its terminal. The code
locations know that name too, so that the web UI can execute such a run again.
"""

import dagster as dg

PROGRESS = "progress"
CONSOLE = "console"  # Dagster's own, which it leaves out where a location names others

RUN_LOGGERS = {CONSOLE: dg.colored_console_logger, PROGRESS: dg.colored_console_logger}
