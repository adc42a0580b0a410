"""EPUB files for tests."""

import io
import zipfile

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="{path}" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def opf(metadata: str, manifest: str = "", rest: str = "", version: str = "3.0") -> bytes:
    """Return a package file."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" '
        f'version="{version}" unique-identifier="uid">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>'
        f"<manifest>{manifest}</manifest>{rest}</package>"
    ).encode()


def epub(package: bytes, path: str = "OEBPS/content.opf", **members: bytes) -> bytes:
    """Return an EPUB with a package file and members; in their names, ``__`` is a slash."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER.format(path=path))
        archive.writestr(path, package)
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return body.getvalue()
