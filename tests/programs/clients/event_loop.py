import asyncio
import sys


async def main(host, port):
    reader, writer = await asyncio.open_connection(host, port, happy_eyeballs_delay=30)
    writer.write(b"ping\n")
    sys.stdout.write((await reader.read()).decode())


asyncio.run(main(*sys.argv[1:]))
