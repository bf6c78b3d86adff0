#!/usr/bin/env bash
# Haechi and Prowler over the same mock account, in one run: whole-process CPU seconds and peak memory of both.
#
#   benches/peers/prowler.sh [SCALE]     SCALE 6 makes about 1,200 resources
#
# Both are asked for the same region and for the services that Haechi knows. Prowler and the mock are installed
# from PyPI into virtual environments of their own, outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/../.."
scale="${1:-6}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/haechi"
venv="$cache/venv-1"; peer="$cache/venv-prowler"
mkdir -p "$cache"
[ -x "$venv/bin/moto_server" ] || { python3 -m venv "$venv"; "$venv/bin/pip" install -q -r xtask/python/requirements.txt; }
[ -x "$peer/bin/prowler" ] || { python3 -m venv "$peer"; "$peer/bin/pip" install -q prowler==5.46.0; }
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
cargo build --release --locked --quiet
haechi="$CARGO_TARGET_DIR/release/haechi"

work="$(mktemp -d)"
port="$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
MOTO_EC2_LOAD_DEFAULT_AMIS=false "$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
moto=$!
trap 'kill "$moto" 2>/dev/null || true; wait "$moto" 2>/dev/null || true; rm -rf "$work"' EXIT
until "$venv/bin/python" -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/moto-api/data.json', timeout=2)" 2>/dev/null; do sleep 0.2; done
"$venv/bin/python" xtask/python/seed_moto.py --endpoint "http://127.0.0.1:$port" --scale "$scale"

export AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=1

# Runs a command and prints its CPU seconds, wall seconds and peak memory, by the kernel's own account.
measured() {
  "$venv/bin/python" - "$@" <<'PY'
import os, resource, subprocess, sys, time
begun = time.time()
code = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{sys.argv[1]}: {use.ru_utime + use.ru_stime:.2f} s CPU, {time.time() - begun:.1f} s wall, {use.ru_maxrss / 1024:.0f} MiB peak, exit {code}")
PY
}

services="iam s3 ec2 vpc rds cloudtrail kms awslambda elbv2 guardduty config"
for round in 1 2 3; do
  rm -f "$work/haechi.db"
  measured "haechi  (round $round)" "$haechi" --store "$work/haechi.db" assess --region us-east-1 --export "$work/haechi.csv" --export "$work/haechi.ocsf.json"
done
# shellcheck disable=SC2086
measured "prowler" "$peer/bin/prowler" aws --services $services --region us-east-1 --aws-retries-max-attempts 1 --output-formats csv json-ocsf --output-directory "$work/prowler" --no-banner --ignore-exit-code-3
ls -l "$work"/haechi.csv "$work"/prowler/*.csv
