"""What the manager's corner reaches behind the till: programmes to come, the staff, the settings file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.checkout.rights import Staff
from app.config import ConfigProblem
from app.rig import Rig
from app.screens.corner.page import Coming, Setting
from app.settings import change, settings
from app.store.programmes import published


class RigBack:
    """The corner's way into a rig; writes go through the database lane and answer in the window's thread."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._config = rig.config

    def coming(self) -> Sequence[Coming]:
        """Published programmes that begin later, the next one first."""
        now_ms = self._rig.world.now_ms()
        later = [one for one in published(self._rig.reader) if one.valid_from_ms > now_ms]
        later.sort(key=lambda one: (one.valid_from_ms, one.id))
        return tuple(Coming(one.id, one.version, one.valid_from_ms) for one in later)

    @property
    def staff_from_office(self) -> bool:
        return bool(self._rig.reader.listed("staff"))

    def put_staff(self, people: Sequence[Staff], answer: Callable[[str], None]) -> None:
        """Write the whole list; the till knows it before `answer` hears."""
        rig = self._rig

        def job() -> None:
            rig.database.writer.put_staff(people, whole=True)
            rig.post(heard)

        def heard() -> None:
            rig.syncing.staff_changed()
            answer("")

        rig.database.lane.submit(job, lambda error: rig.post(lambda: answer(str(error))))

    def settings(self) -> Sequence[Setting]:
        return settings(self._config)

    def change_setting(self, key: str, value: str, answer: Callable[[str], None]) -> None:
        """A small file beside the database: written at once."""
        try:
            self._config = change(self._rig.folder, key, value)
        except (ConfigProblem, OSError) as problem:
            answer(str(problem))
        else:
            answer("")
