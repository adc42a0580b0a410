"""Print how the first records of a listing are read."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from dustjacket.catalog.preview import Preview
from dustjacket.catalog.step import FileFacts

_LENGTH, _FILES = 160, 5


def print_preview(preview: Preview, console: Console) -> None:
    """Print files, columns and records, each field on a line, and the reasons for rejections."""
    for file in preview.files[:_FILES]:
        console.print(_heading(file))
        for field, columns in file.columns.items():
            also = f" (also {', '.join(columns[1:])})" if columns[1:] else ""
            console.print(f"  {field} is column {columns[0]!r}{also}")
        if file.unused:
            console.print(f"  not used: {_short(', '.join(map(repr, file.unused)))}")
        for warning in file.warnings:
            console.print(f"  warning: {warning}")
    if len(preview.files) > _FILES:
        console.print(f"and {len(preview.files) - _FILES} more files")
    for name, reason in list(preview.passed_over.items())[:_FILES]:
        console.print(f"{name} is passed over: {reason}")
    for record in preview.records:
        console.print(f"\n{record.file}, record {record.position}")
        for field, text in record.fields.items():
            console.print(f"  {field}: {_short(text)}")
        if record.reason:
            console.print(f"  rejected: {record.reason}: {_short(record.raw)}")
    counted = f"of the first {preview.counted:,} records"
    rejected = preview.rejected_by_reason
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in rejected.most_common())
    console.print(
        f"\n{counted}, {rejected.total():,} are rejected" + (f": {reasons}" * bool(reasons))
    )
    console.print("duplicates and rare genres are known when the whole listing is read")


def notes(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person should know of an ingestion, from its facts: a line for each."""
    for file in facts.get("files", []):
        for warning in file["warnings"]:
            yield f"{file['file']}: {warning}"
    passed_over = facts.get("passed_over", {})
    for name, reason in list(passed_over.items())[:_FILES]:
        yield f"{name} is passed over: {reason}"
    if len(passed_over) > _FILES:
        yield f"and {len(passed_over) - _FILES} more, named in the manifest"
    profile = facts.get("profile") or {}
    if corrections := profile.get("corrections"):
        yield (
            f"corrections changed the genre of {corrections['changed']:,} of the "
            f"{corrections['books']:,} books that have one"
        )
    if lost := profile.get("books_lost"):
        yield f"books of which every row is rejected: {lost:,}"
    if reserved := profile.get("reserved"):
        yield f"no model is trained on {reserved:,} books: their rights holders reserve it"
    if others := profile.get("not_utf8"):
        yield f"{others:,} rows are not UTF-8: see the encoding of each file in the manifest"
    if unread := profile.get("unread_containers"):
        yield f"{unread:,} rows have an object or list without a title, name or genre"


def _heading(file: FileFacts) -> str:
    found = [file.format]
    if file.separator:
        found.append(f"separator {file.separator!r}")
    if file.encoding:
        found.append(f"{file.encoding} ({file.encoding_reason})")
    return f"{file.file}: {', '.join(found)}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"
