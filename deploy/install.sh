#!/bin/bash
# Installs the agent of a classroom on Raspberry Pi OS or Debian; --help tells the options.
#
# A release is a folder of its own, with a virtual environment in it. Only when all of it is on the
# disk does the link `current` change, in one step: whatever breaks off before leaves the old one.
set -euo pipefail
umask 022

HERE=$(dirname "$(readlink -f "$0")")
readonly HERE
readonly OPT=/opt/edge-agent ETC=/etc/edge-agent STATE=/var/lib/edge-agent AGENT=edge-agent
readonly UPDATES=/var/lib/edge-agent-updates
readonly CONFIG=$ETC/config.yaml UNITS=/etc/systemd/system
readonly JOURNAL=/etc/systemd/journald.conf.d/edge-agent.conf
readonly LEAST_MEGABYTES=500

usage() {
  cat <<END
Installs the agent of a classroom: a camera's counts, over MQTT.

  sudo ./install.sh [--purpose TEXT] [--site NAME] [--device NAME] [--wheels DIR] [--no-start]
  sudo ./install.sh --upgrade [--wheels DIR] [--no-start]
  sudo ./install.sh --rollback [--no-start]
  sudo ./install.sh --uninstall [--purge]

  --purpose TEXT  why emotions are counted here, in a sentence; asked for where it is not given
  --site NAME     the school in MQTT topics: lower-case letters, digits, hyphens
  --device NAME   the room, likewise
  --wheels DIR    take all packages from a folder and use no network (by default the folder
                  'wheels' beside this script, where there is one)
  --upgrade       replace an installation by this release, and go back if it does not start
  --rollback      go back to the release before
  --uninstall     remove the program; configuration and waiting windows stay
  --purge         with --uninstall: remove those, too, and the user
  --stage         make the folder of this release, print it, and change nothing else
  --packaged      for the Debian package: without apt, without units
  --no-start      do not start the agent
  --help          show this

It may be run again at any time: what is there is kept, what is missing is added.
END
}

fail() {
  echo "install.sh: $*" >&2
  exit 2
}

say() {
  printf '  %-14s %s\n' "$1" "$2"
}

purpose='' site='' device='' wheels='' task=install purge=no start=yes packaged=no
while [ $# -gt 0 ]; do
  case $1 in
    --purpose | --site | --device | --wheels)
      [ $# -ge 2 ] || fail "expected a value after $1, got none"
      case $1 in
        --purpose) purpose=$2 ;;
        --site) site=$2 ;;
        --device) device=$2 ;;
        --wheels) wheels=$2 ;;
      esac
      shift
      ;;
    --upgrade | --rollback | --uninstall | --stage)
      [ "$task" = install ] || fail "expected one of --$task and $1, got both"
      task=${1#--}
      ;;
    --purge) purge=yes ;;
    --no-start) start=no ;;
    --packaged) packaged=yes start=no ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) fail "expected an option that --help shows, got $1" ;;
  esac
  shift
done
[ "$purge" = no ] || [ "$task" = uninstall ] || fail "expected --purge with --uninstall, got it alone"

# What this machine is

check_machine() {
  local python
  architecture=$(dpkg --print-architecture 2>/dev/null) ||
    fail "expected Raspberry Pi OS or Debian, got a system without dpkg"
  case $architecture in
    arm64 | amd64) ;;
    *) fail "expected a 64-bit system (arm64 or amd64), got $architecture:" \
      "the runtime of the networks, LiteRT, is not made for 32 bits;" \
      "write the 64-bit Raspberry Pi OS to the card (it runs on a Pi 3 and later, and a Zero 2)" ;;
  esac
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
  fi
  case $codename in
    bookworm | trixie) ;;
    *) fail "expected Debian or Raspberry Pi OS bookworm or trixie, got $codename" ;;
  esac
  python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || python=none
  case $codename,$python in
    bookworm,3.11 | trixie,3.13 | *,none) ;;
    *) fail "expected ${codename}'s own Python as python3, got $python; remove the other from PATH" ;;
  esac
}

systemd_runs() {
  [ -d /run/systemd/system ]
}

has_picamera2() {
  python3 -c 'import importlib.util as u, sys; sys.exit(u.find_spec("picamera2") is None)'
}

# Debian's packages

