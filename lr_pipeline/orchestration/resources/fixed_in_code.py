"""Resources whose settings are those of the code: a run can neither change nor show them."""

from typing import Any

import dagster as dg
from pydantic import PrivateAttr


class FixedInCode(dg.ConfigurableResource[Any]):
    """A resource that keeps its fields out of runs' configurations.

    The Launchpad neither shows nor accepts them, and no run's stored configuration or job snapshot
    holds them. So whoever may launch runs cannot choose what is read, where it is written to, or
    which scheduler is trusted.
    """

    _fixed: dg.ResourceDefinition | None = PrivateAttr(default=None)

    def get_resource_definition(self) -> Any:
        """Return the resource with its own values, for which a run has no field; always the same.

        Dagster merges the definitions of several tables only if they share one object.
        """
        if self._fixed is None:
            values = self.model_dump(exclude_none=True)
            configurable = super().get_resource_definition()
            self._fixed = configurable.configured(lambda _: values, config_schema={})
        return self._fixed
