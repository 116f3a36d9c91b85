"""The notifier: sends a message to each channel that an environment variable names by URL."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from pydantic import Field

VARIABLE = "LR_PIPELINE_ALERTS"


class NotifierError(Exception):
    """The channels cannot be used; the message says why, without their URLs."""


class Notifier(dg.ConfigurableResource[Any]):
    """Channels as Apprise knows them: mail, chat, webhooks (https://github.com/caronc/apprise).

    The environment variable holds one URL a channel, with blanks or lines between them. They hold
    passwords, and are never logged.
    """

    variable: str = Field(
        default=VARIABLE, description="The environment variable that holds the channels' URLs."
    )

    def channels(self) -> dict[str, Any]:
        """Return name → Apprise object of each channel: its place and service, ``1 E-Mail``.

        Raises
        ------
        NotifierError
            Apprise is not installed, or does not understand a URL.
        """
        urls = os.environ.get(self.variable, "").split()
        if not urls:
            return {}
        try:
            import apprise
        except ImportError:
            raise NotifierError(
                "alerts need the package apprise: pip install 'lr-pipeline[alerts]'"
            ) from None
        found = {}
        for place, url in enumerate(urls, 1):
            channel = apprise.Apprise()
            with _silent():
                added = channel.add(url)
            if not added:
                raise NotifierError(
                    f"{self.variable}: expected notification URLs as Apprise writes them, found "
                    f"that number {place} of {len(urls)} is none. Correct it, and try it with: "
                    f'apprise -b test "${self.variable}"'
                )
            found[f"{place} {channel[0].service_name}"] = channel
        return found

    def send(self, channel: Any, title: str, body: str) -> bool:
        """Send a message; return whether the channel took it."""
        import apprise

        with _silent():
            return bool(channel.notify(body, title, body_format=apprise.NotifyFormat.TEXT))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Apprise from logging: its messages may hold parts of URLs."""
    logger = logging.getLogger("apprise")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
