"""Answers of other programs, read with a limit: a neighbour gone mad must not fill the board's memory."""

import aiohttp


async def read_at_most(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body; ValueError where it is over `limit` bytes."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        body += chunk
        if len(body) > limit:
            raise ValueError("the answer is too large")
    return bytes(body)
