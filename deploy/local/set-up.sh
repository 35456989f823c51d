#!/bin/sh
# Makes or mends .venv: exactly the packages of requirements.lock, by hash, then the members given, editable.
set -eu

# A made environment says what it was made from: another lock, another place or another Python makes it again.
ready=.venv/ready

find_python() {
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "HNB Ledger needs Python 3.11 or later; set PYTHON to where it is, for example: make PYTHON=python3.12 test" >&2
    exit 1
}

made_from() {
    pwd -P
    for member in "$@"; do cksum "$member/pyproject.toml"; done
    cksum requirements.lock deploy/local/set-up.sh deploy/look/*
}

wanted=$(made_from "$@")
if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null &&
    [ "$(cat "$ready" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

python=$(find_python)
echo "Setting up .venv with $("$python" --version); this takes a minute, once."
rm -rf .venv
if "$python" -m venv .venv >/dev/null 2>&1; then
    pip() { .venv/bin/python -m pip "$@"; }
elif "$python" -m pip --version >/dev/null 2>&1 && rm -rf .venv && "$python" -m venv --without-pip .venv; then
    # Debian keeps the pip of new environments in a package of its own; the machine's pip can fill one too.
    pip() { "$python" -m pip --python .venv/bin/python "$@"; }
else
    echo "$python cannot make a virtual environment: install its venv package (Debian and Ubuntu: python3-venv)." >&2
    exit 1
fi
pip install --quiet --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements.lock
set -- $(for member in "$@"; do printf -- '-e ./%s ' "$member"; done)
pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index "$@"
.venv/bin/python deploy/look/build.py shared/src/hnb/pages/static .venv/share/hnb >.venv/look.log || {
    cat .venv/look.log >&2
    echo "The look of the pages could not be built: is the npm registry in reach?" >&2
    exit 1
}
printf '%s\n' "$wanted" >"$ready"
