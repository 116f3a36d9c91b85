"""Alerts tell what happened while nobody looked, once on every channel.

``alert_events`` reads the event log, ``alert_messages`` puts events into words, ``outbox``
delivers, ``acknowledgements`` are the warnings that somebody accepted; ``alert_sensor`` joins them.
"""
