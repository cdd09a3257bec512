#!/bin/sh
# Makes the secrets of docker-compose.yml: existing ones stay. They are readable by the containers' users.
# deploy/make-secrets.sh [FOLDER [USERS]]: USERS is a list as `longstop schema acl` prints it, for a prefix of your own.
set -eu
here=$(dirname "$0")
folder=${1:-"$here/secrets"}
users=${2:-"$here/redis/users.acl"}
[ -d "$folder" ] || mkdir -p -m 700 "$folder"

make() {
  if [ ! -s "$folder/$1" ]; then
    head -c 32 /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_' > "$folder/$1"
    chmod 0444 "$folder/$1"
    echo "made $folder/$1"
  fi
}

sha256() {
  if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

for name in secret_key link_key api_token postgres_password; do
  make "$name"
done

# Where mailboxes are, for purges; empty: they are refused (docs/purge.md).
if [ ! -e "$folder/mailstore_url" ]; then
  : > "$folder/mailstore_url"
  chmod 0444 "$folder/mailstore_url"
fi

# Redis' users: a password for each, and the list with the SHA-256 of each in its place.
list=$(cat "$users")
for user in $(printf '%s\n' "$list" | sed -n 's/.*#SHA256_OF_\([a-z]*\) .*/\1/p'); do
  make "redis_$user"
  list=$(printf '%s\n' "$list" | sed "s/#SHA256_OF_$user /#$(sha256 "$folder/redis_$user") /")
done
printf '%s\n' "$list" > "$folder/users.acl.new"
chmod 0444 "$folder/users.acl.new"
mv -f "$folder/users.acl.new" "$folder/users.acl"
