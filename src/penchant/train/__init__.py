"""What is learned offline, with torch."""

from importlib.util import find_spec

from penchant.errors import MissingExtra


def require_torch() -> None:
    """Raises MissingExtra where torch is not installed."""
    if find_spec("torch") is None:
        raise MissingExtra("training a tower needs torch: pip install 'penchant[torch]'")
