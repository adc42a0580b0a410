"""Whether a candidate is better than the champion, on the same held-out covers."""

from dataclasses import dataclass
from typing import Literal

from dustjacket.parameters import EvaluationParameters

Verdict = Literal["promoted", "not_better", "insufficient"]


@dataclass(frozen=True)
class Decision:
    """The gate's verdict, and the reason in one sentence."""

    verdict: Verdict
    reason: str

    @property
    def promoted(self) -> bool:
        """Whether the candidate takes the champion's place."""
        return self.verdict == "promoted"


def decide(
    champion: float, candidate: float, test_covers: int, parameters: EvaluationParameters
) -> Decision:
    """Compare the title-to-cover recall@10 of two models on the same ``test_covers`` covers."""
    figures = f"{candidate:.3f} against the champion's {champion:.3f}, on {test_covers} test covers"
    if test_covers < parameters.min_test_covers:
        return Decision(
            "insufficient",
            f"title-to-cover recall@10 is {figures}: fewer than {parameters.min_test_covers}, "
            "too few to tell, so the champion stays",
        )
    if candidate - champion > parameters.min_gain:
        return Decision("promoted", f"title-to-cover recall@10 is {figures}")
    gain = f" by more than {parameters.min_gain}" if parameters.min_gain else ""
    return Decision("not_better", f"title-to-cover recall@10 is {figures}: not better{gain}")
