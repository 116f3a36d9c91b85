"""Tables that were run from the terminal, remembered beside the run history for the web UI.

``<Dagster home>/tables/churn.yaml`` declares the table ``churn`` as it was last run. A person may
edit it, or delete it: the web UI then no longer has the table, whose artifacts and history stay.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from lr_pipeline.orchestration.instance.home import dagster_home
from lr_pipeline.orchestration.instance.plan_fields import (
    FIELDS,
    PlanError,
    plan_fields,
    plan_of_fields,
    settings_in,
)
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.storage.atomic import replaced_file
from lr_pipeline.tables.files.refusals import os_reason
from lr_pipeline.tables.sources.secrets import without_secrets

FOLDER, SUFFIX = "tables", ".yaml"
# A run that does not set one of these leaves it as it is.
KEPT = ("champion", "scoring", "automation", "acknowledged", "score_path")
HEADER = """\
# The table {name} of the web UI, as `lr-pipeline run` was last given it (the next run writes it
# again, and keeps champion, scoring, automation, acknowledged and score_path). Edit it, or
# delete it to remove the table from the web UI: its artifacts and history stay. A web UI that is
# running must reload its code location lr_pipeline.
"""


@dataclass(frozen=True)
class UnusablePlan:
    """A file whose table cannot be shown, and why, with the remedy."""

    path: Path
    reason: str

    @property
    def name(self) -> str:
        """The table's name, without characters that Dagster does not allow."""
        return re.sub(r"\W", "_", self.path.stem, flags=re.ASCII) or "table"


@dataclass(frozen=True)
class Remembered:
    """A file that was written: its path, its text, and the text that it had before, if any."""

    path: Path
    text: str
    earlier: str | None

    @property
    def changed(self) -> bool:
        """Whether the file is new or has another text than before."""
        return self.text != self.earlier

    def take_back(self) -> None:
        """Put back what was there before, unless somebody has changed it since."""
        if not self.changed or _text_of(self.path) != self.text:
            return
        if self.earlier is None:
            self.path.unlink(missing_ok=True)
        else:
            _write(self.path, self.earlier)


def table_file(name: str, home: str | Path | None = None) -> Path:
    """Return the path of the file that remembers the table ``name``."""
    return dagster_home(home) / FOLDER / f"{name}{SUFFIX}"


def remember(plan: TablePlan, home: str | Path | None = None) -> Remembered:
    """Write the plan, or leave the file as it is where it says the same.

    Fields of ``KEPT`` that somebody wrote into the file are kept unless the plan has them.

    Raises
    ------
    PlanError
        The plan has no name, or holds a password or token.
    OSError
        The file cannot be written.
    """
    if plan.name is None:
        raise PlanError("a table without a name is not remembered. Give it one.")
    path = table_file(plan.name, home)
    fields = plan_fields(plan)
    earlier, known = _known(path)
    fields = {one: known[one] for one in KEPT if one in known} | fields
    fields = {one: fields[one] for one in FIELDS if one in fields}
    if earlier is not None and known == fields:  # somebody's comments stay
        return Remembered(path, earlier, earlier)
    text = HEADER.format(name=plan.name) + yaml_text(fields)
    _write(path, text)
    return Remembered(path, text, earlier)


def remembered_settings(name: str, field: str, home: str | Path | None = None) -> dict[str, Any]:
    """Return what the table's file says of a field; {} if it says nothing of it.

    Raises
    ------
    PlanError
        A setting is unknown, or not allowed; the message names the file.
    """
    path = table_file(name, home)
    try:
        return settings_in(_known(path)[1], field)
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from None


def yaml_text(fields: dict[str, Any]) -> str:
    """Return the fields as YAML that a reader understands as the same fields."""
    dump = partial(yaml.safe_dump, fields, sort_keys=False, width=1000)
    text: str = dump(allow_unicode=True)
    # PyYAML writes a few control characters, U+0085 for one, in a form that is read otherwise.
    return text if _fields_of(text) == fields else str(dump(allow_unicode=False))


def read_plan(path: Path) -> TablePlan:
    """Return the plan that a file holds; its name is that of the file.

    Raises
    ------
    PlanError
        The file cannot be read, or does not declare a table.
    """
    if not re.fullmatch(r"\w+", path.stem, flags=re.ASCII):
        raise PlanError(
            f"the file's name is the table's, and has other characters than letters, digits and "
            f"underscores: {path.stem!r}. Rename the file."
        )
    text = _text_of(path)
    if text is None:
        raise PlanError("there is no such file. Run the table again.")
    return plan_of_fields(path.stem, _fields_of(text))


def remembered_plans(home: str | Path | None = None) -> Iterator[TablePlan | UnusablePlan]:
    """Yield the plan of each file in the home's folder, by name; what is wrong is logged as well.

    No data file is opened.
    """
    for path in sorted((dagster_home(home) / FOLDER).glob(f"*{SUFFIX}")):
        if path.name.startswith("."):  # being written
            continue
        try:
            yield read_plan(path)
        except PlanError as error:
            reason = without_secrets(str(error))
            logging.getLogger(__name__).warning("%s: %s", path, reason)
            yield UnusablePlan(path, reason)


def _known(path: Path) -> tuple[str | None, dict[str, Any]]:
    """Return the file's text and fields; an unreadable file has no fields and is replaced."""
    earlier = None
    with suppress(PlanError):
        earlier = _text_of(path)
        return earlier, {} if earlier is None else _fields_of(earlier)
    return earlier, {}


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        reason, remedy = os_reason(error)
        raise PlanError(f"cannot be read: {reason}. {remedy}.") from None
    except UnicodeDecodeError as error:
        raise PlanError(
            f"not UTF-8 at byte {error.start + 1}. Save it as UTF-8, or run the table again."
        ) from None


def _fields_of(text: str) -> dict[str, Any]:
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise PlanError(
            f"no YAML: {' '.join(str(error).split())}. Correct it, or run the table again."
        ) from None
    except ValueError as error:  # a date that does not exist, a number that is none
        raise PlanError(f"no YAML: {error}. Put that text in quotes.") from None
    if not isinstance(found, dict):
        raise PlanError("expected the fields table and training, found none. Run the table again.")
    return found


def _write(path: Path, text: str) -> None:
    with replaced_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
