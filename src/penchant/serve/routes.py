"""One function a route. Questions need the scope `read`, changes `write`, what concerns one person's data
`admin`."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from penchant.engine import Engine
from penchant.errors import InvalidQuery
from penchant.memory.filters import parse_where
from penchant.rank.sentences import Explain, check_language
from penchant.serve.answers import recommended, unit_answer
from penchant.serve.bodies import (
    DocumentAbout,
    Experiments,
    Export,
    Exposure,
    Found,
    Health,
    History,
    Imagined,
    KeptUnit,
    Map,
    Nearness,
    Overview,
    ProblemDetails,
    Recommendations,
    Scores,
    ScoresWanted,
    Titles,
    Trends,
    Units,
    UserIds,
    Wanted,
    Weights,
    WhatIf,
    Why,
    WishFor,
    WishList,
)
from penchant.serve.changes import (
    check_count,
    delete_document,
    delete_user,
    delete_wish,
    post_clicks,
    post_dismissed,
    post_shown,
    put_documents,
    put_wish,
    stream_clicks,
    stream_documents,
    wishes_of,
)
from penchant.serve.edge import id_of
from penchant.serve.history import told_history
from penchant.serve.parameters import ADMIN, READ, At, K, Scorer, ServiceHere, Where
from penchant.serve.problems import MEDIA_TYPE, TITLES, Problem
from penchant.serve.service import Service
from penchant.types import Click, Document, Recommendation, Source, User

_AT_HOME = 6
"""Documents of a kind at a glance."""


@get("/blend", opt=READ, summary="What evidence weighs")
async def get_blend(service: ServiceHere) -> Weights:
    """The weights of the scorer `blend`, as clicks have taught them so far."""
    found = await service.shared.ask(lambda engine: engine.blend.weights())
    return Weights({name: round(weight, 6) for name, weight in found.items()})


@get("/users", opt=READ, summary="Find users")
async def get_users(
    service: ServiceHere,
    prefix: Annotated[str, QueryParameter(description="How the id begins.")] = "",
    part: Annotated[str, QueryParameter(description="What the id has anywhere.")] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=1_000)] = 20,
) -> UserIds:
    """Ids of users, sorted."""
    return UserIds(await service.shared.ask(lambda engine: engine.user_ids(prefix, limit, part)))


@get("/users/{user_id:str}/units", opt=READ, summary="The interests of a user")
async def get_units(user_id: FromPath[str], service: ServiceHere) -> Units:
    """Most recently updated first; none for a user who never clicked."""
    units = await service.shared.ask(lambda engine: engine.units(id_of(user_id)))
    service.metrics.units.observe(len(units))
    return Units(id_of(user_id), [unit_answer(unit) for unit in units])


@get("/users/{user_id:str}/wishes", opt=READ, summary="What a user asked for in words")
async def get_wishes(user_id: FromPath[str], service: ServiceHere) -> WishList:
    """More about something, or less; the latest at the end."""
    return await wishes_of(user_id, service)


@get("/users/{user_id:str}/recommendations", opt=READ, summary="What to show a user next")
async def get_recommendations(
    request: Request[Any, Any, Any],
    user_id: FromPath[str],
    service: ServiceHere,
    k: K = 20,
    where: Where = None,
    scorer: Scorer = None,
    diversity: Annotated[
        float | None, QueryParameter(description="0 to 1: how much what was chosen counts against its like.")
    ] = None,
    personal: Annotated[
        float | None,
        QueryParameter(
            description="0 to 1: share of the places that are the user's own; default: the state's."
        ),
    ] = None,
    explore: Annotated[
        float | None,
        QueryParameter(
            description="0 to 1: the share of answers whose scores are drawn from what is uncertain."
        ),
    ] = None,
    exclude_seen: Annotated[bool, QueryParameter(description="Leave out what the user clicked.")] = True,
    explain: Annotated[
        Literal["true", "false", "full"],
        QueryParameter(description="Say why; `full`: with all that was weighed, for and against."),
    ] = "true",
    language: Annotated[str, QueryParameter(description="Of the reasons: en or ko.")] = "en",
    published_after: Annotated[float | None, QueryParameter(description="Unix seconds.")] = None,
    at: At = None,
) -> Recommendations:
    """The best first. A user without interests gets what others clicked of late."""
    told: Explain = "full" if explain == "full" else explain == "true"
    wanted = Wanted(
        k, where, scorer, diversity, personal, explore, exclude_seen, told, language, published_after, at
    )
    return await _recommended(request, id_of(user_id), wanted, service)


@post(
    "/users/{user_id:str}/recommendations",
    opt=READ,
    status_code=200,
    summary="The same, joined with rankings of your own",
)
async def post_recommendations(
    request: Request[Any, Any, Any], user_id: FromPath[str], data: JSONBody[Wanted], service: ServiceHere
) -> Recommendations:
    """Another model's ranking, an editor's choice, a search: each source adds candidates and weight."""
    check_count(
        sum(len(source.ranking) for source in data.sources), service.config.max_batch, "ranked documents"
    )
    return await _recommended(request, id_of(user_id), data, service)


async def _recommended(
    request: Request[Any, Any, Any], name: str, wanted: Wanted, service: Service
) -> Recommendations:
    _check_k(wanted.k, service)
    conditions, when = parse_where(wanted.where), service.now() if wanted.at is None else wanted.at
    sources = [Source(source.name, source.ranking, source.weight) for source in wanted.sources]
    label, variant = service.variant(name)
    request.scope["state"]["variant"] = label or ""

    def question(engine: Engine) -> Any:
        return engine.recommend(
            name,
            wanted.k,
            where=conditions,
            exclude_seen=wanted.exclude_seen,
            published_after=wanted.published_after,
            scorer=wanted.scorer or variant.scorer,
            diversity=(variant.diversity or 0.0) if wanted.diversity is None else wanted.diversity,
            personal=variant.personal if wanted.personal is None else wanted.personal,
            explore=(variant.explore or 0.0) if wanted.explore is None else wanted.explore,
            explain=wanted.explain,
            language=check_language(wanted.language),
            at=when,
            sources=sources,
        )

    found = await service.shared.ask(question)
    service.exposed(name, label)
    return Recommendations(name, label, recommended(found))


@post("/users/{user_id:str}/scores", opt=READ, status_code=200, summary="Score listed documents for a user")
async def post_scores(
    request: Request[Any, Any, Any],
    user_id: FromPath[str],
    data: JSONBody[ScoresWanted],
    service: ServiceHere,
) -> Scores:
    """The scores that recommendations are ranked by, of any documents, in the order asked."""
    check_count(len(data.document_ids), service.config.max_batch, "documents")
    name, when = id_of(user_id), service.now() if data.at is None else data.at
    label, variant = service.variant(name)
    request.scope["state"]["variant"] = label or ""
    scorer = data.scorer or variant.scorer
    scores = await service.shared.ask(
        lambda engine: engine.score(name, data.document_ids, scorer=scorer, at=when)
    )
    return Scores(name, label, [round(float(score), 6) for score in scores])


@get("/users/{user_id:str}/why/{document_id:str}", opt=READ, summary="Where a document stands, and why")
async def get_why(
    user_id: FromPath[str],
    document_id: FromPath[str],
    service: ServiceHere,
    language: Annotated[str, QueryParameter(description="Of the reasons: en or ko.")] = "en",
) -> Why:
    """Its place among the candidates, what weighs for and against it, what the first has that it lacks."""
    name, document = id_of(user_id), id_of(document_id)

    def question(engine: Engine) -> Why:
        found = engine.why(name, document, language=check_language(language), at=service.now())
        return Why(
            name,
            found.document,
            round(found.score, 6),
            found.rank,
            found.candidates,
            found.chance,
            found.left_out,
            found.reasons,
            found.evidence,
            found.first,
            engine.threshold,
            [Nearness(unit_answer(near.unit), near.likeness) for near in found.interests],
        )

    return await service.shared.ask(question)


@get("/users/{user_id:str}/history", opt=READ, summary="How a user's interests came about")
async def get_history(user_id: FromPath[str], service: ServiceHere) -> History:
    """What each of the latest clicks did, the oldest first; they are learned again from nothing."""
    return await service.shared.ask(lambda engine: told_history(engine, id_of(user_id)))


@post(
    "/users/{user_id:str}/what-if",
    opt=READ,
    status_code=200,
    summary="Interests and recommendations after imagined clicks",
)
async def post_what_if(user_id: FromPath[str], data: JSONBody[WhatIf], service: ServiceHere) -> Imagined:
    """Nothing of it is kept."""
    _check_k(data.k, service)
    check_count(len(data.document_ids), 100, "imagined clicks")
    name = id_of(user_id)

    def question(engine: Engine) -> Imagined:
        units = engine.units(name)
        last = max([engine.latest_at, *(unit.updated_at for unit in units)])
        clicks = [Click(name, document, last + step) for step, document in enumerate(data.document_ids, 1)]
        scorer, diversity = data.scorer, data.diversity or 0.0
        found = engine.recommend(
            name,
            data.k,
            scorer=scorer,
            diversity=diversity,
            personal=data.personal,
            explain=data.explain,
            language=check_language(data.language),
            at=service.now() or last,
            as_if=clicks,
        )
        return Imagined(
            name,
            engine.observe(clicks, dry_run=True),
            [unit_answer(unit) for unit in engine.units(name, as_if=clicks)],
            recommended(found),
        )

    return await service.shared.ask(question)


@get("/users/{user_id:str}/export", opt=ADMIN, summary="All that is kept of a user")
async def get_export(user_id: FromPath[str], service: ServiceHere) -> Export:
    """For the person who asks what is known about them."""
    name = id_of(user_id)
    user, read = await service.shared.ask(lambda engine: (engine.user(name), engine.reads(name)))
    if not (user.steps or user.dismissed or user.shown or user.wishes):
        raise Problem(404, f"nothing is kept of the user {name!r}")
    exposed = (
        await asyncio.to_thread(service.exposures.of_user, name) if service.exposures is not None else []
    )
    kept = [
        KeptUnit(
            **msgspec.structs.asdict(unit_answer(unit)),
            embedding=b64encode(unit.embedding.tobytes()).decode(),
        )
        for unit in user.units
    ]
    wishes = [WishFor(wish.text, wish.want) for wish in user.wishes]
    experiments = [Exposure(e.experiment, e.variant, e.first_at, e.exposures, e.clicks) for e in exposed]
    return Export(
        name, user.steps, kept, user.seen, user.history, read, *_reactions(user), wishes, experiments
    )


@get("/documents", opt=READ, summary="Documents by their ids")
async def get_documents(
    service: ServiceHere,
    id: Annotated[list[str] | None, QueryParameter(max_items=1_000)] = None,  # noqa: A002 (the parameter)
) -> Titles:
    """Those that are not there are left out."""
    wanted = id or []
    return Titles(
        await service.shared.ask(lambda engine: [engine.document(name) for name in wanted if name in engine])
    )


@get("/documents/{document_id:str}", opt=READ, summary="A document and how it is read")
async def get_document(document_id: FromPath[str], service: ServiceHere) -> DocumentAbout:
    """With the interests of its readers, all together."""
    name, now = id_of(document_id), service.now()

    def question(engine: Engine) -> tuple[Document, float]:
        return engine.document(name), engine.recent_clicks(name, now or engine.latest_at)

    document, clicks = await service.shared.ask(question)
    return DocumentAbout(document, round(clicks, 3), (await service.readers()).cared(name))


@get("/documents/{document_id:str}/similar", opt=READ, summary="Documents like this one")
async def get_similar(
    document_id: FromPath[str], service: ServiceHere, k: K = 20, where: Where = None, at: At = None
) -> Found:
    """The nearest in meaning; the score is the cosine."""
    _check_k(k, service)
    conditions, when = parse_where(where), service.now() if at is None else at
    found = await service.shared.ask(
        lambda engine: engine.similar(id_of(document_id), k, where=conditions, at=when)
    )
    return Found(recommended(found))


@get("/search", opt=READ, summary="Documents by meaning")
async def get_search(
    service: ServiceHere,
    q: Annotated[str, QueryParameter(description="Some words.")],
    k: K = 20,
    where: Where = None,
    at: At = None,
) -> Found:
    """The nearest in meaning; the score is the cosine."""
    _check_k(k, service)
    if len(q) > service.config.max_query:
        raise InvalidQuery(
            f"q has {len(q):,} characters: at most {service.config.max_query:,} are searched for"
        )
    conditions, when = parse_where(where), service.now() if at is None else at
    return Found(
        recommended(await service.shared.ask(lambda engine: engine.search(q, k, where=conditions, at=when)))
    )


@get("/overview", opt=READ, summary="The service at a glance")
async def get_overview(service: ServiceHere) -> Overview:
    """Counts, clicks by minute, the latest changes, what is read and what is new."""
    engine, by_minute = service.shared.engine, service.lately.by_minute()
    experiment, now = service.config.experiment, service.now()

    def question(engine: Engine) -> tuple[int, list[Recommendation], list[Document], str | None]:
        tower = engine.towers.in_use
        read, newest = engine.popular(_AT_HOME, at=now), engine.newest(_AT_HOME, at=now)
        return len(engine), read, newest, tower.name if tower else None

    documents, read, newest, tower = await service.shared.ask(question)
    return Overview(
        documents=documents,
        users=await service.users(),
        clicks_last_minute=by_minute[-1] + by_minute[-2],
        clicks_by_minute=by_minute,
        latest_at=engine.latest_at,
        embedder=engine.about.embedder if engine.about else None,
        experiment=experiment.name if experiment else None,
        changes=service.lately.changes(),
        read_now=recommended(read),
        newest=newest,
        lessons=engine.blend.lessons,
        tower=tower,
    )


@get("/trends", opt=READ, summary="What readers care about of late")
async def get_trends(service: ServiceHere) -> Trends:
    """Terms of interests that grew of late, of a sample of the readers, without saying whose they are."""
    readers = await service.readers()
    return Trends(readers.trends, readers.looked_at)


@get("/experiments", opt=READ, summary="How the variants of the running experiment do")
async def get_experiments(service: ServiceHere) -> Experiments:
    """Clicks a user, beside the first variant: the difference, its interval, and whether to trust it."""
    return Experiments(await asyncio.to_thread(service.experiments))


@get("/map", opt=READ, summary="What the community cares about")
async def get_map(service: ServiceHere) -> Map:
    """A map of the largest interests of a sample of the readers, without saying whose they are."""
    return await service.map()


# How the service is


@get("/health/live", summary="Whether the process answers", sync_to_thread=False)
def get_live() -> Health:
    """Always, while it runs."""
    return Health("live")


@get("/health/ready", summary="Whether questions are answered", sync_to_thread=False)
def get_ready(service: ServiceHere) -> Health:
    """503 while the state is being loaded, and at the end."""
    service.check_ready()
    return Health("ready")


@get("/metrics", opt={**READ, "early": True}, summary="Metrics for Prometheus", media_type="text/plain")
async def get_metrics(service: ServiceHere) -> Response[bytes]:
    """In Prometheus' text format."""
    metrics, engine = service.metrics, service.shared.engine
    metrics.ready.set(service.ready)
    metrics.waiting.set(service.shared.clicks_waiting)
    if service.ready:
        metrics.documents.set(await service.shared.ask(len))
        metrics.users.set(await service.users())
        metrics.state_bytes.set(engine.size())
        metrics.embedder.set(engine.embedding_seconds)
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


