#!/bin/sh
# The first boot: takes what lies on the boot partition to where only root can read it, deletes it
# there, and leaves the rest to a service that tries again until it is done.
set -eu

card=$(dirname "$(readlink -f "$0")")
# Tests give another system than the one that runs.
system=${CLASSROOM_SYSTEM:-}
place=$system/var/lib/classroom-first-boot
umask 077

rm -rf "$place.new"
mkdir -p "$place.new"
cp -r "$card/." "$place.new/"
sync -f "$place.new"
rm -rf "$place"
mv "$place.new" "$place"

# A new host name needs no second boot.
if [ -s "$place/hostname" ]; then
  name=$(cat "$place/hostname")
  hostnamectl set-hostname "$name" 2>/dev/null || echo "$name" >"$system/etc/hostname"
  if grep -q '^127\.0\.1\.1' "$system/etc/hosts"; then
    sed -i "s/^127\.0\.1\.1.*/127.0.1.1\t$name/" "$system/etc/hosts"
  else
    printf '127.0.1.1\t%s\n' "$name" >>"$system/etc/hosts"
  fi
fi

install -m 644 "$place/classroom-first-boot.service" "$system/etc/systemd/system/"
systemctl daemon-reload
systemctl enable classroom-first-boot.service
sync

# The card's boot partition knows no owners: whoever can log in could read this device's key there.
for file in "$card"/certificates/*; do
  [ ! -e "$file" ] || dd if=/dev/zero of="$file" bs=4096 count=4 conv=fsync 2>/dev/null
done
rm -rf "$card/certificates"
systemctl start --no-block classroom-first-boot.service
