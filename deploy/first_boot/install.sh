#!/bin/sh
# Installs the agent as this room; run by classroom-first-boot.service until it has succeeded.
set -eu

place=$(dirname "$(readlink -f "$0")")
settings=/etc/edge-agent
umask 077

# The settings go first: the installer keeps the configuration that it finds, and has the device
# look for updates where there is an address for them.
mkdir -p "$settings"
# An empty one is what a power cut has left of it.
[ -s "$settings/config.yaml" ] || install -m 600 "$place/config.yaml" "$settings/config.yaml"
for file in updates.yaml updates-root.json; do
  if [ -e "$place/$file" ]; then
    install -m 644 "$place/$file" "$settings/$file"
  fi
done

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv
fi
# A card that was not FAT has kept no right to run it.
bash "$place/bundle/install.sh" --wheels "$place/bundle/wheels" --no-start

for file in authority.pem certificate.pem key.pem; do
  if [ -e "$place/certificates/$file" ]; then
    install -o root -g edge-agent -m 640 "$place/certificates/$file" "$settings/$file"
  fi
done
# What is deleted below must be on the disk in its new place: the key is nowhere else.
sync
if [ -e "$place/ssh" ]; then
  systemctl enable --now ssh
fi

systemctl restart edge-agent
rm -rf "$place/certificates"
systemctl disable classroom-first-boot.service
# In one step, so that a power cut leaves nothing that would be begun with half of its files.
mv "$place" "$place.done"
rm -rf "$place.done" /etc/systemd/system/classroom-first-boot.service
