"""Alerts: what happened while nobody looked, each thing said once on every channel.

``alert_events`` reads the event log, ``alert_messages`` says it in words, ``outbox`` delivers,
``acknowledgements`` are the warnings that somebody accepted; ``alert_sensor`` ties them together.
"""
