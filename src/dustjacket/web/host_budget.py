"""How long a run bears with hosts that fail or stand still, before it gives them up."""

import time
from collections import defaultdict
from dataclasses import dataclass

_FAILURES = 100
"""Failures in a row, however quick, that use a host's patience up."""
_RESTORED_S = 5.0
"""Seconds that a success gives back."""
_LONGEST_PAUSE_S = 10.0
_HOSTS = 5
"""Hosts standing still all the time that use the patience with all of them up."""


@dataclass
class _Host:
    left_s: float
    resumes_at: float = 0.0


class HostBudget:
    """Seconds of connections that may be lost, for each host and for all of them together.

    One run shares it, so a host that was given up stays so. It is no network's clock: seconds that
    two connections lose at once count twice.
    """

    def __init__(self, seconds: float, per_host: int, connections: int) -> None:
        """Begin with full patience.

        Args:
            seconds: that a host may stand still on all of its connections.
            per_host, connections: to one host and in all.
        """
        self._per_host = per_host
        self._full_s = seconds * per_host
        self._all_s = self._all_left_s = seconds * connections * _HOSTS
        self._hosts: dict[str, _Host] = defaultdict(lambda: _Host(self._full_s))

    def is_over(self, host: str) -> bool:
        """Return whether nothing more is asked of ``host``."""
        return self._hosts[host].left_s <= 0 or self._all_left_s <= 0

    def lose(self, host: str, seconds: float, pause_s: float) -> None:
        """Count a failure that took ``seconds``; the host asked for ``pause_s`` seconds of rest.

        It gets some of them, at the cost of what its connections could have done.
        """
        known, now = self._hosts[host], time.monotonic()
        until = now + min(pause_s, _LONGEST_PAUSE_S)
        rest_s = max(0.0, until - max(known.resumes_at, now))
        known.resumes_at = max(known.resumes_at, until)
        known.left_s -= max(seconds, self._full_s / _FAILURES) + rest_s * self._per_host
        self._all_left_s -= seconds

    def restore(self, host: str) -> None:
        """Count a success."""
        known = self._hosts[host]
        known.left_s = min(self._full_s, known.left_s + _RESTORED_S)
        self._all_left_s = min(self._all_s, self._all_left_s + _RESTORED_S)

    def pause_s(self, host: str) -> float:
        """Return the seconds of rest that ``host`` still asked for; none once it is given up."""
        if self.is_over(host):
            return 0.0
        return max(0.0, self._hosts[host].resumes_at - time.monotonic())
