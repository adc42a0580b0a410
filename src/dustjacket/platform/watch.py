"""Watch one server: superlance's ``httpok``, made to wait for a server that is still starting.

httpok means to try a refused connection again until its timeout. It cannot: its own connection
loses the error's number, and the standard one does not take a second request. So a tick of its
clock would restart a server in the middle of its start, or of its database's migration.
"""

import time
from http.client import HTTPConnection

from superlance.httpok import HTTPOk, main

_AGAIN_S = 1.0


class PatientConnection(HTTPConnection):
    """Connects as soon as somebody listens, for as long as its timeout."""

    def connect(self) -> None:
        """Connect.

        Raises:
            ConnectionRefusedError: nobody listened until the timeout.
        """
        deadline = time.monotonic() + (self.timeout or 0)
        while True:
            try:
                return super().connect()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_AGAIN_S)


HTTPOk.connclass = PatientConnection

if __name__ == "__main__":
    main()
