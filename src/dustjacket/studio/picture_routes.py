"""A picture as the models see it: of a file that a browser cannot show, or at an address."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Response, UploadFile

from dustjacket.clip.match_input import IMAGE_LIMITS, as_stored
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.studio.problems import RESPONSES
from dustjacket.studio.routes import State
from dustjacket.web.client import FetchLimits, WebClient
from dustjacket.web.failures import WebError, is_transient

PICTURE = "/picture"
_LIMITS = FetchLimits(max_bytes=IMAGE_LIMITS.max_bytes, deadline_s=20, retries=1)
_MAX_ADDRESS = 2000
picture_routes = APIRouter(responses=RESPONSES)


@picture_routes.post(
    PICTURE, response_class=Response, responses={200: {"content": {"image/jpeg": {}}}}
)
async def picture(
    state: State,
    image: UploadFile | None = None,
    address: Annotated[str, Form(max_length=_MAX_ADDRESS)] = "",
) -> Response:
    """Return a picture as it is matched: the first frame, upright, on white, as a JPEG.

    Give either the file, or the address of one, which must be public.
    """
    if (image is None) == (not address):
        raise BadInputError("give either an image or an address")
    body = await image.read() if image else await _fetch(address, state.private_addresses)
    loop = asyncio.get_running_loop()
    stored = await loop.run_in_executor(state.decoding_thread, as_stored, body, "the picture")
    return Response(stored, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _fetch(address: str, private: bool) -> bytes:
    try:
        async with WebClient(_LIMITS, private=private) as client:
            return await client.get(address)
    except WebError as error:
        raise (NotReadyError if is_transient(error.reason) else BadInputError)(str(error)) from None
