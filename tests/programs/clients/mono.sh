# Prints the result of Mono's TcpClient.
cat >client.cs <<'END'
using System;
using System.IO;
using System.Net.Sockets;

class Client
{
	static void Main(string[] arguments)
	{
		try {
			var stream = new TcpClient(arguments[0], int.Parse(arguments[1])).GetStream();
			var writer = new StreamWriter(stream);
			writer.WriteLine("ping");
			writer.Flush();
			Console.WriteLine(new StreamReader(stream).ReadLine());
		} catch (SocketException error) {
			Console.WriteLine(error.SocketErrorCode);
		}
	}
}
END
[ -e client.exe ] || mcs client.cs
exec mono client.exe "$1" "$2"
