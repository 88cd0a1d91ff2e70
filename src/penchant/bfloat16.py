"""Whether bfloat16 is faster than float32, for torch."""

from __future__ import annotations

_CHECKS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def is_native(device: str) -> bool:
    """Whether a device multiplies bfloat16 itself: a GPU does, a CPU where it has instructions for it.

    Args:
        device: as torch names it: ``cpu``, ``cuda``, ``cuda:0``.
    """
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and any(bool(getattr(torch.cpu, check, bool)()) for check in _CHECKS)
