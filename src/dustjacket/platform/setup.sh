#!/bin/sh
# Create .venv with the dependencies in pyproject.toml, at the versions in constraints.txt. Run by make.
# Needs Python 3.11 or later. Uses uv, which it installs into the state folder if it is missing.
set -u
PYTHON=${PYTHON:-python3} STATE=${STATE:-.dustjacket} UV_VERSION=0.13.9
export UV_PYTHON_DOWNLOADS=never

stop() {
    echo "dustjacket: $1" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null || stop "no $PYTHON: install Python 3.11 or later, or set PYTHON=…"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "$PYTHON is $("$PYTHON" -V): Python 3.11 or later is needed, set PYTHON=…"

mkdir -p "$STATE" && chmod 700 "$STATE"
log=$STATE/setup.log
uv=$(command -v uv || echo "$STATE/uv/bin/uv")
if ! [ -x "$uv" ]; then
    echo "installing uv $UV_VERSION"
    "$PYTHON" -m venv "$STATE/uv" >"$log" 2>&1 ||
        stop "$PYTHON cannot create an environment: install its venv module (python3-venv on Debian)"
    "$STATE/uv/bin/python" -m pip install --quiet --retries 1 "uv==$UV_VERSION" >"$log" 2>&1 ||
        stop "could not download uv: check the network connection and try again (see $log)"
fi

echo "installing Dustjacket into .venv (about 7 GB, two minutes or more)"
{
    "$uv" venv --quiet --clear --python "$PYTHON" .venv &&
        "$uv" pip install --python .venv/bin/python --constraints constraints.txt \
            --compile-bytecode --editable '.[platform]' --group dev
} >"$log" 2>&1 ||
    stop "could not install: $(grep -v '^ ' "$log" | tail -n 1); check the network connection and try again (see $log)"
