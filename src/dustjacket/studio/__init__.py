"""The Studio: a web page and an API that serve the published models.

In: titles, pictures of covers, and CSV files of titles, as HTTP requests. Out: genres, covers, and
match scores as JSON, with the versions that made them. The models run in a process of their own
(``server``); inside Airflow, a plugin forwards requests to that process (``proxy``). The Studio is
an entrance: it may import every other room but the command line, orchestration and evaluation.
"""
