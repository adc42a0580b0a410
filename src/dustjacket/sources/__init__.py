"""Read data of unknown quality: CSV, JSON Lines and Parquet, local, in S3 or on the web.

In come addresses of files; out go rows with their exact origin, each with values or a reason for
its rejection. Imports storage, web, errors and settings.
"""
