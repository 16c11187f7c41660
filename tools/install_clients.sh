#!/bin/sh
# Install the public clients that judge a running Midwatch (tests marked `live`), with the Node they
# need. Users never need this.
set -eu
cd "$(dirname "$0")/../tests/clients"
command -v npm >/dev/null || { echo "Install npm first (Debian: npm)."; exit 2; }
npm ci --no-fund --no-audit --loglevel=error
node_modules/.bin/node --version
