#!/bin/sh
# Install the public clients that judge a running Midwatch (tests marked `live`), with the Node they
# need, and Feishu's own library. Users never need this.
set -eu
cd "$(dirname "$0")/../tests/clients"
command -v npm >/dev/null || { echo "Install npm first (Debian: npm)."; exit 2; }
npm ci --no-fund --no-audit --loglevel=error
node_modules/.bin/node --version
# Feishu's library wants older libraries than Midwatch has, so it lives in a place of its own.
test -x feishu_library/bin/python || python3 -m venv feishu_library
feishu_library/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r feishu.lock
# So does what draws requests from the OpenAPI document: its plug-in would join every test run.
test -x schemathesis/bin/python || python3 -m venv schemathesis
schemathesis/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r schemathesis.lock
