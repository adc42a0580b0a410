"""Hooks of MkDocs: the front page from the README, and reference pages made from the code."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
_OUTSIDE = re.compile(r"\]\(\.\./tests/e2e/screenshots/")
_ELSEWHERE = re.compile(r"\[([^\]]+)\]\((?!https?:|#|screenshots/|figures/|[\w/]+\.md)[^)]+\)")
_STATES = {
    0: "done", 1: "failed: one line on standard error says why and what to do",
    2: "wrong arguments", 130: "interrupted (^C)",
}  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file of ``docs`` holds, and the screenshots."""
    pages: dict[str, Callable[[], str]] = {
        "index.md": front_page, "reference/command_line.md": command_line,
        "reference/json.md": json_of_commands, "reference/python.md": python_functions,
        "reference/api.md": api, "reference/parameters.md": parameters,
        "reference/settings.md": settings,
    }  # fmt: skip
    for name, make in pages.items():
        files.append(File.generated(config, name, content=make()))
    for picture in (ROOT / "tests/e2e/screenshots").glob("*.png"):
        name = f"screenshots/{picture.name}"
        files.append(File.generated(config, name, abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let pages find the screenshots, which are outside of ``docs``."""
    return _OUTSIDE.sub("](screenshots/", markdown)


def front_page() -> str:
    """Return the README; its links to ``docs`` are links of the site, others lose their address."""
    text = (ROOT / "README.md").read_text()
    text = text.replace("](docs/", "](").replace("](tests/e2e/screenshots/", "](screenshots/")
    return re.sub(
        r"\[([^\]]+)\]\((?!https?:|#|screenshots/|figures/|[\w/]+\.md)[^)]+\)", r"`\1`", text
    )


def command_line() -> str:
    """Return the exit statuses and the help of every command."""
    from pydantic_settings import CliApp

    from dustjacket.cli.app import Dustjacket

    parts = ["# Command line", "| exit status | |\n|---|---|"]
    parts[1] += "".join(f"\n| {status} | {text} |" for status, text in _STATES.items())
    for name, field in Dustjacket.model_fields.items():
        command = next((t for t in _classes(field.annotation) if hasattr(t, "cli_cmd")), None)
        if command:
            title = name.replace("_", "-")
            parts += [f"## dustjacket {title}", inspect.getdoc(command) or ""]
            usage = re.sub(
                r"^usage: \S+", f"usage: dustjacket {title}", CliApp.format_help(command)
            )
            parts.append(f"```\n{usage}\n```")
    return "\n\n".join(parts)


def _classes(annotation: Any) -> Iterable[type]:
    arguments = getattr(annotation, "__args__", None)
    if arguments:
        for argument in arguments:
            yield from _classes(argument)
    elif inspect.isclass(annotation):
        yield annotation


def json_of_commands() -> str:
    """Return the fields of what ``--json`` prints."""
    from dustjacket.client.answers import CoversAnswer, MatchAnswer, TitleGenres

    parts = ["# JSON of commands", "One line on standard output. Releases may add fields."]
    answers: dict[str, type[BaseModel]] = {
        "genre": TitleGenres,
        "covers": CoversAnswer,
        "match": MatchAnswer,
    }
    for command, model in answers.items():
        parts.append(f"## dustjacket {command} --json")
        parts += list(_model_tables(model))
    return "\n\n".join(parts)


def _model_tables(model: type[BaseModel]) -> Iterable[str]:
    schema = model.model_json_schema()
    yield _fields(schema["properties"])
    for name, part in schema.get("$defs", {}).items():
        yield f"### {name}\n\n{_fields(part['properties'])}"


def python_functions() -> str:
    """Return the functions that ``import dustjacket as dj`` gives, with their documentation."""
    import dustjacket
    from dustjacket.client import notebook

    parts = ["# Python", "`import dustjacket as dj`; the notebook `docs/notebook.ipynb` uses all."]
    for name in dustjacket.NOTEBOOK:
        function = getattr(notebook, name)
        text = inspect.getdoc(function) or ""
        parts.append(f"## dj.{name}\n\n```\ndj.{name}{inspect.signature(function)}\n\n{text}\n```")
    return "\n\n".join(parts)


def api() -> str:
    """Return the operations of the Studio's API."""
    from dustjacket.settings import Settings
    from dustjacket.studio.app import create_app

    nowhere = Settings(_env_file=None, s3_endpoint="http://127.0.0.1:9")
    schema = create_app(nowhere, None, None).openapi()
    parts = ["# The Studio's API", "`openapi.json` of a running Studio has all of it."]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts.append(f"## {method.upper()} {path}\n\n{operation['description']}")
    return "\n\n".join(parts)


def parameters() -> str:
    """Return the parameters of every step: fields of its form, and flags of ``dustjacket run``."""
    from dustjacket.pipeline.steps import STEPS

    parts = ["# Parameters of steps"]
    for name, step in STEPS.items():
        fields = step.parameters.model_json_schema()["properties"]
        parts.append(f"## {name}\n\n{_fields(fields)}" if fields else f"## {name}\n\nIt has none.")
    return "\n\n".join(parts)


def settings() -> str:
    """Return the settings of the platform."""
    from dustjacket.settings import Settings

    fields = Settings.model_json_schema()["properties"]
    named = {f"DUSTJACKET_{name.upper()}": field for name, field in fields.items()}
    return f"# Settings\n\nEnvironment variables.\n\n{_fields(named)}"


def _fields(properties: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| name | default | |", "|---|---|---|"]
    for name, field in properties.items():
        default = field.get("default")
        shown = "" if default is None or default == "" else f"`{default}`"
        lines.append(f"| `{name}` | {shown} | {_cell(field.get('description', ''))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
