"""The commands about the platform's servers: up, down, status, doctor."""

import sys
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag, CliPositionalArg

from dustjacket.cli.context import console, open_store, print_json
from dustjacket.settings import load_settings


class Up(BaseModel):
    """Start the embedded platform, or those of its servers that are down."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform import print_addresses, up

        print_addresses(up(), console)


class Down(BaseModel):
    """Stop the embedded platform and all its processes."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform import down

        down()


class ShowStatus(BaseModel):
    """Show servers and steps; what serves, runs, failed, waits for a person, fills the disk."""

    why: str = Field("", description="list every change that makes this step run again")
    as_json: CliImplicitFlag[bool] = Field(
        False, alias="json", description="print servers, steps and operations as JSON"
    )

    def cli_cmd(self) -> None:
        """Run the command; the exit status is 1 unless every server is healthy."""
        from dustjacket.cli.step_status import (
            print_operations,
            print_step_status,
            print_why,
            step_rows,
        )
        from dustjacket.platform import print_status, status
        from dustjacket.upkeep.operations import operations

        if self.why:
            print_why(self.why, console)
            return
        servers = status()
        healthy = bool(servers) and all(server.healthy for server in servers)
        steps = step_rows() if healthy else []
        work = operations(open_store(), load_settings().home) if healthy else None
        if self.as_json:
            found: dict[str, Any] = {"servers": [asdict(server) for server in servers]}
            more = work.model_dump(mode="json") if work else {}
            print_json(found | {"steps": steps} | more)
        else:
            print_status(servers, console)
            if work:
                print_step_status(steps, console)
                print_operations(work, console)
            elif servers:
                console.print("The state of the steps is unknown while a server is unhealthy.")
        if not healthy:
            sys.exit(1)


class Doctor(BaseModel):
    """Check settings, servers, logins, clocks, Java, disk and hardware; name the cure of each.

    The object store is probed with many writers of one key, which takes some seconds.
    """

    as_json: CliImplicitFlag[bool] = Field(
        False, alias="json", description="print the findings as JSON"
    )

    def cli_cmd(self) -> None:
        """Run the command; the exit status is 1 if a check failed."""
        from dustjacket.platform.doctor import examine, print_findings

        findings = examine()
        if not any(each.state == "failed" for each in findings) and load_settings().mlflow_uri:
            # MLflow takes seconds to import.
            from dustjacket.upkeep.aliases import check_aliases

            findings += check_aliases(load_settings())
        if self.as_json:
            print_json([asdict(finding) for finding in findings])
        else:
            print_findings(findings, console)
        if any(finding.state == "failed" for finding in findings):
            sys.exit(1)


class Serve(BaseModel):
    """Run one server in the foreground, as a container does: mlflow, or a part of Airflow.

    Addresses and secrets of all servers come from the environment.
    """

    name: CliPositionalArg[str] = Field(
        description="mlflow, airflow-api, airflow-scheduler, airflow-dag-processor or "
        "airflow-triggerer"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.serve import serve

        serve(self.name, console)


class Init(BaseModel):
    """Prepare a team's servers: Airflow's database, the bucket, and a probe of the object store."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.serve import prepare

        prepare(console)
