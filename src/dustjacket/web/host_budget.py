"""How much connection time one run may lose to failing or unresponsive hosts.

Rules, with B = ``seconds * per_host`` as the budget of one host:

- A transient failure costs its duration, and at least B / 100: a host that fails fast is given up
  after 100 failures in a row.
- A success refunds 5 s.
- Waiting as a server requested (Retry-After) costs the time that all connections to it lose.
- All hosts share a budget of 5 times ``seconds * connections``: when it is spent, all hosts are
  given up, so that a source whose hosts are all dead ends in bounded time.
"""

import time
from collections import defaultdict
from dataclasses import dataclass

_FAILURES_TO_SPEND = 100
_REFUND_S = 5.0
_MAX_PAUSE_S = 10.0
_HOSTS_TO_SPEND = 5
"""Hosts that are unresponsive on all connections all the time and together spend the budget."""


@dataclass
class _Host:
    left_s: float
    resumes_at: float = 0.0


class HostBudget:
    """Connection-seconds that may be lost, per host and in total.

    Shared by all fetches of one run, so a host that was given up stays given up. These are not
    seconds of wall-clock time: two connections that wait for one second cost two.
    """

    def __init__(self, seconds: float, per_host: int, connections: int) -> None:
        """Make an unspent budget.

        Args:
            seconds: that a host may be unresponsive on all of its connections.
            per_host, connections: connections open at a time, to one host and in total.
        """
        self._per_host = per_host
        self._host_budget_s = seconds * per_host
        self._total_budget_s = self._total_left_s = seconds * connections * _HOSTS_TO_SPEND
        self._hosts: dict[str, _Host] = defaultdict(lambda: _Host(self._host_budget_s))

    def is_spent(self, host: str) -> bool:
        """Return whether ``host`` is given up."""
        return self._hosts[host].left_s <= 0 or self._total_left_s <= 0

    def charge(self, host: str, seconds: float, pause_s: float) -> None:
        """Count a failure.

        Args:
            seconds: that the failed fetch took.
            pause_s: that the host requested to be left alone; granted up to 10 s.
        """
        state, now = self._hosts[host], time.monotonic()
        until = now + min(pause_s, _MAX_PAUSE_S)
        new_pause_s = max(0.0, until - max(state.resumes_at, now))
        state.resumes_at = max(state.resumes_at, until)
        cost_s = max(seconds, self._host_budget_s / _FAILURES_TO_SPEND)
        state.left_s -= cost_s + new_pause_s * self._per_host
        self._total_left_s -= seconds

    def refund(self, host: str) -> None:
        """Count a success."""
        state = self._hosts[host]
        state.left_s = min(self._host_budget_s, state.left_s + _REFUND_S)
        self._total_left_s = min(self._total_budget_s, self._total_left_s + _REFUND_S)

    def pause_s(self, host: str) -> float:
        """Return the seconds to wait before the next request; 0 once the host is given up."""
        if self.is_spent(host):
            return 0.0
        return max(0.0, self._hosts[host].resumes_at - time.monotonic())
