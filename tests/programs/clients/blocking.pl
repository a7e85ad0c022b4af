use IO::Socket::IP;

my $server = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Type => SOCK_STREAM)
	or die "$@\n";
print $server "ping\n";
$server->flush;
print <$server>;
