<?php
/* Connects by one of PHP's extensions, which is its only argument but for the port. */
$port = (int)($argv[2] ?? 40000);

switch ($argv[1]) {
case 'sockets':
	$socket = socket_create(AF_INET, SOCK_STREAM, SOL_TCP);
	@socket_connect($socket, '127.0.0.1', $port);
	echo socket_strerror(socket_last_error($socket)), "\n";
	break;
case 'curl':
	$curl = curl_init("http://127.0.0.1:$port/");
	curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
	echo curl_exec($curl), curl_error($curl), "\n";
	break;
case 'pgsql':
	@pg_connect("host=127.0.0.1 port=$port user=nobody sslmode=disable");
	echo error_get_last()['message'], "\n";
	break;
case 'memcached':
	$memcached = new Memcached();
	$memcached->addServer('127.0.0.1', $port);
	$memcached->set('key', 'value');
	echo $memcached->getResultMessage(), "\n";
	break;
}
fgets(STDIN);
