#!/bin/bash
# Connects to a port on which nobody listens, again and again, until telnet has been connected to
# itself. With the kernel's default range of ports that takes some 14,000 tries, a minute or two.
set -euo pipefail

# While telnet is connected, and for a minute afterwards.
port_is_its_own_peer() {
	ss -Htan 'sport = :44444 and dport = :44444' | grep -q .
}

until port_is_its_own_peer; do
	telnet 127.0.0.1 44444 || true
done
