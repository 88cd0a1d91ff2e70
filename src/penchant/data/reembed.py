"""Moving a state to another embedder. No click history is needed: documents and units hold their text, and
units their documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from penchant import text
from penchant.data.embedded import Embedded, texts_of, with_means, with_vectors, without_vectors
from penchant.embed import Embedder
from penchant.embed.chance import community_threshold
from penchant.embed.kept import new_embedder
from penchant.embed.texts import TextEmbedder
from penchant.engine.about import (
    ABOUT,
    COUNTERS,
    About,
    Counters,
    model_fact,
    read_about,
    read_counters,
    sites_of,
)
from penchant.errors import InvalidQuery
from penchant.memory.traits import packed_terms
from penchant.settings import DocumentText
from penchant.store import Changes, Store, StoredDocument
from penchant.text.sites import Sites
from penchant.types import Progress, User

_DOCUMENTS = 4_096
_USERS = 256


def reembed(
    store: Store,
    embedder: str | Embedder,
    *,
    document_text: DocumentText | None = None,
    api_key: str | None = None,
    progress: Progress | None = None,
) -> Embedder:
    """Embed all titles anew, and all contextual texts where units are these; ``corpus`` is trained on the
    titles of the state. The threshold of the community is found anew.

    The change is kept whole or not at all. A threshold in the settings stays as it is: see `penchant
    calibrate`.

    Args:
        document_text: what of a document is embedded from now on; None: what was.
        progress: called with the number of texts done, of `count_texts` in all.
    """
    about, counters = read_about(store), read_counters(store)
    if about is None:
        raise InvalidQuery("there is nothing to embed anew: the state holds no documents")
    documents = list(store.documents())
    titles = [stored.document.title for stored in documents]
    sites = sites_of(about.settings, titles)
    new = new_embedder(embedder, [sites.bare(title) for title in titles], api_key)
    settings = msgspec.structs.replace(
        about.settings, document_text=document_text or about.settings.document_text
    )
    about = msgspec.structs.replace(
        about, embedder=new.name, dimension=new.dimension, settings=settings, sites=sites.names
    )
    counters = msgspec.structs.replace(counters, revision=counters.revision + 1)
    facts = model_fact(new)
    store.commit(_parts(store, documents, TextEmbedder(new), about, counters, facts, progress))
    return new


def count_texts(store: Store) -> int:
    """How many texts a state holds: one a document, a wish, and, where units are texts, a unit."""
    about = read_about(store)
    by_text = about is not None and about.settings.unit_rule == "text"
    return sum(1 for _ in store.documents()) + sum(
        by_text * len(user.units) + len(user.wishes) for part in _users(store) for user in part.values()
    )


def _parts(
    store: Store,
    documents: Sequence[StoredDocument],
    texts: TextEmbedder,
    about: About,
    counters: Counters,
    facts: Mapping[str, bytes],
    progress: Progress | None,
) -> Iterator[Changes]:
    sites = Sites(about.sites)
    by_mean, embedded, what = about.settings.unit_rule == "mean", Embedded(), about.settings.document_text
    for start in range(0, len(documents), _DOCUMENTS):
        part = documents[start : start + _DOCUMENTS]
        titles = [sites.bare(stored.document.title) for stored in part]
        to_embed = [
            text.document_text(title, what, stored.document.attributes)
            for stored, title in zip(part, titles, strict=True)
        ]
        vectors = texts.encode(to_embed, progress)
        if by_mean:
            embedded.add([stored.document.id for stored in part], vectors)
        yield Changes(
            documents=[
                msgspec.structs.replace(stored, revision=counters.revision, terms=packed_terms(title))
                for stored, title in zip(part, titles, strict=True)
            ],
            vectors={stored.key: vector.tobytes() for stored, vector in zip(part, vectors, strict=True)},
        )
    for users in _users(store):
        bare = {user_id: with_means(without_vectors(user), embedded) for user_id, user in users.items()}
        fresh = iter(texts.encode([text for user in bare.values() for text in texts_of(user)], progress))
        yield Changes(users={user_id: with_vectors(user, fresh) for user_id, user in bare.items()})
    about = msgspec.structs.replace(about, threshold=None, compared=0)
    if by_mean:
        found = community_threshold(embedded.sample(), texts.embedder.threshold)
        about = msgspec.structs.replace(about, threshold=found, compared=len(documents))
    about_and_counters = {ABOUT: msgspec.json.encode(about), COUNTERS: msgspec.json.encode(counters)}
    yield Changes(facts={**facts, **about_and_counters})


def _users(store: Store) -> Iterator[dict[str, User]]:
    user_ids = store.user_ids()
    for start in range(0, len(user_ids), _USERS):
        yield store.users(user_ids[start : start + _USERS])
