"""Facts of a classifier: what a selection publishes can be read back."""

from dustjacket.genres.step import ClassifierFacts


def test_the_mean_of_a_metric_over_folds_is_a_fact():
    facts = ClassifierFacts(
        selected="vote", model_version="1", candidates=[], test={"accuracy": 0.5},
        down_weighted=0.612, verdict="promoted", reason="there is no champion yet",
    )  # fmt: skip
    assert facts.down_weighted == 0.612
