"""Connects to port 40000 of 127.0.0.1 by libc's own connect(), and waits."""

import ctypes
import socket
import struct
import sys

client = socket.socket()
address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", 40000, b"\x7f\0\0\1")
libc = ctypes.CDLL("libc.so.6")
print(libc.connect(client.fileno(), address, len(address)), flush=True)
sys.stdin.read(1)
