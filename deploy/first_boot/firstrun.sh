#!/bin/sh
# For cards without cloud-init (Raspberry Pi OS bookworm): what cmdline.txt starts, once.
set +e

boot=/boot/firmware
[ -e "$boot/cmdline.txt" ] || boot=/boot
# This boot ends with another in any case, and this must not be run again.
sed -i 's| systemd\.run.*||' "$boot/cmdline.txt"

wifi=$boot/classroom/wifi.nmconnection
if [ -e "$wifi" ]; then
  install -m 600 "$wifi" /etc/NetworkManager/system-connections/classroom.nmconnection
  raspi-config nonint do_wifi_country "$(cat "$boot/classroom/wifi-country")"
  rfkill unblock wifi
  rm -f "$wifi"
fi
sh "$boot/classroom/begin.sh"
rm -f "$boot/firstrun.sh"
exit 0
