"""What tests do to running tasks through Airflow's REST API, and no command does."""

from dustjacket.cli.airflow_api import AirflowApi, DagRun


def set_task_state(airflow: AirflowApi, run: DagRun, task_id: str, state: str) -> None:
    """Mark a task as failed or successful, which stops it if it runs."""
    path = f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/{task_id}"
    airflow._call("PATCH", path, json={"new_state": state})


def clear_tasks(airflow: AirflowApi, run: DagRun, task_ids: list[str]) -> None:
    """Clear tasks of a run, so that they run again."""
    body = {
        "dry_run": False,
        "dag_run_id": run.dag_run_id,
        "task_ids": task_ids,
        "only_failed": False,
    }
    airflow._call("POST", f"/dags/{run.dag_id}/clearTaskInstances", json=body)
