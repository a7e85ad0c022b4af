import sys

from twisted.internet import defer, endpoints, protocol, task


class Client(protocol.Protocol):
    def connectionMade(self):
        self.transport.write(b"ping\n")

    def dataReceived(self, data):
        sys.stdout.write(data.decode())

    def connectionLost(self, reason):
        self.factory.lost.callback(None)


async def main(reactor, host, port):
    factory = protocol.Factory.forProtocol(Client)
    factory.lost = defer.Deferred()
    await endpoints.HostnameEndpoint(reactor, host, int(port)).connect(factory)
    await factory.lost


task.react(lambda *arguments: task.ensureDeferred(main(*arguments)), sys.argv[1:])
