import datetime
import io
import json

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.provenance import Provenance
from dustjacket.typesetting.render import render
from dustjacket.typesetting.signing import SIGNED_FORMS, sign_cover
from dustjacket.typesetting.style import HouseStyle

MADE = Provenance(generator="generator 7", conditioner="clip 3", seed=11)


def name(text):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Press"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def certificate(subject, issuer, public, signing_key, issuer_public, *, is_ca):
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False,
                data_encipherment=False, key_agreement=False, key_cert_sign=is_ca, crl_sign=is_ca,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not is_ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, critical=False)
    return builder.sign(signing_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pem")
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_public = root.public_key()
    chain = certificate("Team", "Root", leaf.public_key(), root, root_public, is_ca=False)
    chain += certificate("Root", "Root", root_public, root, root_public, is_ca=True)
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(
        leaf.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {"certificate": folder / "chain.pem", "key": folder / "key.pem"}


@pytest.mark.parametrize("form", SIGNED_FORMS)
def test_a_signed_cover_says_how_its_art_was_made(pem, art, art_png, form):
    layout = lay_out(art, Book("The Moon"), HouseStyle(), 1, provenance=MADE)
    signed = sign_cover(render(layout, art_png, form), form, "The Moon", MADE, **pem)
    mime = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}[form]
    stored = json.loads(c2pa.Reader(mime, io.BytesIO(signed)).json())
    manifest = stored["manifests"][stored["active_manifest"]]
    actions = next(
        assertion["data"]["actions"]
        for assertion in manifest["assertions"]
        if assertion["label"].startswith("c2pa.actions")
    )
    assert actions[0]["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert actions[0]["softwareAgent"]["name"] == "generator 7"
    failures = stored.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    assert {failure["code"] for failure in failures} <= {"signingCredential.untrusted"}


def test_wrong_files_are_refused_in_one_line(pem, art_png, tmp_path):
    (tmp_path / "no.pem").write_text("hello")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAA==\n")
    for chain, message in (
        (tmp_path / "no.pem", "no PEM file"),
        (tmp_path / "none.pem", "No such file"),
        (tmp_path / "broken.pem", "cannot sign a cover"),
    ):
        with pytest.raises(BadInputError, match=message) as error:
            sign_cover(art_png, "png", "A", MADE, certificate=chain, key=pem["key"])
        assert "\n" not in str(error.value)
