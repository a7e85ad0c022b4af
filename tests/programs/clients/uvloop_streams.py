import asyncio
import sys

import uvloop


async def main(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"ping\n")
    sys.stdout.write((await reader.read()).decode())


uvloop.install()
asyncio.run(main(*sys.argv[1:]))
