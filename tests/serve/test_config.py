"""Settings of the service: from a file, from variables, checked, and shown without secrets."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from penchant import InvalidSettings
from penchant.cli import app
from penchant.serve.config import Config, read_config, shown

FILE = """
port = 9000
threads = 4
cors_origins = ["https://shop.example"]

[[tokens]]
name = "site"
scopes = ["read", "write"]
secret = "a secret of some length"

[experiment]
name = "scorers"

[experiment.variants.paper]
share = 1

[experiment.variants.max]
share = 3
scorer = "max"
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "penchant.toml"
    path.write_text(FILE)
    return path


def test_a_file_is_read_and_variables_come_after_it(file):
    config = read_config(
        file,
        {"PENCHANT_PORT": "9001", "PENCHANT_ALLOWED_HOSTS": "a.example, b.example", "PENCHANT_CACHE": "/x"},
    )
    assert (config.port, config.threads, config.allowed_hosts) == (9001, 4, ("a.example", "b.example"))
    assert config.tokens[0].scopes == ("read", "write")
    assert config.experiment.variants["max"].share == 3
    assert read_config(file, {"PENCHANT_PORT": "9001"}, {"port": 9002, "host": None}).port == 9002


def test_tokens_may_come_as_variables_each_with_what_the_lesser_ones_may():
    config = read_config(
        None, {"PENCHANT_TOKEN_WRITE": "a secret of some length", "PENCHANT_HOST": "0.0.0.0"}
    )
    assert [(token.name, token.scopes) for token in config.tokens] == [("write", ("read", "write"))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = 70000", "port is 70000"),
        ("prot = 80", "unknown setting 'prot'"),
        ("port = 'x'", "port"),
        ("port = ", "no TOML"),
        ("host = '0.0.0.0'", "give it a token"),
        ("max_k = 0", "max_k is 0"),
        ("timeout_seconds = 0", "timeout_seconds is 0"),
        ("requests_per_second = -1", "requests_per_second is -1"),
        ("[[tokens]]\nname = 'a'\nscopes = ['read']\nsecret = 'short'", "16 or more"),
        ("[[tokens]]\nname = 'a'\nscopes = ['all']\nsecret = 'long enough for it'", "all"),
        ("[[tokens]]\nname = 'a'\nscopes = ['read']", "either secret or sha256"),
        ("[[tokens]]\nname = 'a'\nscopes = ['read']\nsha256 = 'xyz'", "64 hexadecimal digits"),
        ("[experiment]\nname = 'x'\n[experiment.variants.a]\n", "at least two variants"),
        (
            "[experiment]\nname = 'x'\n[experiment.variants.a]\nscorer = 'best'\n[experiment.variants.b]",
            "unknown scorer 'best'",
        ),
        (
            "[experiment]\nname = 'x'\n[experiment.variants.a]\nshare = 0\n[experiment.variants.b]\nshare = 0",
            "all shares",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(InvalidSettings, match=words):
        read_config(path, {})


def test_a_variable_that_makes_no_sense_is_named():
    with pytest.raises(InvalidSettings, match=r"PENCHANT_THREADS is 'many'"):
        read_config(None, {"PENCHANT_THREADS": "many"})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidSettings, match="cannot be read"):
        read_config(tmp_path / "none.toml", {})


def test_secrets_are_not_shown(file, monkeypatch):
    assert "a secret of some length" not in str(shown(read_config(file, {})))
    result = CliRunner().invoke(app, ["config", "--config", str(file), "--json"])
    assert result.exit_code == 0
    assert "a secret of some length" not in result.output
    assert json.loads(result.output)["port"] == 9000


def test_every_setting_can_be_had_from_a_variable():
    for name in Config.__struct_fields__:
        if name not in ("tokens", "experiment"):
            value = getattr(Config(), name)
            text = "a.example" if isinstance(value, tuple) else str(value)
            assert read_config(None, {f"PENCHANT_{name.upper()}": text}) is not None
