#!/bin/sh
# Builds the kubectl that the live tests run, unless it is there. Prints where it is.
set -eu

here=$(cd "$(dirname "$0")/../tests/clients/kubectl" && pwd)
target="${MIDWATCH_CLIENTS:-$HOME/.cache/midwatch-clients}/kubectl-1.32/kubectl"

if [ ! -x "$target" ]; then
    command -v go >/dev/null || { echo "Building kubectl needs Go (https://go.dev)." >&2; exit 2; }
    mkdir -p "$(dirname "$target")"
    version=$(cd "$here" && go list -m -f '{{.Version}}' k8s.io/kubectl)
    release="v1.${version#v0.}"
    package=k8s.io/component-base/version
    (cd "$here" && CGO_ENABLED=0 nice go build -trimpath -o "$target.new" -ldflags \
        "-s -w -X $package.gitVersion=$release -X $package.gitMajor=1 -X $package.gitMinor=32" .)
    mv "$target.new" "$target"
fi
echo "$target"