install_packages() {
  local missing=()
  { command -v python3 && python3 -c 'import ensurepip'; } >/dev/null 2>&1 || missing+=(python3-venv)
  if [ "$packaged" = no ] && [ -z "$wheels" ]; then
    # Only Raspberry Pi OS has it; nothing else can open a camera on the board's ribbon cable.
    if ! dpkg -s python3-picamera2 >/dev/null 2>&1 &&
      apt-cache show python3-picamera2 >/dev/null 2>&1; then
      missing+=(python3-picamera2)
    fi
    if [ ${#missing[@]} -gt 0 ]; then
      { apt-get update -q && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}"; } >&2 ||
        fail "expected apt to install ${missing[*]}, which failed: see above"
      say packages "installed ${missing[*]}"
    fi
  elif [ ${#missing[@]} -gt 0 ]; then
    fail "expected Debian's ${missing[*]}, which is not installed: apt install ${missing[*]}"
  fi
  if has_picamera2; then
    say camera "Picamera2 is there: cameras on the ribbon cable and on USB"
  else
    say camera "no Picamera2 here: USB cameras, streams and files only"
  fi
}

# The release

make_user() {
  if ! getent group $AGENT >/dev/null; then
    groupadd --system $AGENT
  fi
  if getent passwd $AGENT >/dev/null; then
    say user "$AGENT, as it was"
  else
    useradd --system --gid $AGENT --home-dir /nonexistent --no-create-home \
      --shell /usr/sbin/nologin --comment "Classroom agent" $AGENT
    say user "$AGENT, without a shell"
  fi
  getent group video >/dev/null || groupadd --system video
  # Whatever else somebody gave it is taken away: it needs cameras and nothing more.
  usermod --groups video $AGENT
}

# A folder of wheels for another release of Debian or another processor: said in words, not by pip.
check_wheels() {
  local python machine
  python=$(python3 -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
  machine=$(python3 -c 'import platform; print(platform.machine())')
  compgen -G "$wheels/numpy-*-${python}-*_$machine.whl" >/dev/null ||
    fail "expected wheels for $codename and $machine in $wheels, got another system's or none;" \
      "make them with: make bundle SUITE=$codename ARCH=$architecture"
}

project_wheel() {
  local found=("$1"/classroom_emotion_counts-*.whl)
  if [ ${#found[@]} -ne 1 ] || [ ! -e "${found[0]}" ]; then
    fail "expected one classroom_emotion_counts-….whl in $1, got none or several"
  fi
  echo "${found[0]}"
}

build_wheel() {
  # From a checkout. Built beside it: what lies in its own build/ may be of another version.
  local source=$1 work=$2
  mkdir "$work/source"
  (cd "$source" && cp -r pyproject.toml setup.cfg README.md LICENSE \
    edge_agent converter training dashboard deploy "$work/source/")
  python3 -m venv "$work/builder"
  "$work/builder/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir \
    --require-hashes --only-binary=:all: -r "$HERE/requirements-build.txt" >&2
  "$work/builder/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps \
    --no-index --no-build-isolation --wheel-dir "$work" "$work/source" >&2
}

# Prints two words: the version in a wheel's name, and a sum of all that makes the release.
identify() {
  python3 - "$1" "$HERE" "$(has_picamera2 && echo picamera2)" <<'END'
import hashlib, pathlib, sys, zipfile
wheel, here, cameras = sys.argv[1:]
version = pathlib.Path(wheel).name.split("-")[1]
with zipfile.ZipFile(wheel) as archive:
    record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
    lines = sorted(archive.read(record).splitlines())
parts = [*lines, cameras.encode(), sys.version.encode()]
here = pathlib.Path(here)
for file in (here / "install.sh", here / "requirements-agent.txt", *sorted(here.glob("systemd/edge-*"))):
    parts.append(file.read_bytes())
print(version, hashlib.sha256(b"\n".join(parts)).hexdigest())
END
}

make_release() {
  local work=$1 wheel version sum free
  if [ -n "$wheels" ]; then
    [ -d "$wheels" ] || fail "expected a folder of wheels, got $wheels; make one with: make bundle"
    check_wheels
    wheel=$(project_wheel "$wheels")
  else
    [ -e "$HERE/../setup.cfg" ] ||
      fail "expected a checkout around this script or a folder of wheels, got neither;" \
        "name the folder with --wheels"
    build_wheel "$HERE/.." "$work" || fail "expected to build the package, which failed: see above"
    wheel=$(project_wheel "$work")
  fi
  read -r version sum < <(identify "$wheel" 2>/dev/null) || fail "expected a wheel, got $wheel, which is none"
  release=$OPT/releases/$version
  if [ -e "$release/complete" ] && [ "$(cat "$release/complete")" != "$sum" ]; then
    # The same version from other sources: it gets a folder of its own.
    release=$release+${sum:0:8}
  fi
  if [ "$(cat "$release/complete" 2>/dev/null)" = "$sum" ]; then
    say release "$release, as it was"
    return
  fi
  mkdir -p $OPT/releases
  free=$(df --output=avail --block-size=1M $OPT | tail -1)
  [ "$free" -ge $LEAST_MEGABYTES ] ||
    fail "expected $LEAST_MEGABYTES MB of room in $OPT, got $free MB; make room"
  # Left by a run that broke off.
  rm -rf "$release"
  unfinished=$release
  local options=()
  ! has_picamera2 || options+=(--system-site-packages)
  python3 -m venv "${options[@]}" "$release"
  local pip=("$release/bin/python" -m pip --quiet --disable-pip-version-check)
  local source=(--only-binary=:all:)
  [ -z "$wheels" ] || source+=(--no-index --find-links "$wheels")
  "${pip[@]}" install --no-cache-dir --ignore-installed --require-hashes "${source[@]}" \
    -r "$HERE/requirements-agent.txt" >&2 ||
    fail "expected every package of requirements-agent.txt with its hash, which failed: see above"
  "${pip[@]}" install --no-cache-dir --no-deps --no-index "$wheel" >&2 ||
    fail "expected to install $wheel, which failed: see above"
  # A device never installs anything else into it.
  "${pip[@]}" uninstall --yes setuptools pip >&2
  rm -rf "$release"/bin/{activate*,Activate*}
  mkdir "$release/installer"
  cp -r "$HERE/install.sh" "$HERE/requirements-agent.txt" "$HERE/systemd" "$release/installer/"
  cp "$(shipped_config)" "$release/installer/config.yaml"
  "$release/bin/python" -m edge_agent models >/dev/null ||
    fail "expected the new release to load its networks, which failed: see above"
  sync -f "$release"
  echo "$sum" >"$release/complete"
  sync -f "$release"
  unfinished=
  say release "$release, $(du -sm --apparent-size "$release" | cut -f1) MB"
}

shipped_config() {
  if [ -e "$HERE/config.yaml" ]; then echo "$HERE/config.yaml"; else echo "$HERE/../config.yaml"; fi
}

# The configuration

ask() {
  # Where nobody sits at a keyboard, what was not given stays open.
  if [ "$task" != install ] || [ ! -t 0 ] || [ "$packaged" = yes ]; then
    return
  fi
  if [ -z "$purpose" ]; then
    cat <<END

  Why are emotions counted here? In the European Union, inferring emotions in education is
  forbidden except for medical or safety reasons; docs/privacy.md tells more. The agent does
  not count without a purpose.
END
    read -r -p "  Purpose, in a sentence: " purpose || true
  fi
  [ -n "$site" ] || read -r -p "  School, as in my-school: " site || true
  [ -n "$device" ] || read -r -p "  Room, as in room-101: " device || true
}

# A text in double quotes, as YAML has it, and then as a replacement for sed.
quoted() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')" | sed 's/[\\&|]/\\&/g'
}

make_config() {
  install -d -m 750 -o root -g $AGENT $ETC
  if [ -e $CONFIG ]; then
    [ -z "$purpose$site$device" ] ||
      say note "$CONFIG is there: --purpose, --site and --device change nothing; edit it"
    check_config $CONFIG
    chown root:$AGENT $CONFIG
    chmod 640 $CONFIG
    say configuration "$CONFIG, as it was"
    return
  fi
  ask
  case $purpose$site$device in
    *[[:cntrl:]]*) fail "expected one line of text as purpose, site and device, got more" ;;
  esac
  local edits=(-e 's|^  wait_for_broker: false|  wait_for_broker: true|')
  [ -z "$purpose" ] || edits+=(-e "s|^  purpose: \"\"|  purpose: $(quoted "$purpose")|")
  [ -z "$site" ] || edits+=(-e "s|^  site: my-school|  site: $(quoted "$site")|")
  [ -z "$device" ] || edits+=(-e "s|^  device: room-101|  device: $(quoted "$device")|")
  local new=$ETC/.config.yaml.new
  sed "${edits[@]}" "$(shipped_config)" >$new
  check_config $new
  chown root:$AGENT $new
  chmod 640 $new
  sync $new
  mv $new $CONFIG
  say configuration "$CONFIG, new"
}

check_config() {
  local problem
  if ! problem=$("$release/bin/python" -m edge_agent config --config "$1" 2>&1 >/dev/null); then
    [ "$1" = $CONFIG ] || rm -f "$1"
    fail "expected a configuration that this release accepts, got: ${problem#edge_agent: }"
  fi
}

has_purpose() {
  "$OPT/current/bin/python" - <<END
import sys
from edge_agent.config import load
sys.exit(not load("$CONFIG").deployment.purpose.strip())
END
}

# Units, the switch, and the start

install_units() {
  local from=$1/installer/systemd unit
  [ "$packaged" = no ] || return 0
  # A package's units are the package's own affair.
  if dpkg -s edge-agent >/dev/null 2>&1; then
    say unit "the Debian package's"
    return
  fi
  mkdir -p $UNITS
  if ! cmp -s "$from/edge-agent.service" $UNITS/edge-agent.service; then
    install -m 644 "$from/edge-agent.service" $UNITS/
    changed=yes
  fi
  for unit in "$from"/edge-agent-update.{service,timer}; do
    cmp -s "$unit" "$UNITS/${unit##*/}" || install -m 644 "$unit" $UNITS/
  done
  if [ ! -e $JOURNAL ]; then
    install -D -m 644 "$from/journald.conf" $JOURNAL
    say journal "bounded for the card by $JOURNAL"
    ! systemd_runs || systemctl restart systemd-journald
  fi
  if command -v systemctl >/dev/null; then
    ! systemd_runs || systemctl daemon-reload
    systemctl --quiet enable edge-agent.service 2>/dev/null
    say unit "edge-agent.service, started at every boot"
    if [ -e $ETC/updates.yaml ]; then
      systemctl --quiet enable edge-agent-update.timer 2>/dev/null
      ! systemd_runs || systemctl start edge-agent-update.timer
      say updates "looked for every hour, as $ETC/updates.yaml says"
    else
      say updates "none: there is no $ETC/updates.yaml"
    fi
  else
    say unit "edge-agent.service; there is no systemd to enable it"
  fi
}

point() {
  # A link is replaced in one step or not at all.
  rm -f "$OPT/.$1.new"
  ln -s "$2" "$OPT/.$1.new"
  mv -T "$OPT/.$1.new" "$OPT/$1"
  sync -f $OPT
}

target() {
  readlink "$OPT/$1" 2>/dev/null || true
}

switch() {
  local new=releases/${1##*/} old
  old=$(target current)
  [ "$old" != "$new" ] || return 0
  changed=yes
  if [ -n "$old" ] && [ -e "$OPT/$old/complete" ]; then
    point previous "$old"
  fi
  point current "$new"
  say switched "from ${old:-nothing} to $new"
}

start_agent() {
  if [ $packaged = yes ]; then
    return
  elif [ $start = no ]; then
    say start "not started, as asked for"
  elif ! systemd_runs; then
    say start "not started: no systemd runs here"
  elif ! has_purpose; then
    say start "not started: set deployment.purpose in $CONFIG, then: systemctl start edge-agent"
  elif [ $changed = no ] && systemctl --quiet is-active edge-agent.service; then
    say start "edge-agent runs, as it did"
  elif systemctl restart edge-agent.service; then
    say start "edge-agent runs; its log: journalctl -u edge-agent"
  else
    return 1
  fi
}

remove_other_releases() {
  local folder name
  for folder in "$OPT"/releases/*/; do
    name=releases/$(basename "$folder")
    case $name in
      # The updater's may be an older one, which has counted.
      "$(target current)" | "$(target previous)" | "$(target updater)" | 'releases/*') ;;
      *)
        rm -rf "${OPT:?}/$name"
        say removed "$OPT/$name"
        ;;
    esac
  done
}

warn_of_swap() {
  # The unit forbids the agent to be swapped; a Pi's kernel may ignore that.
  if systemd_runs && [ -n "$(tail -n +2 /proc/swaps)" ] &&
    ! grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
    say caution "swap is on and the kernel limits no memory, so frames could reach the card:"
    say '' "add cgroup_enable=memory to /boot/firmware/cmdline.txt, or turn swap off"
  fi
}

install_release() {
  local before
  check_machine
  [ -n "$wheels" ] || [ ! -d "$HERE/wheels" ] || wheels=$HERE/wheels
  before=$(target current)
  if [ "$task" = upgrade ] && [ -z "$before" ]; then
    fail "expected an installation to upgrade, got none in $OPT; leave --upgrade away"
  fi
  install_packages
  work=$(mktemp -d)
  trap 'rm -rf "$work" ${unfinished:+"$unfinished"}' EXIT
  make_user
  make_release "$work"
  make_config
  install -d -m 700 -o $AGENT -g $AGENT $STATE
  switch "$release"
  install_units "$release"
  if ! start_agent; then
    if [ -n "$before" ] && [ "$before" != "$(target current)" ]; then
      point current "$before"
      rm -f $OPT/previous
      install_units "$OPT/$before"
      systemctl restart edge-agent.service || true
      fail "expected ${release##*/} to start, which it did not: back to ${before##*/};" \
        "why: journalctl -u edge-agent"
    fi
    fail "expected the agent to start, which it did not; why: journalctl -u edge-agent; it is" \
      "tried again every 15 s"
  fi
  remove_other_releases
  warn_of_swap
  cat <<END

Done. What to do next:
  test the room    sudo systemctl stop edge-agent && sudo -u $AGENT env STATE_DIRECTORY=$STATE $OPT/current/bin/python -m edge_agent check --config $CONFIG
  change settings  sudo nano $CONFIG && sudo systemctl restart edge-agent
  go back          sudo $OPT/current/installer/install.sh --rollback
  remove           sudo $OPT/current/installer/install.sh --uninstall
END
}

stage() {
  check_machine
  [ -n "$wheels" ] || [ ! -d "$HERE/wheels" ] || wheels=$HERE/wheels
  work=$(mktemp -d)
  trap 'rm -rf "$work" ${unfinished:+"$unfinished"}' EXIT
  make_release "$work" >&2
  echo "$release"
}

rollback() {
  local old new
  new=$(target current) old=$(target previous)
  if [ -z "$old" ] || [ ! -e "$OPT/$old/complete" ]; then
    fail "expected a release before this one, got none in $OPT"
  fi
  release=$OPT/$old
  check_config $CONFIG
  point current "$old"
  point previous "$new"
  changed=yes
  say switched "from $new back to $old"
  install_units "$release"
  start_agent || fail "expected ${old##*/} to start, which it did not; why: journalctl -u edge-agent"
}

uninstall() {
  if [ "$packaged" = no ] && dpkg -s edge-agent >/dev/null 2>&1; then
    fail "expected an installation by this script, got the Debian package: apt remove edge-agent"
  fi
  if [ "$packaged" = no ] && [ -e $UNITS/edge-agent.service ]; then
    ! systemd_runs || systemctl stop edge-agent.service
    ! command -v systemctl >/dev/null || systemctl --quiet disable edge-agent.service 2>/dev/null
    if [ -e $UNITS/edge-agent-update.timer ]; then
      ! systemd_runs || systemctl stop edge-agent-update.timer edge-agent-update.service
      ! command -v systemctl >/dev/null || systemctl --quiet disable edge-agent-update.timer 2>/dev/null
    fi
    rm -rf $UNITS/edge-agent.service $UNITS/edge-agent-update.{service,timer} $JOURNAL
    ! systemd_runs || systemctl daemon-reload
    say unit "removed, and the journal's bounds"
  fi
  if [ -e $OPT ]; then
    rm -rf $OPT
    say release "removed $OPT"
  fi
  if [ $purge = yes ]; then
    rm -rf $ETC $STATE $UPDATES
    say data "removed $ETC, $STATE and $UPDATES"
    if getent passwd $AGENT >/dev/null; then
      userdel $AGENT
    fi
    if getent group $AGENT >/dev/null; then
      groupdel $AGENT
    fi
    say user "removed $AGENT"
  else
    say kept "$ETC, $STATE and the user $AGENT; --purge removes them, too"
  fi
}

[ "$(id -u)" = 0 ] || fail "expected to run as root, got $(id -un): sudo $0"
mkdir -p /run/lock
exec 9>/run/lock/edge-agent-install
flock -n 9 || fail "expected to run alone, got another one at work; wait until it has ended"
cd /
release='' unfinished='' work='' changed=no architecture='' codename=''
case $task in
  install | upgrade) install_release ;;
  stage) stage ;;
  rollback) rollback ;;
  uninstall) uninstall ;;
esac
