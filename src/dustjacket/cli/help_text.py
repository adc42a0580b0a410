"""The help of the command line: a usage that fits the screen, values by what they are."""

import argparse
import re
from typing import Any

_MAX_FLAGS = 20
_VALUES = (
    (r"tuple\[\{(.*?)\},\.\.\.\]", r"{\1},..."),
    (r"tuple\[str,\.\.\.\]", "TEXT,..."),
    (r"\bstr\b", "TEXT"),
    (r"\bint\b", "INTEGER"),
    (r"\bfloat\b", "NUMBER"),
    (r"\bPath\b", "PATH"),
    (r"\bbool\b", "on|off"),
)
"""Types as the parser names them, and what a person types."""
_NO_DEFAULT = re.compile(r" ?\(default: (?:null|None|\(\)|\{\}|)\)")


class HelpText(argparse.RawDescriptionHelpFormatter):
    """Help of a command; a command of many flags lists them below the usage only."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
        """Add the usage, without the flags if they are many."""
        if usage is None and len([*actions]) > _MAX_FLAGS:
            usage = "%(prog)s [--FLAG VALUE ...]"
        super().add_usage(usage, actions, groups, prefix)

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        text = super()._format_args(action, default_metavar)
        for named, typed in _VALUES:
            text = re.sub(named, typed, text)
        return text

    def _expand_help(self, action: argparse.Action) -> str:
        return _NO_DEFAULT.sub("", super()._expand_help(action))
