#!/bin/sh
# Pin all packages that pyproject.toml needs, and what builds them, with the hashes of their files.
# Versions stay as they are where they can. `make lock` runs it.
set -eu
uv=.dustjacket/uv/bin/uv
[ -x "$uv" ] || uv=uv
compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate "$@"
}
compile --extra platform --group dev --output-file constraints.txt pyproject.toml
compile --group build --output-file build-constraints.txt
