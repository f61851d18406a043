import pytest
from localstack.testing.pytest import LoadExtension

from {{ cookiecutter.module_name }} import extension

EXTENSION = extension.{{ cookiecutter.class_name }}


def test_it_says_where_the_platform_is(
    load_extension: LoadExtension, capsys: pytest.CaptureFixture[str]
) -> None:
    name = load_extension(EXTENSION).name
    assert capsys.readouterr().out.splitlines() == [
        f"{name}: loaded",
        f"{name}: the platform is starting",
        f"{name}: the platform is ready",
    ]
