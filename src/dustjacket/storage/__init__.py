"""Published versions in S3: published completely and once, verified when read.

In come the settings of the object store and the files of a step; out go manifests, verified files
and addresses for Spark. ``folder`` takes the place of the bucket on one machine. ``host`` keeps
what lies on this machine private. Imports only errors and settings.
"""
