"""The tasks that change the champion: a person's approval, the promotion, the rollback."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Asset, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dustjacket.orchestration.environment import no_retry_on_bad_input, task_settings
from dustjacket.orchestration.tasks import emit, version_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from dustjacket.storage.manifest import Manifest
    from dustjacket.storage.store import Store

APPROVE, REJECT = ApprovalOperator.APPROVE, ApprovalOperator.REJECT
WITHIN = timedelta(days=7)


class AskOperator(HITLOperator):
    """Ask a person in Airflow whether a candidate that the gate let through shall be promoted.

    It is skipped where nobody needs to be asked. (The provider's ``ApprovalOperator`` skips what
    follows a rejection, but the ledger has to hear of it.)
    """

    def execute(self, context: "Context") -> Any:
        """Ask with the gate's figures, and wait."""
        planned = context["ti"].xcom_pull(task_ids="plan")
        store, evaluation = _evaluation(planned)
        if not _asks(planned, store, evaluation):
            raise AirflowSkipException("nobody needs to be asked")
        facts = evaluation.facts
        self.body = "\n".join(
            [
                f"`clip_candidate/{evaluation.parents['clip_candidate']}` in place of "
                f"`{facts['champion_version']}`:\n",
                *(f"- {rule['sentence']}" for rule in facts.get("rules", [])),
            ]
        )
        return super().execute(context)


def ask_for_approval() -> AskOperator:
    """Return the task that asks a person; if nobody answers within a week, the champion stays."""
    return AskOperator(
        task_id="approve",
        subject="Shall this model become the champion?",
        options=[APPROVE, REJECT],
        defaults=REJECT,
        params={
            "comment": Param("", type="string", maxLength=500, description="Goes into the ledger")
        },
        trigger_rule="none_failed_min_one_success",
        execution_timeout=None,
        response_timeout=WITHIN,
    )


@task(task_id="promote", trigger_rule="none_failed_min_one_success")
def promote_candidate(planned: dict[str, Any]) -> str | None:
    """Do what the evaluation decided; return the version of ``cover_clip`` that it made, if any.

    Raises:
        AirflowFailException: a person has to be asked, and was not.
    """
    from dustjacket.promotion.promote import Answer, promote

    context = get_current_context()
    said = context["ti"].xcom_pull(task_ids="approve")
    store, evaluation = _evaluation(planned)
    if said is None and _asks(planned, store, evaluation):
        raise AirflowFailException("nobody was asked: clear the task `approve`")
    answer = said and Answer(
        approved=said["chosen_options"] == [APPROVE],
        who=(said["responded_by_user"] or {}).get("name"),
        comment=said["params_input"].get("comment") or "",
    )
    record = promote(store, evaluation, context["dag_run"].run_id, answer)
    return record.to and record.to.partition("/")[2]


@task(task_id="rollback")
def rollback_champion() -> str:
    """Bring back an earlier champion; return the version of ``cover_clip`` that it made."""
    from dustjacket.promotion.promote import rollback
    from dustjacket.storage.store import Store

    context = get_current_context()
    dag_run = context["dag_run"]
    with no_retry_on_bad_input():
        record = rollback(
            Store(task_settings()),
            context["params"]["version"],
            who=dag_run.triggering_user_name or dag_run.run_id,
            dag_run_id=dag_run.run_id,
        )
    return str(record.to).partition("/")[2]


def announce_champion(asset: Asset) -> Any:
    """Return the task that emits the Asset's event for the new champion, if there is one."""

    @task(task_id="announce", inlets=[asset], outlets=[asset])
    def announce(version: str | None, inlet_events: Any = None, outlet_events: Any = None) -> str:
        if version is None:
            raise AirflowSkipException("the champion stays: nothing to announce")
        return emit(asset, version, inlet_events, outlet_events)

    return announce


def _evaluation(planned: dict[str, Any]) -> "tuple[Store, Manifest]":
    from dustjacket.storage.store import Store

    store = Store(task_settings())
    return store, store.manifest("evaluation", version_of(planned))


def _asks(planned: dict[str, Any], store: "Store", evaluation: "Manifest") -> bool:
    """Return whether a person has to be asked, and was not before."""
    from dustjacket.promotion.ledger import Ledger

    return (
        planned["plan"]["parameters"]["require_approval"]
        and evaluation.facts["promoted"]
        and Ledger(store).of(evaluation) is None
    )
