"""Terraform itself, with its provider of AWS, where this machine has both: the provider is 700 MB."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

PROVIDER = "registry.terraform.io/hashicorp/aws"
IMPLIED_MIRRORS = (
    Path.home() / ".terraform.d" / "plugins",
    Path.home() / ".local" / "share" / "terraform" / "plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
)
"""Folders in which Terraform looks for providers by itself."""


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

    :raises NoTerraform: when no folder in which Terraform looks for providers has it
    """
    mirrors = [*_configured_mirrors(), *IMPLIED_MIRRORS]
    mirror = next((each for each in mirrors if (each / PROVIDER).is_dir()), None)
    if mirror is None:
        raise NoTerraform(
            "no folder here has Terraform's provider of AWS: name a filesystem_mirror in the file of TF_CLI_CONFIG_FILE"
        )
    file = folder / "terraform.rc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(file)}


def _configured_mirrors() -> list[Path]:
    """Folders that the user's settings of Terraform name as mirrors of registries."""
    file = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    text = file.read_text() if file.is_file() else ""
    return [Path(path) for path in re.findall(r'(?m)^[^#\n]*\bpath\s*=\s*"([^"]+)"', text)]
