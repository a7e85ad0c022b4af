const [host, port] = process.argv.slice(2);

require('net')
	.connect({ host, port, autoSelectFamily: true })
	.on('error', (error) => {
		console.error(error.code, (error.errors || [error]).map((each) => each.message));
		process.exitCode = 1;
	})
	.end('ping\n')
	.pipe(process.stdout);
