from collections.abc import Callable
from http.client import HTTPConnection
from xmlrpc.client import Transport

class SupervisorTransport(Transport):
    _get_connection: Callable[[], HTTPConnection]
    def __init__(self, username: str | None, password: str | None, serverurl: str) -> None: ...
