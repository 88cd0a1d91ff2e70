"""The page: files that are served as they are."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from penchant.serve.problems import Problem

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {
    file.name: (file.read_bytes(), _KINDS[f".{file.name.rpartition('.')[2]}"])
    for file in files("penchant.serve").joinpath("page").iterdir()
    if f".{file.name.rpartition('.')[2]}" in _KINDS
}


def _served(name: str) -> Response[bytes]:
    if name not in _FILES:
        raise Problem(404, f"the page has no file {name!r}")
    body, kind = _FILES[name]
    return Response(body, media_type=kind, headers={"Cache-Control": "no-cache"})


@get("/", include_in_schema=False, sync_to_thread=False)
def get_home() -> Response[bytes]:
    """The page; everything else on it goes by the part of the address after `#`."""
    return _served("index.html")


@get("/page/{name:str}", include_in_schema=False, sync_to_thread=False)
def get_file(name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    return _served(name)


PAGES: list[Any] = [get_home, get_file]
