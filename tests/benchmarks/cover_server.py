"""A minimal HTTP server of a folder's files; minimal because it shares the cores with its client.

``/began`` returns the time of the first file request since the last ``/began``.
"""

import asyncio
import sys
import time
from pathlib import Path

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
_MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class FileProtocol(asyncio.Protocol):
    """One connection, kept alive."""

    began = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for the responses."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each complete request, in order."""
        self.read += data
        while (end := self.read.find(b"\r\n\r\n")) >= 0:
            name = self.read[:end].split(b" ", 2)[1].rsplit(b"/", 1)[-1].decode()
            self.read = self.read[end + 4 :]
            if name == "began":
                body, FileProtocol.began = str(FileProtocol.began).encode(), 0.0
                self.transport.writelines([_HEAD % len(body), body])
                continue
            FileProtocol.began = FileProtocol.began or time.time()
            try:
                body = (self.folder / name).read_bytes()
            except OSError:
                self.transport.write(_MISSING)
                continue
            self.transport.writelines([_HEAD % len(body), body])


async def main(folder: Path) -> None:
    """Serve until the process is killed; print the port first."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: FileProtocol(folder), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main(Path(sys.argv[1])))
    except ImportError:
        asyncio.run(main(Path(sys.argv[1])))
