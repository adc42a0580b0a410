"""The tasks that change the champion: approval, promotion, rollback."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import DAG, Asset, Param, chain, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dustjacket.orchestration.environment import no_retry_on_bad_input, task_settings, team_defaults
from dustjacket.orchestration.forms import VERSION_PATTERN
from dustjacket.orchestration.operators import SparkStepOperator
from dustjacket.orchestration.step_dag import RETRY, first_line, spoken, step_dag, when_any
from dustjacket.orchestration.tasks import emit, plan_run, version_of
from dustjacket.pipeline.families import CLIP, FAMILIES, family_of
from dustjacket.promotion.schemas import GateFacts, rule_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from dustjacket.promotion.ledger import LedgerRecord
    from dustjacket.storage.manifest import Manifest
    from dustjacket.storage.store import Store
    from dustjacket.upkeep.notices import Notice

APPROVE, REJECT = ApprovalOperator.APPROVE, ApprovalOperator.REJECT
WITHIN = timedelta(days=7)


class ApprovalRequestOperator(HITLOperator):
    """Request a person's approval, in Airflow, of a candidate that passed the gate.

    The task is skipped if no approval is required. (The provider's ``ApprovalOperator`` would skip
    the following tasks after a rejection, but the ledger must record it.)
    """

    def execute(self, context: "Context") -> Any:
        """Show the gate's figures, and wait for the response."""
        from dustjacket.upkeep.listener import run_link
        from dustjacket.upkeep.notices import post

        planned = context["ti"].xcom_pull(task_ids="plan")
        store, evaluation = _evaluation(planned)
        if not _needs_approval(planned, store, evaluation):
            raise AirflowSkipException("no approval is required")
        facts, kind = GateFacts.of(evaluation), family_of(evaluation.kind).candidate
        run = context["dag_run"]
        airflow = store.settings.airflow_public_url or store.settings.airflow_url
        link = run_link(store.settings, run.dag_id, run.run_id)
        post(store.settings, approval_notice(evaluation, facts.reason, link))
        self.body = "\n".join(
            [
                f"`{kind}/{evaluation.parents[kind]}` in place of "
                f"{f'`{facts.champion_version}`' if facts.champion_version else 'none'}:\n",
                *map(rule_line, facts.rules),
                f"\nReport and pictures: the links of the task `evaluate` in [this run]({link}).",
                *side_by_side(evaluation, airflow),
            ]
        )
        return super().execute(context)


def request_approval() -> ApprovalRequestOperator:
    """Return the task that requests approval; after a week without response, nothing changes."""
    return ApprovalRequestOperator(
        task_id="approve",
        subject="Should this model become the champion?",
        options=[APPROVE, REJECT],
        defaults=REJECT,
        params={
            "comment": Param(
                None,
                type=["null", "string"],
                maxLength=500,
                description="Recorded in the ledger; may stay empty",
            )
        },
        trigger_rule="none_failed_min_one_success",
        execution_timeout=None,
        response_timeout=WITHIN,
    )


@task(task_id="promote", trigger_rule="none_failed_min_one_success")
def promote_candidate(planned: dict[str, Any]) -> str | None:
    """Carry out the gate's decision; return the new version that serves, if any.

    Raises:
        AirflowFailException: an approval is required but was not requested.
    """
    from dustjacket.promotion.promote import ApprovalResponse, promote
    from dustjacket.promotion.registry import restore_champion
    from dustjacket.upkeep.notices import note_result, post

    context = get_current_context()
    response = context["ti"].xcom_pull(task_ids="approve")
    store, evaluation = _evaluation(planned)
    if response is None and _needs_approval(planned, store, evaluation):
        raise AirflowFailException("approval was not requested: clear the task `approve`")
    approval = response and ApprovalResponse(
        approved=response["chosen_options"] == [APPROVE],
        who=(response["responded_by_user"] or {}).get("name"),
        comment=response["params_input"].get("comment") or "",
    )
    record = promote(store, evaluation, context["dag_run"].run_id, approval)
    restore_champion(store, family_of(evaluation.kind))
    for notice in notices_of(record, evaluation):
        post(store.settings, notice)
    dag_run = context["dag_run"]
    result = f"**{record.verdict}** {record.model}: {record.why}"
    note_result(store.settings, dag_run.dag_id, dag_run.run_id, result)
    return record.to and record.to.partition("/")[2]


@task(task_id="rollback")
def rollback_champion(kind: str) -> str:
    """Publish an earlier champion of a family again; return the new version of ``kind``."""
    from dustjacket.promotion.promote import rollback
    from dustjacket.promotion.registry import restore_champion
    from dustjacket.storage.store import Store

    context = get_current_context()
    dag_run = context["dag_run"]
    store, family = Store(task_settings()), FAMILIES[kind]
    with no_retry_on_bad_input():
        record = rollback(
            store,
            family,
            context["params"]["version"],
            who=dag_run.triggering_user_name or dag_run.run_id,
            dag_run_id=dag_run.run_id,
            comment=context["params"].get("comment") or "",
        )
    restore_champion(store, family)
    return str(record.to).partition("/")[2]


