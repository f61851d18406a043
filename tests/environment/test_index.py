"""Published extensions from the real package index, into an empty volume and an empty cache."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localstack.host.environment.environment import ExtensionEnvironment
from localstack.host.environment.progress import Reporter
from localstack.host.environment.provided import PROVIDED_NAMES
from localstack.host.settings import Settings
from localstack.host.version import LOCALSTACK_VERSION
from platforms import Home

pytestmark = pytest.mark.index

PUBLISHED = {
    "localstack-extension-hello-world": "hello-world",
    "localstack-extension-httpbin": "httpbin",
    "localstack-extensions-stripe": "localstripe",  # as the documentation spells it
}


def test_published_extensions_are_installed_and_nothing_of_upstream_is_fetched(
    package_index: None, home: Home, tmp_path: Path
) -> None:
    cache = tmp_path / "empty-cache"
    environment = ExtensionEnvironment(Settings.load(home.environ(UV_CACHE_DIR=str(cache))))
    lines: list[str] = []
    for name in PUBLISHED:
        environment.install(name, home.path, Reporter(lines.append, detail=lines.append))
    assert {extension.name for extension in environment.installed()} == set(PUBLISHED.values())
    upstream = {name.replace("-", "_") for name in PROVIDED_NAMES}
    cached = {path.name for path in cache.rglob("*.dist-info") if path.name.partition("-")[0] in upstream}
    assert cached <= {f"{name}-{LOCALSTACK_VERSION}.dist-info" for name in upstream}
    assert not [path for path in cache.rglob("simple-*/**/*") if path.stem in PROVIDED_NAMES]
    assert not [line for line in lines if line.strip().startswith(tuple(f"+ {name}==" for name in PROVIDED_NAMES))]
    python = home.volume / "lib" / "extensions" / "python_venv" / "bin" / "python"
    imports = "import helloworld, localstack_httpbin, localstack_stripe, rolo, moto, localstack.extensions.api"
    subprocess.run([str(python), "-c", imports], check=True, capture_output=True)
