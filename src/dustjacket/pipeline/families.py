"""The families of models that promotions change: what is judged, by what, and what serves."""

from dataclasses import dataclass

from dustjacket.pipeline.kinds import Kind


@dataclass(frozen=True)
class ModelFamily:
    """The kinds of one promoted model. The ledger has the decisions of all families.

    Attributes:
        champion: the kind that serves; promotions and rollbacks publish it.
        candidate: the kind that a promotion copies.
        evaluation: the kind whose gate decides on a candidate.
        starting: the kind that serves before any promotion; None: nothing does.
        rollback_dag: the DAG that publishes an earlier champion again; it runs no step.
        log_model: ``module:name`` of the function that logs a version's model in MLflow.
        card: ``module:name`` of the function that returns a version's model card, as Markdown.
    """

    champion: Kind
    candidate: Kind
    evaluation: Kind
    starting: Kind | None
    rollback_dag: str
    log_model: str
    card: str

    @property
    def registered(self) -> str:
        """The name of the family's models in MLflow's registry."""
        return self.champion.replace("_", "-")

    @property
    def weights(self) -> tuple[Kind, ...]:
        """The kinds whose weights a promotion or rollback copies."""
        return (self.candidate, self.starting) if self.starting else (self.candidate,)


CLIP = ModelFamily(
    champion=Kind.COVER_CLIP,
    candidate=Kind.CLIP_CANDIDATE,
    evaluation=Kind.EVALUATION,
    starting=Kind.STARTING_CLIP,
    rollback_dag="rollback_clip",
    log_model="dustjacket.clip.registry:log_model",
    card="dustjacket.clip.registry:card",
)
GENERATOR = ModelFamily(
    champion=Kind.COVER_GENERATOR,
    candidate=Kind.GENERATOR_CANDIDATE,
    evaluation=Kind.GENERATOR_EVALUATION,
    starting=None,
    rollback_dag="rollback_generator",
    log_model="dustjacket.generation.registry:log_model",
    card="dustjacket.generation.registry:card",
)
FAMILIES = {family.champion.value: family for family in (CLIP, GENERATOR)}
"""All families, by the kind that serves."""


def family_of(kind: str) -> ModelFamily:
    """Return the family of a kind of models, or of evaluations."""
    return next(
        family
        for family in FAMILIES.values()
        if kind in (*family.weights, family.champion, family.evaluation)
    )
