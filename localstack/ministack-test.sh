#!/usr/bin/env bash
# The whole way without Docker: installs MiniStack from PyPI into a folder that goes again, deploys the stack there,
# seeds tables, asks queries. Not part of `npm test`. Skips itself, and says so, where there is no Python 3.10, or where
# the package cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.5.33
port=${MINISTACK_PORT:-4571}

skip() { echo "SKIPPED: the test on MiniStack: $1"; exit 0; }

python=$(command -v python3) || skip "there is no python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "Python is older than 3.10"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/volley-ministack.XXXXXX")
server=
finish() {
  status=$?
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  if [ "$status" -ne 0 ] && [ -f "$scratch/log" ]; then echo "--- MiniStack's last words:"; tail -n 60 "$scratch/log" | cut -c1-500; fi
  rm -rf "$scratch"
}
trap finish EXIT
"$python" -m venv "$scratch/venv" 2>/dev/null || skip "python3 cannot make virtual environments"
"$scratch/venv/bin/pip" install --quiet "ministack==$version" || skip "ministack $version cannot be installed"

# Its functions run on the node of this checkout; exec, so that the process is MiniStack itself.
export PATH="$PWD/node_modules/.bin:$PATH"
mkdir "$scratch/data"
(cd "$scratch/data" && HOME="$scratch/data" GATEWAY_PORT=$port exec "$scratch/venv/bin/ministack") >"$scratch/log" 2>&1 &
server=$!
for _ in $(seq 60); do
  kill -0 "$server" 2>/dev/null || { echo "MiniStack did not start"; exit 1; }
  "$python" -c "import urllib.request as u; u.urlopen('http://localhost:$port/_ministack/health', timeout=2)" 2>/dev/null && break
  sleep 1
done

export EMULATOR=ministack AWS_ENDPOINT_URL=http://localhost:$port
node bin/build-functions.ts
node localstack/deploy.ts 2>&1 | grep -v '_IN_PROGRESS\|_COMPLETE  '
node localstack/seed.ts
node localstack/smoke-test.ts
echo "MiniStack $version: deployed, seeded and queried"
