"""Answers the first data of each client. ThreadingTCPServer does not set SO_REUSEADDR."""

import socket
import socketserver
import ssl
import sys


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
        if isinstance(self.request, ssl.SSLSocket):
            self.request = self.request.unwrap()
        self.request.shutdown(socket.SHUT_WR)
        while self.request.recv(4096):
            pass


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client may close its connection at any time."""


server = Server(("::", int(sys.argv[1])), Answer)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
