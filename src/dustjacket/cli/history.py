"""The commands about promotions: show their history, and roll one back."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag, CliPositionalArg
from rich.text import Text

from dustjacket.cli.context import console, open_store, print_json
from dustjacket.pipeline.families import FAMILIES
from dustjacket.pipeline.kinds import Kind
from dustjacket.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dustjacket.promotion.ledger import LedgerRecord


Champion = Literal[Kind.COVER_CLIP, Kind.COVER_GENERATOR]


class ShowHistory(BaseModel):
    """Show every promotion, refusal and rollback, or which version served at a given time."""

    kind: Champion = Field(
        Kind.COVER_CLIP, description="what is promoted: the search's model or the cover generator"
    )
    at: datetime | None = Field(
        None, description="show only what served at this date or time (UTC if no zone is given)"
    )
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.promotion.ledger import Ledger, serving

        family = FAMILIES[self.kind]
        records = Ledger(open_store()).of_family(family)
        if not any(record.to for record in records):
            serves = "the starting weights serve" if family.starting else "none serves"
            console.print(f"nothing was promoted yet: {serves}")
        if self.at:
            moment = self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)
            self._show_moment(moment, records)
        elif self.as_json:
            print_json([record.model_dump(mode="json", by_alias=True) for record in records])
        else:
            _print_records(records, serving(records))

    def _show_moment(self, moment: datetime, records: "Sequence[LedgerRecord]") -> None:
        from dustjacket.promotion.ledger import serving

        champion = serving(records, moment)
        # Before the first promotion, the version that it replaced was serving.
        replaced_first = next((record.from_ for record in records if record.to), None)
        version = champion.to if champion else replaced_first
        if self.as_json:
            record = champion and champion.model_dump(mode="json", by_alias=True)
            print_json({"at": moment.isoformat(), "serves": version, "record": record})
        elif version:
            since = (
                f"since {champion.at:%Y-%m-%d %H:%M:%S} UTC"
                if champion
                else "before the first promotion"
            )
            console.print(f"{version} served, {since}", soft_wrap=True)


def _print_records(records: "Sequence[LedgerRecord]", champion: "LedgerRecord | None") -> None:
    for record in records:
        mark = " ←" if record == champion else ""
        stays = f"{record.from_} stays" if record.from_ else "none serves"
        outcome = f" serves as {record.to}" if record.to else f": {stays}"
        console.print(
            Text(f"{record.number}  {record.action.replace('_', ' ')}", "bold"),
            f"{mark}  {record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, by {record.who}\n"
            f"   {record.model}{outcome}\n   {record.why}",
            sep="",
            soft_wrap=True,
        )


class Rollback(BaseModel):
    """Bring back an earlier champion, and the index of its covers, by a run of a DAG."""

    version: CliPositionalArg[str | None] = Field(
        None, description="a version that served before; empty: the one before the champion"
    )

    kind: Champion = Field(
        Kind.COVER_CLIP, description="what to bring back: the search's model or the generator"
    )

    comment: str = Field("", max_length=500, description="why; recorded in the ledger")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.cli.airflow_api import AirflowApi
        from dustjacket.cli.follow import wait_for_run
        from dustjacket.promotion.ledger import Ledger, rollback_target

        family = FAMILIES[self.kind]
        # Raises before any run.
        rollback_target(Ledger(open_store()).of_family(family), self.version)
        version = self.version and self.version.rpartition("/")[2]
        api = AirflowApi(load_settings())
        run = api.trigger(
            family.rollback_dag, {"version": version, "comment": self.comment or None}
        )
        wait_for_run(api, run)
        rollback = next(
            record
            for record in Ledger(open_store()).records()
            if record.dag_run_id == run.dag_run_id
        )
        console.print(f"{rollback.to} serves: {rollback.why}")
