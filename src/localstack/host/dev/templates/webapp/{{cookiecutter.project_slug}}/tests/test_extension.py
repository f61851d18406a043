from localstack.aws.connect import ServiceLevelClientFactory
from localstack.testing.pytest import ExtensionClient, LoadExtension

from {{ cookiecutter.module_name }} import extension

EXTENSION = extension.{{ cookiecutter.class_name }}


def test_the_page_and_its_style_are_served(
    load_extension: LoadExtension, extension_client: ExtensionClient
) -> None:
    path = f"/_extension/{load_extension(EXTENSION).name}"
    assert EXTENSION.name in extension_client.get(f"{path}/").text
    style = extension_client.get(f"{path}/static/style.css")
    assert style.headers["Content-Type"].startswith("text/css")


def test_it_shows_the_last_calls(
    load_extension: LoadExtension,
    extension_client: ExtensionClient,
    aws_client: ServiceLevelClientFactory,
) -> None:
    path = f"/_extension/{load_extension(EXTENSION).name}"
    aws_client.s3.create_bucket(Bucket="bucket")
    calls = extension_client.get(f"{path}/calls").json()
    assert calls == ["s3.CreateBucket => 200"]
