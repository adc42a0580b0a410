"""The sections of the report, one module for each group of results that changes together."""
