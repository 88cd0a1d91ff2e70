"""Do five core paths still cost what they did? Counted in instructions of the Python interpreter, which no other load changes.

    python benchmarks/guard.py             # compare with benchmarks/guard.json; exits with 1 where a path costs over 5 % more
    python benchmarks/guard.py --write     # after a change that is meant

Counted is every bytecode that penchant's own modules execute, and every call of a C function from them: what is done in numpy, SQLite or compiled code
is a call here, so that calling it more often shows, and its own speed does not. The counts belong to a version of Python.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import penchant
from penchant import Click, Engine
from penchant.data.build import add_documents, observe_log
from penchant.data.simulated import simulate
from penchant.engine import clicks as learning
from penchant.store.packing import pack_user, unpack_user
from penchant.text import _terms

FILE = Path(__file__).with_name("guard.json")
PACKAGE = str(Path(penchant.__file__).parent)
ALLOWED = 1.05


def main() -> None:
    """Compare, or write."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    counts = {name: counted(work) for name, work in paths().items()}
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    if "--write" in sys.argv:
        FILE.write_text(json.dumps({**kept, version: counts}, indent=2) + "\n")
        return
    if version not in kept:
        print(f"no counts of Python {version} are kept ({', '.join(kept)} are): nothing to compare with")
        return
    worse = []
    for name, (instructions, calls) in counts.items():
        before, calls_before = kept[version][name]
        print(
            f"{name:<38}{instructions:>9,} instructions ({instructions / before - 1:+.1%}), {calls:>7,} calls of C ({calls / calls_before - 1:+.1%})"
        )
        if instructions > ALLOWED * before or calls > ALLOWED * calls_before:
            worse.append(name)
    if worse:
        sys.exit(
            f"over 5 % more than before: {', '.join(worse)}. If that is meant, `python benchmarks/guard.py --write`"
        )


def paths() -> dict[str, Callable[[], object]]:
    """The paths on the simulated community, all caches as they are after the first time."""
    community = simulate(0)
    engine = Engine("corpus", index="exact")
    add_documents(engine, community.documents)
    observe_log(engine, community.clicks, "log")
    generator = random.Random(0)
    users = engine.user_ids()
    documents = [document.id for document in community.documents]
    fresh = [Click(generator.choice(users), generator.choice(documents), 2e9 + n) for n in range(100)]
    packed = [pack_user(engine.user(user)) for user in users[:50]]
    titles = [document.title for document in community.documents[:200]]
    again = Engine("corpus", index="exact")
    add_documents(again, community.documents)
    learning.MANY_CLICKS = 1
    again.observe(community.clicks[:1], tell=False, teach=False)
    work: dict[str, Callable[[], object]] = {
        "key terms of 200 titles": lambda: [_terms(title) for title in titles],
        "100 clicks, one by one": lambda: [engine.observe([click]) for click in fresh],
        "50 recommendations": lambda: [engine.recommend(user) for user in users[:50]],
        "50 users to bytes and back": lambda: [pack_user(unpack_user(data)) for data in packed],
        f"{len(community.clicks):,} clicks in bulk": lambda: again.observe(
            community.clicks, tell=False, teach=False
        ),
    }
    for each in list(work.values())[:4]:
        each()
    return work


def counted(work: Callable[[], object]) -> tuple[int, int]:
    """(instructions, calls of C functions) that penchant's modules execute in this thread."""
    counts = [0, 0]

    def trace(frame: FrameType, event: str, _: object):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counts[0] += event == "opcode"
        return trace

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "c_call" and frame.f_code.co_filename.startswith(PACKAGE):
            counts[1] += 1

    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
        sys.settrace(None)
    return counts[0], counts[1]


if __name__ == "__main__":
    main()
