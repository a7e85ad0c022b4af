set server [socket {*}$argv]
puts $server ping
flush $server
puts -nonewline [read $server]
