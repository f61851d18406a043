"""terraform-init: applies a main.tf when the platform is ready, by Terraform, or a stand-in where that is missing."""

from __future__ import annotations

from collections.abc import Mapping

from corpus.published import Published, Tier
from corpus.stand_in import preseed
from corpus.visit import Visit
from platforms import Home
from terraform_program import NoTerraform, terraform, terraform_settings

PROJECT = """
resource "aws_s3_bucket" "sample" {
  bucket = "made-by-terraform"
}

resource "aws_sqs_queue" "sample" {
  name = "made-by-terraform"
}
"""
SUCCESSFUL = {"stage": "READY", "name": "main.tf", "state": "SUCCESSFUL"}


def prepare(home: Home) -> Mapping[str, str]:
    program = home.volume / "lib" / "terraform" / "1.5.7" / "terraform"
    try:
        settings = terraform_settings(home.path)
        program.parent.mkdir(parents=True)
        program.symlink_to(terraform())
    except NoTerraform:
        settings = {}
        preseed("terraform.py", program)
    stage = home.config / "init" / "ready.d"
    stage.mkdir(parents=True, exist_ok=True)
    (stage / "main.tf").write_text(PROJECT)
    return {**settings, "S3_HOSTNAME": "localhost"}


def check(visit: Visit) -> None:
    visit.platform.wait_for("main.tf")
    ready = visit.get("/_localstack/init/ready").json()
    assert ready == {"completed": True, "scripts": [SUCCESSFUL]}, ready
    assert "made-by-terraform" in [bucket["Name"] for bucket in visit.client("s3").list_buckets()["Buckets"]]
    assert visit.client("sqs").get_queue_url(QueueName="made-by-terraform")["QueueUrl"]


PUBLISHED = Published(
    "localstack-extension-terraform-init",
    "localstack-terraform-init",
    Tier.TOOLS,
    check,
    prepare,
    ports=(4566,),
    patience_seconds=180.0,  # Terraform loads its provider of 700 MB
)