def side_by_side(evaluation: "Manifest", airflow_url: str | None) -> list[str]:
    """Return a line with the link to the covers of both models; none if these find no covers."""
    if evaluation.kind != CLIP.evaluation or not airflow_url:
        return []
    page = f"{airflow_url}/dustjacket/compare.html"
    return [f"\nTry titles of yours: [covers of champion and candidate, side by side]({page})."]


def approval_notice(evaluation: "Manifest", reason: str, link: str) -> "Notice":
    """Return the message that a candidate waits for a person's approval."""
    from dustjacket.upkeep.notices import Notice

    kind = family_of(evaluation.kind).candidate
    return Notice(
        key=f"approval {evaluation.kind}/{evaluation.version}",
        title=f"{kind} waits for approval",
        text=f"{kind}/{evaluation.parents[kind]} passed the gate: {reason}",
        cure=f"approve or reject it within {WITHIN.days} days, in the run's task `approve`",
        link=link,
    )


def notices_of(record: "LedgerRecord", evaluation: "Manifest") -> "Iterator[Notice]":
    """Yield the messages about a decision: a candidate that does not serve, and drift."""
    from dustjacket.upkeep.notices import Notice

    if record.to is None:
        yield Notice(
            key=f"refused {record.number}",
            title=f"{record.model.partition('/')[0]} was not promoted",
            text=f"{record.model}: {record.why}",
            cure=f"nothing, {record.from_ or 'no model'} serves; `dustjacket history` has all",
        )
    if warning := (evaluation.facts.get("drift") or {}).get("warning"):
        yield Notice(
            key=f"drift {evaluation.version}",
            title="the newest covers have drifted",
            text=f"{warning}, since the covers that the champion was trained on",
            cure="see the section on drift in the evaluation's report",
        )


def evaluation_dag(step: str, candidate: Asset, champion: Asset, doc: str | None) -> DAG:
    """Return the DAG that judges a candidate, has it approved if required, and promotes it."""
    timeout = timedelta(hours=2)
    with step_dag(step, when_any(candidate), doc, timeout=timeout, wait=WITHIN) as dag:
        plan = plan_run(step)
        work = SparkStepOperator(task_id="evaluate", step=step)
        approve = request_approval()
        promoted = promote_candidate(plan)  # type: ignore[arg-type]  # a task is given its value
        chain(plan, work, approve, promoted)
        chain(plan, approve)
        announce_champion(champion)(promoted)
    return dag


def rollback_dag(champion: Asset, doc: str | None) -> DAG:
    """Return the DAG that publishes an earlier champion again; its form asks for the version."""
    with DAG(
        dag_id=FAMILIES[champion.name].rollback_dag,
        dag_display_name=spoken(FAMILIES[champion.name].rollback_dag),
        description=first_line(doc),
        schedule=None,
        start_date=None,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        params={
            "version": Param(
                None,
                type=["null", "string"],
                pattern=VERSION_PATTERN,
                title="version to bring back",
                description="An earlier champion, as the Studio's tab Operations and "
                "`dustjacket history` name it. Empty: the one before the present. All users of the "
                "Studio get its answers from then on.",
            ),
            "comment": Param(
                None,
                type=["null", "string"],
                maxLength=500,
                description="Why; recorded in the ledger",
            ),
        },
        doc_md=doc,
        tags=["dustjacket", champion.name],
        default_args={"owner": "dustjacket", "execution_timeout": timedelta(minutes=10), **RETRY},
        dagrun_timeout=timedelta(hours=1),
    ) as dag:
        announce_champion(champion)(rollback_champion(champion.name))
    return dag


def announce_champion(asset: Asset) -> Any:
    """Return the task that emits the Asset's event for the new champion, if there is one."""

    @task(task_id="announce", outlets=[asset])
    def announce(version: str | None, outlet_events: Any = None) -> str:
        if version is None:
            raise AirflowSkipException("the champion stays: nothing to announce")
        from dustjacket.pipeline.steps import STEPS

        promoting = [step.name for step in STEPS.values() if step.promotes_to == asset.name]
        return emit(asset, version, [*promoting, FAMILIES[asset.name].rollback_dag], outlet_events)

    return announce


def _evaluation(planned: dict[str, Any]) -> "tuple[Store, Manifest]":
    from dustjacket.pipeline.steps import STEPS
    from dustjacket.storage.store import Store

    store, kind = Store(task_settings()), STEPS[planned["plan"]["step"]].publishes
    return store, store.manifest(kind, version_of(planned))


def _needs_approval(planned: dict[str, Any], store: "Store", evaluation: "Manifest") -> bool:
    """Return whether a person has to approve, and the ledger has no decision yet.

    A run may require approval where the team does not, but not do without it where the team
    does: whoever may trigger a run would need no one's approval.
    """
    from dustjacket.pipeline.steps import STEPS
    from dustjacket.promotion.ledger import Ledger

    plan = planned["plan"]
    with no_retry_on_bad_input():
        of_team = team_defaults().of(STEPS[plan["step"]]).model_dump()
    return (
        (plan["parameters"]["require_approval"] or of_team["require_approval"])
        and GateFacts.of(evaluation).promoted
        and Ledger(store).of(evaluation) is None
    )