ROUTES = [
    put_documents,
    stream_documents,
    post_clicks,
    stream_clicks,
    delete_document,
    delete_user,
    post_dismissed,
    post_shown,
    put_wish,
    delete_wish,
    get_wishes,
    get_blend,
    get_users,
    get_units,
    get_recommendations,
    post_recommendations,
    post_scores,
    get_why,
    get_history,
    post_what_if,
    get_export,
    get_documents,
    get_document,
    get_similar,
    get_search,
    get_overview,
    get_map,
    get_trends,
    get_experiments,
    get_live,
    get_ready,
    get_metrics,
]

for route in ROUTES:
    route.responses = {
        status: ResponseSpec(
            ProblemDetails, description=TITLES[status], media_type=MEDIA_TYPE, generate_examples=False
        )
        for status in (400, 401, 403, 404, 413, 415, 421, 422, 429, 503, 507)
    }
    if "scope" in route.opt:
        route.security = [{"bearer": []}]


def _reactions(user: User) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids of what was dismissed, and of what was shown."""
    return tuple(name for name, _ in user.dismissed), tuple(name for name, *_ in user.shown)


def _check_k(k: int, service: Service) -> None:
    if not 1 <= k <= service.config.max_k:
        raise InvalidQuery(f"k is {k}: use 1 to {service.config.max_k}")
