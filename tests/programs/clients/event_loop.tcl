set server [socket -async {*}$argv]
fileevent $server writable {set connected yes}
vwait connected
fileevent $server writable {}
set error [fconfigure $server -error]
if {$error ne ""} {
	error $error
}
puts $server ping
flush $server
puts -nonewline [read $server]
