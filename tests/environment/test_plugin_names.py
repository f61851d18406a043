"""The name of a plug-in is read from source text in each way that extensions write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from localstack.host.environment.plugin_name import find_plugin_name

MODULES = {
    "package/__init__.py": "from .extension import Inner as Outer\n",
    "package/extension.py": """
import missing
from package.base import Base
from .constants import NAME

OWN = "from-a-constant"

class Plain(Base):
    name = "plain"

class Annotated(Base):
    name: str = "annotated"

class Constant(Base):
    name = OWN

class Inherited(Plain):
    pass

class FromBase(Base):
    pass

class Inner(Base):
    name = "inner"

class Computed(Base):
    name = "a" + "b"

class Unset(Base):
    name: str

class Circle(Circle):
    pass

spec = PluginSpec("localstack.extensions", "from-spec", Plain)

@plugin(namespace="localstack.extensions", name="from-decorator")
def factory():
    return Plain()
""",
    "package/base.py": "class Base:\n    name = 'base'\n",
    "broken.py": "class :\n",
}


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("package.extension:Plain", "plain"),
        ("package.extension : Plain [extra]", "plain"),
        ("package.extension:Annotated", "annotated"),
        ("package.extension:Constant", "from-a-constant"),
        ("package.extension:Inherited", "plain"),
        ("package.extension:FromBase", "base"),
        ("package:Outer", "inner"),
        ("package.extension:spec", "from-spec"),
        ("package.extension:factory", "from-decorator"),
        ("package.extension:Computed", None),
        ("package.extension:Unset", "base"),
        ("package.extension:Circle", None),
        ("package.extension:Missing", None),
        ("package.nowhere:Plain", None),
        ("package", None),
        ("broken:Plain", None),
    ],
)
def test_a_plugin_name(tmp_path: Path, reference: str, name: str | None) -> None:
    for path, source in MODULES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(source)
    assert find_plugin_name(reference, tmp_path) == name
