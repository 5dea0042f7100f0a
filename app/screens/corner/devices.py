"""How each device is, and a way to try it; live while it is looked at."""

from __future__ import annotations

from app.screens.corner.page import Page
from app.screens.device_page import DevicesPresenter, DevicesView


class Devices(Page):
    @property
    def _devices(self) -> DevicesPresenter:
        assert self.corner.devices is not None, "there is no such page without devices"
        return self.corner.devices

    def opened(self) -> None:
        def seen(_: DevicesView) -> None:
            self.corner.show()

        self._devices.publish = seen
        self._devices.show()

    def left(self) -> None:
        self._devices.leave()

    def press(self, key: str) -> None:
        self._devices.press(key)

    def body(self) -> DevicesView:
        return self._devices.view
