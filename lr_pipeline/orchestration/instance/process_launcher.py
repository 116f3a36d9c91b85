"""The run launcher of a Dagster home on one machine: Dagster's own, which sees dead processes."""

from dagster import DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from lr_pipeline.orchestration.instance.run_processes import describe_death, died_unnamed, is_dead


class ProcessRunLauncher(DefaultRunLauncher):
    """Launches each run in a process of its code server, and tells whether that process lives.

    So Dagster's run monitoring fails a run after a crash or a restart of the machine as soon as the
    daemon is up again, instead of after ``max_runtime_seconds``, and ``run_retries`` applies. Runs
    of command lines are seen, too.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster asks ``check_run_worker_health`` of each run that goes on."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return FAILED if the run's process is known to be gone."""
        if is_dead(run) or died_unnamed(self._instance, run):
            return CheckRunHealthResult(WorkerStatus.FAILED, describe_death(run))
        return CheckRunHealthResult(WorkerStatus.RUNNING)
