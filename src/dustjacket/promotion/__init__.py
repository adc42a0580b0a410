"""The gate, which says what candidate is better, and the ledger of what serves and served."""

from dustjacket.promotion.gate import Decision, GateInput, Rule, as_facts, decide
from dustjacket.promotion.ledger import Ledger, Record

__all__ = ["Decision", "GateInput", "Ledger", "Record", "Rule", "as_facts", "decide"]
