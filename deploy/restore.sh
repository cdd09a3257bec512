#!/bin/sh
# Puts a backup that deploy/backup.sh made, on standard input, in the place of what the composition has. It must be down.
set -eu
cd "$(dirname "$0")/.."
if [ -n "$(docker compose ps -q)" ]; then
  echo "longstop: containers run here: docker compose down comes first" >&2
  exit 1
fi
# shellcheck disable=SC2016 # the container's shell expands it
docker compose run --rm -T --no-deps --entrypoint sh cli -euc '
tar -x -C / --no-overwrite-dir
for copy in /data/backup/*.db; do
  name=${copy##*/}
  folder=/data/db
  [ "$name" != portal.db ] || folder=/portal/db
  mkdir -p "$folder"
  rm -f "$folder/$name-wal" "$folder/$name-shm"
  mv -f "$copy" "$folder/$name"
done'
