#!/bin/sh
# Makes the secrets of docker-compose.yml, once: existing ones stay. They are readable by the containers' users.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$folder"
for name in secret_key api_token postgres_password; do
  if [ ! -s "$folder/$name" ]; then
    head -c 32 /dev/urandom | base64 | tr -d '=\n' | tr '+/' '-_' > "$folder/$name"
    chmod 0444 "$folder/$name"
    echo "made $folder/$name"
  fi
done
