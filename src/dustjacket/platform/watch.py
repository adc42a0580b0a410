"""Watch one server: superlance's ``httpok``, made to wait for a server that is still starting.

httpok means to try a refused connection again until its timeout. It cannot: its own connection
loses the error's number, and the standard one does not take a second request. So a tick of its
clock would restart a server in the middle of its start, or of its database's migration.
"""

from http.client import HTTPConnection

from superlance.httpok import HTTPOk, main  # type: ignore[import-untyped]  # has no types or stubs
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

_AGAIN_S = 1.0


class PatientConnection(HTTPConnection):
    """Connects as soon as somebody listens, for as long as its timeout."""

    def connect(self) -> None:
        """Connect.

        Raises:
            TimeoutError: nobody listened until the timeout.
        """
        patiently = Retrying(
            retry=retry_if_exception_type(ConnectionRefusedError),
            stop=stop_after_delay(self.timeout or 0),
            wait=wait_fixed(_AGAIN_S),
            reraise=True,
        )
        try:
            patiently(super().connect)
        except ConnectionRefusedError as error:
            # As it was, httpok would wait once more, then say that a request cannot be sent.
            raise TimeoutError(f"nobody listened for {self.timeout} s") from error


HTTPOk.connclass = PatientConnection

if __name__ == "__main__":
    main()
