"""Content Credentials (C2PA): a signed manifest in a cover, by a team's own certificate."""

import io
import json
from pathlib import Path
from typing import Literal

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.typesetting.provenance import SOURCE_TYPES, Provenance

SignedForm = Literal["png", "jpeg", "svg"]
SIGNED_FORMS: tuple[SignedForm, ...] = ("png", "jpeg", "svg")
"""The C2PA library writes no manifest into a PDF; XMP is there in every format."""
_MIME_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}
_ALGORITHM = "ES256"
_MAX_PEM_BYTES = 1 << 20


def sign_cover(
    body: bytes,
    form: SignedForm,
    title: str,
    provenance: Provenance,
    *,
    certificate: Path,
    key: Path,
) -> bytes:
    """Return a file with a C2PA manifest that says how its art was made.

    A signature has a random part, so two files differ in it.

    Args:
        certificate: PEM file of the chain, the signer's certificate first.
        key: PEM file of its private key, of the curve P-256, in PKCS 8.

    Raises:
        BadInputError: a file cannot be read, or they are no certificate and key that may sign.
        NotReadyError: the extra `c2pa` is not installed.
    """
    try:
        from c2pa import Builder, C2paError, C2paSignerInfo, Signer
    except ImportError as error:
        raise NotReadyError(
            "c2pa-python is not installed: install Dustjacket with the extra `c2pa`"
        ) from error
    action = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPES + provenance.source_type,
        "softwareAgent": {"name": provenance.generator},
        "parameters": {
            "conditioner": provenance.conditioner,
            "seed": str(provenance.seed),
            "prompt_sha256": provenance.prompt_sha256,
        },
    }
    manifest = {
        "claim_generator_info": [{"name": "Dustjacket"}],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    chain, secret = _read_pem(certificate), _read_pem(key)
    signed = io.BytesIO()
    try:
        info = C2paSignerInfo(_ALGORITHM.lower().encode(), chain, secret, None)
        signer = Signer.from_info(info)
        Builder(json.dumps(manifest)).sign(signer, _MIME_TYPES[form], io.BytesIO(body), signed)
    except C2paError as error:
        reason = str(error).splitlines()[0]
        raise BadInputError(
            f"{certificate} and {key} cannot sign a cover: {reason}; they must be a chain for "
            f"document signing and its {_ALGORITHM} key, both PEM"
        ) from error
    return signed.getvalue()


def _read_pem(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(_MAX_PEM_BYTES)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; check its path") from error
    if not body.startswith(b"-----BEGIN "):
        raise BadInputError(f"{path} is no PEM file")
    return body
