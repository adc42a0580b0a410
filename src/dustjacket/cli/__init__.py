"""The command line: start the platform, run the pipeline, query what is published, report.

In: flags, and the settings of the environment. Out: text, JSON, and the report of a run.
It is an entrance, like the DAGs and the Studio: it may import every other room but those two.
"""
