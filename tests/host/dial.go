// dial ADDRESS PORT: connects, says "connected" or what went wrong, and goes on until its input ends.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func main() {
	_, err := net.Dial("tcp", net.JoinHostPort(os.Args[1], os.Args[2]))
	if err == nil {
		fmt.Println("connected")
	} else {
		fmt.Println(err)
	}
	io.Copy(io.Discard, os.Stdin)
}
