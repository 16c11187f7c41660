"""MCP without its clients, without the cipher it would seal the state of unfinished calls with, and without a command line.

Only what is at an address needs a client, which is loaded then; a server of this process is called itself.

Our tools finish in one go, and the cipher's library is 7 MiB. What does need it, the secrets of
channels and the dates of certificates, is reached by a tool call, when all this is loaded.
MCP's event streams hook into uvicorn's command line to hear of signals. `api/app/serving.py` hears them
itself; who serves by uvicorn (`mcp_servers/serve.py`) has loaded that before, and keeps the hook.
"""

from contextlib import ExitStack
from importlib import import_module

from core.absent import only_parts_of, put_off, without

# Where the package has what somebody may want of it besides.
HOMES = {
    "Client": "mcp.client.client",
    "ClientSession": "mcp.client.session",
    "StdioServerParameters": "mcp.client.stdio",
    "MCPError": "mcp.shared.exceptions",
}

CIPHER = {
    "cryptography.exceptions": ("InvalidTag",),
    "cryptography.hazmat.primitives.ciphers.aead": ("AESGCM",),
    "cryptography.hazmat.primitives.hashes": ("SHA256",),
    "cryptography.hazmat.primitives.kdf.hkdf": ("HKDF",),
}


def load_mcp() -> None:
    """Call it before the first import of MCP; later it does nothing."""
    only_parts_of("mcp", **HOMES)
    with ExitStack() as stack:
        stack.enter_context(without("uvicorn.main"))
        for package, names in CIPHER.items():
            stack.enter_context(put_off(package, *names))
        import_module("mcp.server.request_state")


class NoState:
    """The codec of a server whose calls leave no state with their caller."""

    def seal(self, payload: bytes) -> str:
        raise NotImplementedError("A tool of ours answers in one go.")

    def unseal(self, token: str) -> bytes:
        """Raises MCP's error for what was not sealed here, as nothing is."""
        from mcp.server.request_state import InvalidRequestState

        raise InvalidRequestState("nothing is sealed here")
