"""MLflow run of an ingestion of a listing: metrics, profile and examples of rejected rows."""

import mlflow
import pandas as pd

from dustjacket.catalog.figures import statistics_figure
from dustjacket.catalog.statistics import CatalogStatistics
from dustjacket.records.expectations import VIOLATIONS, BrokenRules


def track(
    statistics: CatalogStatistics,
    rejects: pd.DataFrame,
    verdict: str,
    broken: BrokenRules | None = None,
) -> None:
    """Log an ingestion to the active run."""
    metrics = {
        "rows_read": statistics.rows_read,
        "rows_accepted": statistics.rows_accepted,
        "rows_rejected": statistics.rows_read - statistics.rows_accepted,
        "without_author": statistics.without_author,
        "several_genres": statistics.several_genres,
        **{f"rejected.{name}": n for name, n in statistics.rejected_by_reason.items()},
    }
    mlflow.set_tag("verdict", verdict)
    mlflow.log_metrics({name: float(value) for name, value in metrics.items()})
    mlflow.log_dict(statistics.model_dump(mode="json"), "profile.json")
    genres = pd.DataFrame(
        {"genre": list(statistics.genres), "books": list(statistics.genres.values())}
    )
    mlflow.log_table(genres, "genres.json")
    mlflow.log_table(rejects, "rejected_rows.json")
    if broken:
        mlflow.log_table(broken.table(), VIOLATIONS)
    mlflow.log_figure(statistics_figure(statistics), "profile.png")
