"""What can go wrong, as one family: each error says what was wrong, where, and what to do."""


class DustjacketError(Exception):
    """An error a person can act on; its text is one line naming the input and the cure."""


class BadInputError(DustjacketError):
    """The input itself is wrong: trying again without changing it cannot help."""


class HeldBackError(BadInputError):
    """The input has changed more than may be without a person's word."""


class NotReadyError(DustjacketError):
    """Something this step needs has not been published or started yet."""


class UnchangedError(DustjacketError):
    """The work came to what is published already, so there is nothing to publish."""


class CorruptVersionError(DustjacketError):
    """A published file does not match its manifest."""
