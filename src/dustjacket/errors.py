"""The errors of Dustjacket. Each message is one line: what is wrong, where, and how to fix it."""


class DustjacketError(Exception):
    """Base of all errors that a user can fix."""


class BadInputError(DustjacketError):
    """The input is wrong. A retry with the same input cannot succeed."""


class HeldBackError(BadInputError):
    """The input changed more than the configured limits allow; a person must confirm it."""


class MissingVersionError(BadInputError):
    """A version that another one was made from was deleted."""


class NotReadyError(DustjacketError):
    """A requirement is not published, not running or not reachable yet."""


class UnchangedError(DustjacketError):
    """The result equals the published version, so there is nothing to publish."""


class CorruptVersionError(DustjacketError):
    """A published file is missing, or does not match its manifest."""
