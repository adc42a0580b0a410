"""Weights that installed Python packages contain, so that no download is needed."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dustjacket.errors import NotReadyError

SHA256 = {
    "efficientnet-lite0-57934424.pth": (
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    ),
    "efficientnet-lite2-9656183e.pth": (
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    ),
    # Of the official repository sentence-transformers/all-MiniLM-L6-v2, revision 1110a243.
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    # Made by `make generator-weights`; see docs/generation.md.
    "starting_decoder.safetensors": (
        "f7cc2e83d629cc9fcac9f982220d8bbca7333fb4642307a9571bc1834840818e"
    ),
}
"""The only content that is loaded, by file name: anybody may publish a package of this name."""


@cache
def find_weights(package: str, name: str) -> Path | None:
    """Return a file of a package, without importing the package.

    The other files beside it that ``SHA256`` names are checked too.

    Args:
        name: of the file, one of ``SHA256``.

    Returns:
        None if the package is not installed, or has no such file.

    Raises:
        NotReadyError: a file is not the expected one.
    """
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        return None
    path = next(iter(sorted(Path(spec.origin).parent.rglob(name))), None)
    if path is None:
        return None
    for file in sorted(path.parent.iterdir()):
        if file.name not in SHA256:
            continue
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        if digest != SHA256[file.name]:
            raise NotReadyError(
                f"{file} is not the file that Dustjacket was tested with: install {package} again"
            )
    return path
