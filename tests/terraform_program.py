"""Terraform itself, with its provider of AWS, where this machine has both: the provider is 700 MB."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PROVIDER = "registry.terraform.io/hashicorp/aws"
MIRRORS = (
    Path.home() / ".terraform.d" / "plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
    *sorted(Path("/opt").glob("*")),
)
"""Folders where Terraform, or whoever set up a machine, keeps providers."""


class NoTerraform(Exception):
    """What is missing."""


def terraform() -> Path:
    """The program.

    :raises NoTerraform: when it is not on PATH
    """
    found = shutil.which("terraform")
    if found is None:
        raise NoTerraform("there is no terraform on PATH")
    return Path(found)


def terraform_settings(folder: Path) -> dict[str, str]:
    """Variables by which Terraform finds its provider of AWS on this machine, with a file in ``folder``.

    :raises NoTerraform: when neither a mirror nor the file that ``TF_CLI_CONFIG_FILE`` names is there
    """
    settings = {"CHECKPOINT_DISABLE": "1"}
    given = os.environ.get("TF_CLI_CONFIG_FILE", "")
    if Path(given).is_file():
        return settings
    mirror = next((each for each in MIRRORS if (each / PROVIDER).is_dir()), None)
    if mirror is None:
        raise NoTerraform("no folder here has Terraform's provider of AWS; name one in a file for TF_CLI_CONFIG_FILE")
    file = folder / "terraform.rc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return {**settings, "TF_CLI_CONFIG_FILE": str(file)}
