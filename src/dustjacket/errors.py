"""The errors of Dustjacket. The text of each is one line: what is wrong, where, and the cure."""


class DustjacketError(Exception):
    """Base of all errors that a person can act on."""


class BadInputError(DustjacketError):
    """The input is wrong. A retry with the same input cannot succeed."""


class HeldBackError(BadInputError):
    """The input changed more than the configured limits allow; a person must confirm it."""


class NotReadyError(DustjacketError):
    """Something that the step needs is not published, started or reachable yet."""


class UnchangedError(DustjacketError):
    """The result equals the published version, so there is nothing to publish."""


class CorruptVersionError(DustjacketError):
    """A published file is missing, or does not match its manifest."""
