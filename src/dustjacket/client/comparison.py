"""Comparisons of models, as a figure and a table, from the facts of what was published."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MODELS = {"champion": "champion", "fine_tuned": "candidate"}
_DIRECTIONS = {"title_to_cover": "title → cover", "cover_to_title": "cover → title"}


@dataclass(frozen=True)
class ModelComparison:
    """Models and one figure of each.

    Attributes:
        table: a row for each bar: its name, ``value``, and the bounds ``low`` and ``high``.
        label: what the value is.
        conclusion: what followed.
    """

    table: "pd.DataFrame"
    label: str
    conclusion: str

    def figure(self) -> "Figure":
        """Draw a bar with its interval for each row."""
        from matplotlib.figure import Figure

        rows = self.table.iloc[::-1]
        figure = Figure(figsize=(7, 0.5 * len(rows) + 1.2), layout="constrained")
        axes = figure.subplots()
        errors = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
        axes.barh(rows["name"], rows["value"], xerr=errors, color="#3b6ea8", ecolor="#555")
        axes.set(xlabel=self.label, xlim=(0, 1))
        axes.set_title(self.conclusion, loc="left", fontsize=9, wrap=True)
        return figure

    def _repr_png_(self) -> bytes:
        body = io.BytesIO()
        self.figure().savefig(body, format="png", dpi=110)
        return body.getvalue()

    def _repr_html_(self) -> None:
        """Leave the picture to a notebook."""


def compare_clip(facts: Mapping[str, Any]) -> ModelComparison:
    """Compare candidate and champion by recall@10, from the facts of an evaluation.

    The bounds are those of the 95 % intervals that the evaluation published.
    """
    import pandas as pd

    rows = [
        {
            "name": f"{name}, {shown}",
            "value": facts[model][direction]["recall_at_10"],
            **_bounds(facts[model]["intervals"][direction]["recall_at_10"]),
        }
        for direction, shown in _DIRECTIONS.items()
        for model, name in _MODELS.items()
    ]
    chance = facts["chance"]["recall_at_10"]
    rows.append({"name": "chance", "value": chance, "low": chance, "high": chance})
    conclusion = f"{facts['verdict']}: {facts['reason']}"
    return ModelComparison(pd.DataFrame(rows), "recall@10 on held-out covers", conclusion)


def compare_classifiers(facts: Mapping[str, Any]) -> ModelComparison:
    """Compare the candidates of a selection by their mean over the folds, ± one deviation."""
    import pandas as pd

    rows = [
        {
            "name": candidate["name"] + (" ←" if candidate["name"] == facts["selected"] else ""),
            "value": candidate["cv_mean"],
            "low": candidate["cv_mean"] - candidate["cv_std"],
            "high": candidate["cv_mean"] + candidate["cv_std"],
        }
        for candidate in facts["candidates"]
    ]
    rows.sort(key=lambda row: -row["value"])
    conclusion = f"{facts['verdict']}: {facts['reason']}"
    return ModelComparison(
        pd.DataFrame(rows), "cross-validated mean ± deviation of folds", conclusion
    )


def _bounds(interval: tuple[float, float]) -> dict[str, float]:
    return dict(zip(("low", "high"), interval, strict=True))
