"""The paper's figures can be shown without Spark."""

import sys
from subprocess import run


def test_the_papers_figures_are_read_without_spark():
    code = "import sys; sys.modules['pyspark'] = None; from dustjacket.genres.paper import PAPER"
    run([sys.executable, "-c", code], check=True)
