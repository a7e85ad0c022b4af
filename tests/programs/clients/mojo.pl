use Mojo::IOLoop;

Mojo::IOLoop->client({address => $ARGV[0], port => $ARGV[1]} => sub {
	my ($loop, $error, $stream) = @_;
	die "$error\n" if defined $error;
	$stream->on(read => sub { print $_[1] });
	$stream->on(close => sub { Mojo::IOLoop->stop });
	$stream->write("ping\n");
});
Mojo::IOLoop->singleton->reactor->on(error => sub { print "error: $_[1]"; exit 1 });
Mojo::IOLoop->start;
