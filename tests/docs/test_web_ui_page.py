"""docs/web_ui.md shows a declaration that works, and names that exist."""

import re
from pathlib import Path

import yaml

from lr_pipeline.orchestration.instance.plan_fields import plan_fields, plan_of_fields
from lr_pipeline.orchestration.instance.remembered_tables import yaml_text

PAGE = (Path(__file__).parents[2] / "docs" / "web_ui.md").read_text()
YAML = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_declaration_is_as_run_writes_it() -> None:
    """It is read, and written again it is the same text."""
    shown, _ = YAML
    plan = plan_of_fields("churn", yaml.safe_load(shown))
    assert yaml_text(plan_fields(plan)) == shown


def test_the_settings_are_those_of_a_declaration() -> None:
    """The policy and the scores, added to it, are understood."""
    shown, more = YAML
    plan = plan_of_fields("churn", yaml.safe_load(shown + more))
    assert plan.champion["margin"] == 0.01
    assert plan.scoring["reasons"] == 3


def test_the_names_are_those_of_the_table() -> None:
    """Every name of churn on the page is that of an asset, op, job or schedule."""
    shown, _ = YAML
    definitions = plan_of_fields("churn", yaml.safe_load(shown)).definitions()
    repository = definitions.get_repository_def()
    ops = {node.name for node in repository.get_implicit_global_asset_job_def().nodes}
    known = {
        *(spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()),
        *repository.job_names,
        *(schedule.name for schedule in repository.schedule_defs),
        *ops,
        "churn/declaration",
    }
    named = set(re.findall(r"churn(?:/|__)\w+", PAGE))
    assert len(named) >= 8
    assert named <= known
