#!/usr/bin/env bash
# Installs mlgate into a virtual environment of its own.
#
#   install.sh SOURCE TARGET [VERSION SHA256]
#
# SOURCE is a checked-out mlgate: its locks say what is installed, each file with its hash. Without VERSION mlgate itself
# is built from SOURCE; with it, that version's wheel is installed, which must have the SHA-256 (hexadecimal).
set -euo pipefail

if [ "$#" -ne 2 ] && [ "$#" -ne 4 ]; then
  echo "usage: install.sh SOURCE TARGET [VERSION SHA256]" >&2
  exit 2
fi
source=$1
target=$2
version=${3:-}
sha256=${4:-}
if [ -n "$version$sha256" ]; then
  if ! [[ $version =~ ^[0-9]+(\.[0-9]+){1,3}$ && $sha256 =~ ^[0-9a-f]{64}$ ]]; then
    echo "a version comes as 1.2.3, with the SHA-256 of its wheel (64 hexadecimal digits, lower case)" >&2
    exit 2
  fi
fi

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "mlgate needs Python 3.11 or newer")'
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
  -r "$source/locks/uv.txt"
uv() { "$target/bin/uv" --no-config pip "$@" --python "$target/bin/python"; }
uv sync --quiet --require-hashes --no-build "$source/locks/runtime.txt"
if [ -n "$version" ]; then
  printf 'mlgate==%s --hash=sha256:%s\n' "$version" "$sha256" > "$target/mlgate.txt"
  uv install --quiet --no-deps --require-hashes --no-build -r "$target/mlgate.txt"
else
  uv install --quiet --no-deps --no-build-isolation --no-index "$source"
fi
"$target/bin/mlgate" --version
