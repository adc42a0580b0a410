"""Health check of one server: superlance's ``httpok`` that waits for a server still starting.

httpok is meant to retry a refused connection until its timeout, but it cannot: its own connection
class loses the error number, and the standard class takes no second request. So a check could
restart a server during its start or its database migration.
"""

from http.client import HTTPConnection

from superlance.httpok import HTTPOk, main  # type: ignore[import-untyped]  # has no types or stubs
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

_RETRY_S = 1.0


class RetryingConnection(HTTPConnection):
    """Retries a refused connection until its timeout."""

    def connect(self) -> None:
        """Connect.

        Raises:
            TimeoutError: no server accepted the connection before the timeout.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(ConnectionRefusedError),
            stop=stop_after_delay(self.timeout or 0),
            wait=wait_fixed(_RETRY_S),
            reraise=True,
        )
        try:
            retrying(super().connect)
        except ConnectionRefusedError as error:
            # httpok would retry the original error, then report that a request cannot be sent.
            raise TimeoutError(f"no server listened for {self.timeout} s") from error


HTTPOk.connclass = RetryingConnection

if __name__ == "__main__":
    main()
