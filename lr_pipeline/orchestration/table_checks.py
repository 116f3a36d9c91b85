"""The checks of one table: which function checks which asset, and which warnings are accepted."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import wraps
from inspect import getdoc
from typing import Any

import dagster as dg

from lr_pipeline.orchestration import checks
from lr_pipeline.orchestration.asset_names import (
    DATASET,
    DRIFT,
    EXISTENCE,
    LOGISTIC_MODELS,
    MODELS,
    NUMPY,
    REPORT,
    TEST_SET,
    TORCH,
    TRAIN_SET,
)
from lr_pipeline.orchestration.config.acknowledged_config import (
    Acknowledged,
    AcknowledgedConfig,
    same_warning,
)
from lr_pipeline.orchestration.table_functions import Function, of_table
from lr_pipeline.orchestration.table_names import NO_TABLE, TableNames

ACKNOWLEDGED = "acknowledged"  # metadata of a warning: why the table's declaration accepts it


@dataclass(frozen=True)
class TableCheck:
    """The check of an asset, which reads ``others`` besides; a blocking one stops what follows."""

    function: Function
    asset: str
    others: tuple[str, ...] = ()
    blocking: bool = False
    other_name: str | None = None

    @property
    def name(self) -> str:
        """The name of the check: that of its function unless there is another."""
        return self.other_name or self.function.__name__

    @property
    def full_name(self) -> str:
        """The name with its asset's, such as ``numpy_model:converged``."""
        return f"{self.asset}:{self.name}"


CHECKS = (
    TableCheck(checks.contract, DATASET, blocking=True),
    TableCheck(checks.no_leakage, TRAIN_SET, (TEST_SET, DATASET), blocking=True),
    *(
        TableCheck(checks.fitted_to_training_rows, model, (TRAIN_SET,), True, "no_leakage")
        for model in MODELS
    ),
    TableCheck(checks.estimate_exists, EXISTENCE, blocking=True),
    *(TableCheck(checks.converged, model) for model in LOGISTIC_MODELS),
    TableCheck(checks.models_agree, TORCH, (NUMPY, TRAIN_SET)),
    TableCheck(checks.better_than_prevalence, REPORT),
    TableCheck(checks.no_drift, DRIFT),
)


def require_checks(named: Iterable[str]) -> None:
    """Check that each name is that of a check, alone or with its asset's.

    Raises
    ------
    ValueError
        There is no such check; the message lists those that there are.
    """
    known = {name for one in CHECKS for name in (one.name, one.full_name)}
    if unknown := sorted(set(named) - known):
        raise ValueError(
            f"expected a check of the table, found {unknown[0]!r}. The checks are "
            f"{', '.join(sorted(known))}."
        )


def build_checks(
    names: TableNames = NO_TABLE, penalty: str = "auto", acknowledged: Acknowledged | None = None
) -> list[dg.AssetChecksDefinition]:
    """Attach every check to its asset of one table.

    ``penalty`` is that of the table's logistic models unless a run's configuration sets another.
    ``acknowledged``: check, or its asset's with it (``numpy_model:converged``) → accepted warning.

    Raises
    ------
    ValueError
        There is no check of the name of an accepted warning.
    """
    accepted = acknowledged or {}
    require_checks(accepted)
    penalties = {names.named(model): penalty for model in LOGISTIC_MODELS}

    def existence_check(
        context: dg.AssetCheckExecutionContext, mle_existence: dict[str, Any]
    ) -> dg.AssetCheckResult:
        return checks.estimate_exists(context, mle_existence, penalties)

    def attached(one: TableCheck) -> dg.AssetChecksDefinition:
        plain = existence_check if one.function is checks.estimate_exists else one.function
        known = accepted.get(one.full_name, accepted.get(one.name))
        return dg.asset_check(
            asset=names.key(one.asset),
            name=one.name,
            description=getdoc(one.function),
            additional_ins={name: dg.AssetIn(key=names.key(name)) for name in one.others},
            blocking=one.blocking,
        )(_saying_if_known(of_table(plain, names), known))

    return [attached(one) for one in CHECKS]


def _saying_if_known(function: Function, known: AcknowledgedConfig | None) -> Function:
    """Return a check whose warning says why it is accepted, where it is the one that is known."""
    if known is None:
        return function

    @wraps(function)
    def check(*arguments: Any, **given: Any) -> dg.AssetCheckResult:
        found: dg.AssetCheckResult = function(*arguments, **given)
        if found.passed or found.severity is not dg.AssetCheckSeverity.WARN:
            return found
        if not same_warning(found.description or "", known.says, known.any_numbers):
            return found
        because = dg.MetadataValue.text(known.because)
        return found._replace(metadata={**(found.metadata or {}), ACKNOWLEDGED: because})

    return check
