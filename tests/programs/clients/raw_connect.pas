{ Connects to 127.0.0.1 port 40000 and waits. It is a dynamic program because it names libc. }
program raw_connect;

{$linklib c}

uses
  Sockets;

var
  Address: TInetSockAddr;
  Socket: Longint;

begin
  Address.sin_family := AF_INET;
  Address.sin_port := htons(40000);
  Address.sin_addr := StrToNetAddr('127.0.0.1');
  Socket := fpSocket(AF_INET, SOCK_STREAM, 0);
  if fpConnect(Socket, @Address, SizeOf(Address)) <> 0 then
    Halt(1);
  ReadLn;
end.
