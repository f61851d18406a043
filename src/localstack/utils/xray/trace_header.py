"""The header ``X-Amzn-Trace-Id``, which ties the calls of one trace together.

Its form is in X-Ray's documentation, *Tracing header*: ``Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1``.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

__all__ = ["TraceHeader"]


@dataclass
class TraceHeader:
    """What the header says.

    :ivar root: id of the trace, ``1-SECONDS-RANDOM`` in hexadecimal digits
    :ivar parent: id of the segment that makes the call, 16 hexadecimal digits
    :ivar sampled: 1 when the trace is recorded, 0 when not, ``"?"`` to be told with the answer
    :ivar data: other entries, by name
    """

    root: str | None = None
    parent: str | None = None
    sampled: int | str | None = None
    data: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_header_str(cls, header: str | None) -> TraceHeader:
        """Read a header's value; what is no ``NAME=VALUE`` in it is passed over."""
        entries = [entry.strip().partition("=") for entry in (header or "").split(";")]
        values = {name: value for name, separator, value in entries if separator}
        sampled = values.pop("Sampled", None)
        known = int(sampled) if sampled in ("0", "1") else sampled
        return cls(values.pop("Root", None), values.pop("Parent", None), known, values)

    def to_header_str(self) -> str:
        """The header's value; parts that are not known are left out."""
        known = {"Root": self.root, "Parent": self.parent, "Sampled": self.sampled}
        present = {name: value for name, value in known.items() if value is not None}
        return ";".join(f"{name}={value}" for name, value in (present | self.data).items())

    def ensure_root_exists(self) -> TraceHeader:
        """Begin a trace if there is none, and return this object."""
        self.root = self.root or f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        return self

    def ensure_parent_exists(self) -> TraceHeader:
        """Begin a segment if there is none, and return this object."""
        self.parent = self.parent or secrets.token_hex(8)
        return self

    def ensure_sampled_exists(self, sampled: int = 0) -> TraceHeader:
        """Decide whether the trace is recorded if nobody has, and return this object."""
        self.sampled = sampled if self.sampled is None else self.sampled
        return self
