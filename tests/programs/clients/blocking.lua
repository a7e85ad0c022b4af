local server = assert(require("socket").connect(arg[1], arg[2]))
server:send("ping\n")
io.write((server:receive("*a")))
