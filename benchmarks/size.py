"""How large is a state, and what does each part of it cost?

The large state: 200,000 documents, 10,000 users of 20 Interest Units, `corpus` of 256 dimensions. Users of 384 dimensions are the same users with vectors
of that length. What int8 vectors lose is counted on deskdrop: clicks learned again, and whose answers change.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

from measuring import heading, large_state, read, row
from penchant import Engine, Settings
from penchant.data.build import add_documents, observe_log
from penchant.store.packing import pack_user
from penchant.types import InterestUnit, User, encode
from penchant.vectors import rounded, unit_length

SAMPLE = 500


def main() -> None:
    """Print the rows."""
    heading("The size of a state", "the large state; deskdrop", "msgspec")
    with Engine.open(large_state(), read_only=True) as engine:
        users = list(engine.store.users([f"u{n}" for n in range(SAMPLE)]).values())
        of_users(users)
        of_documents(engine)
    held()
    what_int8_loses()


def of_users(users: list[User]) -> None:
    units = np.mean([len(user.units) for user in users])
    for precision, budget in (("float16", 24), ("int8", 12)):
        wide = [
            msgspec.structs.replace(user, units=widened(user.units, 384, precision), precision=precision)
            for user in users
        ]
        kilobytes = np.mean([len(pack_user(user)) for user in wide]) / 1024
        now = (
            np.mean([len(pack_user(msgspec.structs.replace(user, precision=precision))) for user in users])
            / 1024
        )
        row(
            f"a user on disk, {units:.0f} units, 384 dimensions, {precision}",
            f"{kilobytes:.1f} KB; of 256 dimensions {now:.1f} KB",
            f"<= {budget} KB",
            bool(kilobytes <= budget),
        )
    plain = msgspec.msgpack.Encoder(enc_hook=lambda array: array.tobytes()).encode
    parts = {name: 0.0 for name in InterestUnit.__struct_fields__ if name != "embedding"}
    for user in users:
        for unit in user.units:
            for name in parts:
                parts[name] += len(plain(getattr(unit, name))) / len(users)
    parts["seen"] = float(np.mean([len(plain(user.seen)) for user in users]))
    parts["history"] = float(np.mean([len(plain(user.history)) for user in users]))
    told = ", ".join(f"{name} {size:,.0f}" for name, size in sorted(parts.items(), key=lambda item: -item[1]))
    row(
        "bytes a user, by field",
        f"embeddings {units * 256 * 2:,.0f} (256 dimensions), {told}; text is not kept where it is title and terms",
    )


def widened(units: tuple[InterestUnit, ...], dimension: int, precision: str) -> tuple[InterestUnit, ...]:
    vectors = unit_length(
        np.random.default_rng(0).standard_normal((len(units), dimension)).astype(np.float32)
    )
    kept = rounded(vectors, precision)
    return tuple(
        msgspec.structs.replace(unit, embedding=vector) for unit, vector in zip(units, kept, strict=True)
    )


def of_documents(engine: Engine) -> None:
    count, folder = len(engine), large_state()
    index = {path.suffix: path.stat().st_size / count for path in folder.glob("index*")}
    documents = np.mean([len(encode(stored.document)) for stored in list(engine.store.documents())[:5_000]])
    row(
        "bytes a document, on disk",
        f"document {documents:.0f}, vector (float32) {4 * 256}, graph {index['.usearch']:.0f}, vectors of the index {index['.vectors']:.0f}",
    )


def held() -> None:
    """Memory of a process that has the state open, before and after 2,000 users asked."""
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import os
from penchant import Engine
def resident(): return int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20
empty = resident()
engine = Engine.open({str(large_state())!r}, read_only=True)
engine.warm_up()
opened = resident()
for n in range(2000): engine.recommend(f'u{{n}}')
print(empty, opened, resident())
"""
    text = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    empty, opened, asked = map(float, text.split())
    row(
        "memory, 200,000 documents",
        f"{opened:.0f} MB once open ({(opened - empty) * 2**20 / 200_000:.0f} bytes a document), {asked:.0f} MB after 2,000 users asked",
    )


def what_int8_loses() -> None:
    documents, clicks = read("deskdrop")
    engines = {}
    for precision in ("float16", "int8"):
        engine = engines[precision] = Engine(
            "corpus", index="exact", settings=Settings(unit_precision=precision)
        )
        add_documents(engine, documents)
        observe_log(engine, clicks, "log")
    users = engines["float16"].user_ids()
    same = np.mean([texts(engines["float16"], user) == texts(engines["int8"], user) for user in users])
    shared = np.mean(
        [len(best(engines["float16"], user) & best(engines["int8"], user)) / 20 for user in users[:400]]
    )
    row(
        "int8 beside float16, deskdrop",
        f"{same:.1%} of users have the same units, {shared:.1%} of the 20 best documents are the same",
    )


def texts(engine: Engine, user: str) -> set[str]:
    return {unit.text for unit in engine.units(user)}


def best(engine: Engine, user: str) -> set[str]:
    return {each.document.id for each in engine.recommend(user, 20)}


if __name__ == "__main__":
    main()
