<?php
$server = stream_socket_client("tcp://$argv[1]:$argv[2]", $number, $error) or exit(1);
fwrite($server, "ping\n");
fpassthru($server);
