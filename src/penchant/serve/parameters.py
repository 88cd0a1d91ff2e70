"""What routes take: parameters of the URL, and bodies with what OpenAPI says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import Body, QueryParameter

from penchant.serve.bodies import (
    NewClick,
)
from penchant.serve.service import Service
from penchant.types import Document

K = Annotated[int, QueryParameter(ge=1, description="How many documents.")]
Where = Annotated[
    list[str] | None,
    QueryParameter(
        description="Conditions on attributes: `channel=db`, `lang=en,ko`, `price>=5`. All have to hold."
    ),
]
At = Annotated[
    float | None, QueryParameter(description="Now, in Unix seconds; default: the clock of the service.")
]
Scorer = Annotated[
    str | None,
    QueryParameter(description="`blend`, `sum`, `max`, `soft`; default: the variant's, or the state's."),
]

ServiceHere = NamedDependency[Service]
Documents = Annotated[
    Document | list[Document],
    Body(
        media_type=RequestEncodingType.JSON,
        examples=[
            Example(summary="one", value={"id": "d1", "title": "Fast cosine search in PostgreSQL"}),
            Example(
                summary="several, one with all fields",
                value=[
                    {"id": "d2", "title": "Vector search without a vector database"},
                    {
                        "id": "d3",
                        "title": "Sourdough bread with an open crumb",
                        "published_at": 1_700_000_000,
                        "expires_at": 1_800_000_000,
                        "hidden": False,
                        "attributes": {"channel": "food", "minutes": 8, "free": True},
                    },
                ],
            ),
        ],
    ),
]
Clicks = Annotated[
    NewClick | list[NewClick],
    Body(
        media_type=RequestEncodingType.JSON,
        examples=[
            Example(summary="one, now", value={"user_id": "ana", "document_id": "d1", "id": "c-1"}),
            Example(
                summary="several",
                value=[{"user_id": "ana", "document_id": "d2", "at": 1_700_000_000, "kind": "view"}],
            ),
        ],
    ),
]

READ, WRITE, ADMIN = {"scope": "read"}, {"scope": "write"}, {"scope": "admin"}


@dataclass
class Ndjson(Operation):
    """A route whose body is a stream of lines."""

    def __post_init__(self) -> None:
        schema = Schema(type=OpenAPIType.STRING, description="One JSON object a line.")
        self.request_body = RequestBody(
            content={"application/x-ndjson": OpenAPIMediaType(schema=schema)}, required=True
        )


# What is learned
