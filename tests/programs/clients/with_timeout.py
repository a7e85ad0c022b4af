# A timeout makes the descriptor non-blocking and connect() a poll().
import socket
import sys

server = socket.create_connection(sys.argv[1:], timeout=50)
server.sendall(b"ping\n")
sys.stdout.write(server.makefile().read())
