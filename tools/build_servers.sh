#!/bin/sh
# Builds the servers that the live tests run, and kubectl, unless they are there. Prints the folders.
# Takes about half an hour on two busy cores the first time, and no time afterwards.
set -eu

here=$(cd "$(dirname "$0")/../tests/servers_go" && pwd)
cache="${TEST_SERVERS_CACHE:-$HOME/.cache/midwatch-clients}"

version_of() { # the version that a wrapper module asks for
    (cd "$here/$1" && go list -m -f '{{.Version}}' "$2")
}

build() { # wrapper module, version, linker flags, packages
    wrapper=$1 version=$2 flags=$3
    shift 3
    folder="$cache/$wrapper-${version#v}"
    for package in "$@"; do
        target="$folder/${package##*/}"
        [ -x "$target" ] && continue
        mkdir -p "$folder"
        (cd "$here/$wrapper" && CGO_ENABLED=0 nice go build -trimpath -o "$target.new" \
            -ldflags "-s -w $flags" "$package")
        mv "$target.new" "$target"
    done
    echo "$folder"
}

command -v go >/dev/null || { echo "Building the servers needs Go (https://go.dev)." >&2; exit 2; }

build etcd "$(version_of etcd go.etcd.io/etcd/server/v3)" "" midwatch.example/tests/servers_go/etcd

build compose "$(version_of compose github.com/compose-spec/compose-go/v2)" "" midwatch.example/tests/servers_go/compose

kwok=$(version_of kwok sigs.k8s.io/kwok)
build kwok "$kwok" "-X sigs.k8s.io/kwok/pkg/consts.Version=$kwok" sigs.k8s.io/kwok/cmd/kwok

build helm "$(version_of helm helm.sh/helm/v3)" "" helm.sh/helm/v3/cmd/helm

build oidc "$(version_of oidc github.com/zitadel/oidc/v3)" "" midwatch.example/tests/servers_go/oidc

release=$(version_of kubernetes k8s.io/kubernetes)
minor=${release#v1.}
at=k8s.io/component-base/version
build kubernetes "$release" \
    "-X $at.gitVersion=$release -X $at.gitMajor=1 -X $at.gitMinor=${minor%%.*} -X $at.gitTreeState=clean" \
    k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kube-controller-manager \
    k8s.io/kubernetes/cmd/kube-scheduler k8s.io/kubernetes/cmd/kubectl
