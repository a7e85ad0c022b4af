import sys

from gevent import monkey

monkey.patch_all()

import socket  # noqa: E402

server = socket.create_connection(sys.argv[1:])
server.sendall(b"ping\n")
sys.stdout.write(server.makefile().read())
