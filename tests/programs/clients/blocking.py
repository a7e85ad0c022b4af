import socket
import sys

server = socket.create_connection(sys.argv[1:])
server.sendall(b"ping\n")
sys.stdout.write(server.makefile().read())
