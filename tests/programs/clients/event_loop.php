<?php
$server = stream_socket_client("tcp://$argv[1]:$argv[2]", $number, $error, 50,
	STREAM_CLIENT_CONNECT | STREAM_CLIENT_ASYNC_CONNECT);
echo "connect: ", $server ? "under way" : "$number $error", "\n";
if (!$server) exit(1);
$read = [];
$write = [$server];
$except = [$server];
echo "ready: ", stream_select($read, $write, $except, 50), "\n";
if (stream_socket_get_name($server, true) === false) {
	echo "refused\n";
	exit(1);
}
fwrite($server, "ping\n");
stream_set_blocking($server, true);
fpassthru($server);
