// Connects to port 40000 of 127.0.0.1 by C's connect(), which is refused under the library, and then
// by Go's own, and waits.
package main

/*
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int error_of_connect(void)
{
	struct sockaddr_in destination = {.sin_family = AF_INET,
					  .sin_port = htons(40000),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int error = connect(fd, (struct sockaddr *)&destination, sizeof destination) == 0 ? 0 : errno;

	close(fd);
	return error;
}
*/
import "C"

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

func main() {
	fmt.Println("C:", syscall.Errno(C.error_of_connect()))
	connection, err := net.Dial("tcp", "127.0.0.1:40000")
	fmt.Println("Go:", connection, err)
	os.Stdin.Read(make([]byte, 1))
}
