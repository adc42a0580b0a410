"""MLflow: runs of steps, registered models and their aliases, and links to run pages.

Takes the settings that name the server, and plain values or published versions to log. Returns
runs, model versions and addresses. Imports storage, settings and errors.
"""
