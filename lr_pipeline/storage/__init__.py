"""Where results live: immutable files, found through Dagster's event log, verified when read.

``atomic`` makes files appear whole or not at all; ``formats`` says how each type is written;
``artifacts`` names, hashes and verifies; ``io_managers`` and ``catalogue`` meet Dagster;
``home`` and ``run_processes`` look after the Dagster instance.
"""
