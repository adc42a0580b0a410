#!/bin/sh
# Create .venv with exactly the packages in constraints.txt, each checked by its hash. Run by make.
# Needs Python 3.11 or later. Uses uv, which it installs into the state folder unless PATH has the
# version that is pinned here. Without a GPU, libraries that torch only opens on one are left out;
# GPU=yes or GPU=no decides instead.
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
uv=$(command -v uv || true)
[ -n "$uv" ] && [ "$("$uv" --version | cut -d' ' -f2)" = "$UV_VERSION" ] || uv=$STATE/uv/bin/uv
if ! [ -x "$uv" ] || [ "$("$uv" --version | cut -d' ' -f2)" != "$UV_VERSION" ]; then
    echo "installing uv $UV_VERSION"
    "$PYTHON" -m venv --clear "$STATE/uv" >"$log" 2>&1 ||
        stop "$PYTHON cannot create an environment: install its venv module (python3-venv on Debian)"
    "$STATE/uv/bin/python" -m pip install --quiet --retries 1 "uv==$UV_VERSION" >"$log" 2>&1 ||
        stop "could not download uv: check the network connection and try again (see $log)"
fi

if [ "${GPU:-}" = yes ] || { [ "${GPU:-}" != no ] && [ -e /dev/nvidiactl ]; }; then
    size=7 skip='^$'
else
    size=6 skip='^(triton|nvidia-cusolver)=='
fi
# An entry is a line with its package, and lines with its hashes.
awk -v skip="$skip" '/^[a-z0-9]/ { skipped = $0 ~ skip } !skipped' constraints.txt \
    >"$STATE/packages.txt"

echo "installing Dustjacket into .venv (about $size GB, two minutes or more)"
{
    "$uv" venv --quiet --clear --python "$PYTHON" .venv &&
        "$uv" pip install --python .venv/bin/python --require-hashes --no-deps --compile-bytecode \
            --build-constraints build-constraints.txt --requirements "$STATE/packages.txt" &&
        "$uv" pip install --python .venv/bin/python --no-deps \
            --build-constraints build-constraints.txt --editable .
} >"$log" 2>&1 ||
    stop "could not install: $(grep -v '^ ' "$log" | tail -n 1); check the network connection and try again (see $log)"
