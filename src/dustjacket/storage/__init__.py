"""Published versions in S3: published completely and once, verified when read.

In come the settings of the object store and the files of a step; out go manifests, verified files
and ``s3a://`` addresses for Spark. ``host`` keeps what lies on this machine private. Imports only
errors and settings.
"""
