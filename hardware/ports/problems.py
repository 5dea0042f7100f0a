"""What a device says when it cannot do its work."""

from __future__ import annotations


class DeviceProblem(Exception):
    """A device that cannot do its work now. `code` names the case for texts, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
