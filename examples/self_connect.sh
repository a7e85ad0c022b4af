#!/bin/bash
# Connects to a port on which nobody listens, again and again, until telnet is connected to itself.
# With the kernel's default range of ports this takes some 14,000 tries, a minute or two.
set -euo pipefail

# True while telnet is connected to itself, and for a minute afterwards (TIME_WAIT).
port_is_its_own_peer() {
	ss -Htan 'sport = :44444 and dport = :44444' | grep -q .
}

until port_is_its_own_peer; do
	telnet 127.0.0.1 44444 || true
done
