"""The base of all configurations in the Launchpad."""

import dagster as dg
from pydantic import ConfigDict


class StrictConfig(dg.Config):
    """A configuration that refuses unknown fields, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
