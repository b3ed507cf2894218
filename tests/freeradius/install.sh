#!/bin/sh
# FreeRADIUS and radclient from Debian, without the server that the package would start on every
# address: while it is installed policy-rc.d forbids to start anything, and afterwards the service
# is disabled, so that no boot starts it either.
set -e
if command -v freeradius > /dev/null && command -v radclient > /dev/null; then
    exit 0
fi
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then mv "$policy" "$policy.kept"; fi
trap 'rm -f "$policy"; if [ -e "$policy.kept" ]; then mv "$policy.kept" "$policy"; fi' EXIT
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends freeradius freeradius-utils > /dev/null
update-rc.d freeradius disable > /dev/null 2>&1 || true
