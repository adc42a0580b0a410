"""The gate: which candidate may take the champion's place."""

from dustjacket.promotion.gate import Decision, decide

__all__ = ["Decision", "decide"]
