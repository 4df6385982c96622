#!/bin/sh
# Puts what the containers must have into secrets/, each file readable by one container's user.
# Run it again after a renewal or a revocation, then restart the broker.
set -eu

if [ "$#" -ne 1 ] || [ ! -d "$1/_authority" ]; then
  echo "prepare.sh: expected the folder of an authority, got ${1:-nothing}; usage:" >&2
  echo "  sudo ./prepare.sh CERTIFICATES" >&2
  exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "prepare.sh: expected to run as root, which gives files to the containers' users" >&2
  exit 2
fi
certificates=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")"
umask 077

newest() {
  found=$(find "$certificates/$1" -mindepth 1 -maxdepth 1 -name '[1-9]*' 2>/dev/null | sort -V | tail -n 1)
  if [ -z "$found" ] || [ ! -e "$found/key.pem" ]; then
    echo "prepare.sh: expected $1 with its key in $certificates, found none; make one with" >&2
    echo "  python -m deploy certificates issue $1" >&2
    exit 2
  fi
  echo "$found"
}

broker=$(newest _broker)
recorder=$(newest _recorder)

mkdir -p secrets/broker secrets/recorder
for file in authority.pem certificate.pem key.pem; do
  install -o 1883 -g 1883 -m 400 "$broker/$file" "secrets/broker/$file"
  install -o 10001 -g 10001 -m 400 "$recorder/$file" "secrets/recorder/$file"
done
install -o 1883 -g 1883 -m 400 "$certificates/_authority/revoked.pem" secrets/broker/revoked.pem
install -o 1883 -g 1883 -m 400 ../mosquitto/acl secrets/broker/acl
# The image keeps its data where its user may write.
sed 's|/var/lib/mosquitto/|/mosquitto/data/|' ../mosquitto/mosquitto.conf >secrets/broker/mosquitto.conf
chown 1883:1883 secrets/broker/mosquitto.conf
if [ ! -e secrets/broker/passwords ]; then
  install -o 1883 -g 1883 -m 600 /dev/null secrets/broker/passwords
fi
if [ ! -e secrets/page-logins ]; then
  # The proxy wants at least one name; nobody knows the password to this one.
  unknown=$(head -c 200 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 53)
  # shellcheck disable=SC2016
  printf 'nobody $2a$14$%s\n' "$unknown" >secrets/page-logins
  chown 10002:10002 secrets/page-logins
  echo "Nobody can open the page yet: see docs/operations.md for the first login."
fi
# Directories: to be entered by those users, listed by root alone.
chmod 711 secrets secrets/broker secrets/recorder
echo "secrets/ is ready. Delete the two key.pem in $certificates that were copied."
