"""Covers: images of book covers, from a messy source to a published version.

In: tables that name images (paths or URLs), or folders of images named ``Title - Author``.
Out: shards of normalised images (tar), and as Parquet an index of the accepted covers, the rejected
rows with their reasons, and pairs of near-duplicates.

Modules, in the order of the data: ``source`` (stage files in S3), ``tables``, ``locate``, ``find``
(a row for each cover, with its image file or URL), ``fetch`` (read or download images), ``check``
and ``hashes`` (validate, normalise, hash), ``normalise`` and ``shards`` (one shard per Spark task),
``deduplicate`` and ``groups`` (duplicates, splits), ``publish`` (index). ``read`` reads a version.

May import ``pipeline``, ``storage``, ``sources``, ``tracking``, ``web``, ``splits``, ``errors`` and
``settings``.
"""
