# Prints the result of a non-blocking connect(), and then its outcome.
import errno
import select
import socket
import sys

client = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
client.setblocking(False)
print("connect:", errno.errorcode.get(client.connect_ex((sys.argv[1], int(sys.argv[2])))))
poll = select.poll()
poll.register(client, select.POLLIN | select.POLLOUT)
(_, events), = poll.poll()
error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
print("events:", events, "error:", errno.errorcode.get(error))
if error:
    sys.exit(1)
client.setblocking(True)
client.sendall(b"ping\n")
sys.stdout.write(client.makefile().read())
