"""The check of names and passwords, which slows down repeated wrong passwords."""

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from werkzeug.security import check_password_hash, generate_password_hash

from dustjacket.errors import DustjacketError
from dustjacket.platform.accounts import Role, load_accounts

WRONG_PASSWORDS = parse("5/minute")
"""Wrong passwords for one name, or for all unknown names together, before more are refused."""
_UNKNOWN = ""


class TooManyAttemptsError(DustjacketError):
    """Passwords for this name are not checked for now."""

    retry_after_s = WRONG_PASSWORDS.get_expiry()


class Logins:
    """Checks logins, in one process, against the accounts in ``home``."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        # A hash takes 32 MiB and a tenth of a second, so one is computed at a time.
        self._lock = Lock()
        self._key = secrets.token_bytes(32)
        self._right: dict[str, bytes] = {}
        self._hash_of_nobody = generate_password_hash(secrets.token_hex())

    def role_of(self, name: str, password: str, own: Mapping[str, str]) -> Role | None:
        """Return the role of an account, or None if the name or the password is wrong.

        Args:
            own: passwords of the platform's own accounts, by name. They are random and long, so a
                right one is accepted after any number of wrong ones, and others cannot lock the
                platform out.

        Raises:
            TooManyAttemptsError: wrong passwords were sent too often.
        """
        if name in own and hmac.compare_digest(own[name].encode(), _encoded(password)):
            return "admin"
        account = load_accounts(self._home).get(name) if name not in own else None
        stored = account.password_hash if account else self._hash_of_nobody
        digest = hmac.digest(self._key, stored.encode() + b":" + _encoded(password), "sha256")
        counted = name if account or name in own else _UNKNOWN
        with self._lock:
            # Who logged in with this password before is not locked out by another's guesses.
            if account and hmac.compare_digest(self._right.get(name, b""), digest):
                return account.role
            if not self._limiter.test(WRONG_PASSWORDS, counted):
                raise TooManyAttemptsError(
                    f"too many wrong passwords: try again in {WRONG_PASSWORDS.get_expiry()} seconds"
                )
            # A stored password is printable; others may have characters that cannot be encoded.
            if password.isprintable() and check_password_hash(stored, password) and account:
                self._right[name] = digest
                self._limiter.clear(WRONG_PASSWORDS, counted)
                return account.role
            self._limiter.hit(WRONG_PASSWORDS, counted)
            return None


def _encoded(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
