"""What the service does, without HTTP: an operation takes and gives a dictionary named as in the API."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]


class ServiceError(Exception):
    """An error of the service; ``code`` is the name of its shape in the API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class FlagService:
    """The feature flags of one account and region."""

    def __init__(self) -> None:
        self._flags: dict[str, Document] = {}

    def put_flag(self, parameters: Mapping[str, Any]) -> Document:
        rollout = parameters.get("Rollout", 100)
        if not isinstance(rollout, int) or not 0 <= rollout <= 100:
            raise ServiceError("ValidationException", f"Rollout is {rollout!r} and has to be a percentage")
        name = _name(parameters)
        self._flags[name] = flag = {"Name": name, "Rollout": rollout}
        return {"Flag": flag}

    def get_flag(self, parameters: Mapping[str, Any]) -> Document:
        return {"Flag": self._find(parameters)}

    def list_flags(self, parameters: Mapping[str, Any]) -> Document:
        return {"Flags": sorted(self._flags.values(), key=lambda flag: flag["Name"])}

    def delete_flag(self, parameters: Mapping[str, Any]) -> Document:
        self._flags.pop(self._find(parameters)["Name"], None)
        return {}

    def evaluate_flag(self, parameters: Mapping[str, Any]) -> Document:
        """Whether a flag is on for a subject: always the same for one, and on for ``Rollout`` percent of all."""
        flag = self._find(parameters)
        bucket = zlib.crc32(f"{flag['Name']}:{parameters.get('Subject', '')}".encode()) % 100
        return {"Enabled": bucket < flag["Rollout"]}

    def _find(self, parameters: Mapping[str, Any]) -> Document:
        name = _name(parameters)
        if name not in self._flags:
            raise ServiceError("ResourceNotFoundException", f"there is no flag {name!r}")
        return self._flags[name]


def _name(parameters: Mapping[str, Any]) -> str:
    name = parameters.get("Name")
    if not isinstance(name, str) or not name:
        raise ServiceError("ValidationException", "Name is missing")
    return name
