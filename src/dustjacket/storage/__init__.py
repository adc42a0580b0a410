"""Published versions in S3: published completely and once, verified when read.

In come the settings of the object store and the files of a step; out go manifests, verified files
and ``s3a://`` addresses for Spark. Imports only errors and settings.
"""
