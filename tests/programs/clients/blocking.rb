require 'socket'

server = TCPSocket.new(*ARGV)
server.puts 'ping'
print server.read
