"""Covers: images of book covers, from a messy source to a published version.

In: tables of any format that name images (paths, URLs, ISBNs) or hold them, folders and archives of
these, or images named ``Title - Author``. Out: shards of normalised images (tar, as webdataset
reads them), and as Parquet an index of the accepted covers, the rejected rows with their reasons,
and pairs of near-duplicates.

Modules, in the order of the data: ``source`` and ``packs`` (files of the source), ``tables``,
``image_values``, ``image_names``, ``locate``, ``find`` (a row for each cover, with its image file
or URL), ``fetch`` (read or download images), ``check`` and ``hashes`` (validate, normalise, hash),
``normalise`` and ``shards`` (one shard per task), ``near`` and ``decide`` (duplicates, splits),
``publish`` (index), ``result`` and ``reasons``, ``track``. ``read`` reads a version.

All of it are plain functions; Spark, where there is one, runs the tasks of ``normalise``.

May import ``pipeline``, ``records``, ``storage``, ``sources``, ``tracking``, ``web``, ``identity``,
``splits``, ``errors`` and ``settings``.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    """This room, which in a notebook is also the function ``dustjacket.covers``."""

    def __call__(self, title: str, *arguments: Any, **options: Any) -> Any:
        """Find covers, see :func:`dustjacket.client.notebook.covers`."""
        notebook = import_module("dustjacket.client.notebook")
        return notebook.covers(title, *arguments, **options)


sys.modules[__name__].__class__ = _CallableRoom
