#!/bin/sh
# A backup of the composition while it runs, as a tar on standard output: the databases (those of SQLite), then the mails.
set -eu
cd "$(dirname "$0")/.."
docker compose run --rm -T --entrypoint sh cli -eus >&2 <<'END'
rm -rf /data/backup
mkdir -m 700 /data/backup
for db in /data/db/*.db /portal/db/*.db; do
  [ ! -e "$db" ] || python -m sqlite3 "$db" "VACUUM INTO '/data/backup/${db##*/}'"
done
END
docker compose run --rm -T --entrypoint tar cli -C / -c data/backup mails
