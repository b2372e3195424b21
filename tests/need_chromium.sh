#!/usr/bin/env bash
# The browser tests drive Chromium. Say where one is, or install Debian's; nothing else is downloaded.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if ! command -v apt-get >/dev/null 2>&1; then
    echo "the browser tests need Chromium; install it (for instance from your system's packages) and run again" >&2
    exit 1
fi
become=()
if [ "$(id -u)" -ne 0 ]; then become=(sudo); fi
echo "installing Chromium for the browser tests"
"${become[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${become[@]}" apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
