"""The command line: one command a file, no logic. The environment is read here and nowhere below."""

from penchant.cli.main import app

__all__ = ["app"]
