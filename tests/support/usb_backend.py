"""A USB bus for pyusb with one printer on it, whose pipes lead to the network printer of the tests.

What no machine without the printer can make is the bus alone: pyusb itself and all that is above it is real.
"""

from __future__ import annotations

import array
import errno
import select
import socket
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import usb.backend
import usb.core

OUT, IN = 0x01, 0x82


_BASE: Any = usb.backend.IBackend
"""Its methods are declared to return nothing, which is not what pyusb does with them."""


class UsbBus(_BASE):
    """`plugged` False pulls the cable; `class_code` 7 is a printer."""

    def __init__(self, address: str, serial: str = "J4K1", class_code: int = 7) -> None:
        where = urlsplit(address)
        self._where = (str(where.hostname), int(where.port or 0))
        self._serial = serial
        self._class_code = class_code
        self._wire: socket.socket | None = None
        self.plugged = True
        self.kernel_driver = True
        self.claimed: list[int] = []

    # -- what is on the bus ------------------------------------------------------------------------------

    def enumerate_devices(self) -> Any:
        return iter(["printer"] if self.plugged else [])

    def get_parent(self, dev: Any) -> Any:
        return None

    def get_device_descriptor(self, dev: Any) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=0x04B8, idProduct=0x0E15, bcdDevice=0x100,
            iManufacturer=0, iProduct=0, iSerialNumber=1, bNumConfigurations=1, bus=1, address=5,
            port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf or alt:
            raise IndexError("one interface")
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2,
            bInterfaceClass=self._class_code, bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0,
            extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(OUT, IN)[ep], bmAttributes=2,
            wMaxPacketSize=64, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def ctrl_transfer(
        self, handle: Any, kind: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        """GET_DESCRIPTOR of strings: the languages, and the serial number."""
        text = b"\x09\x04" if value & 0xFF == 0 else self._serial.encode("utf-16-le")
        answer = array.array("B", bytes([len(text) + 2, 3]) + text)
        for place, byte in enumerate(answer[: len(data)]):
            data[place] = byte
        return min(len(answer), len(data))

    # -- one device --------------------------------------------------------------------------------------

    def open_device(self, dev: Any) -> Any:
        try:
            self._wire = socket.create_connection(self._where, 1)
        except OSError as error:
            raise usb.core.USBError(str(error), errno=errno.ENODEV) from error
        self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._wire

    def close_device(self, handle: Any) -> None:
        handle.close()

    def set_configuration(self, handle: Any, value: int) -> None: ...

    def get_configuration(self, handle: Any) -> int:
        return 1

    def claim_interface(self, handle: Any, intf: int) -> None:
        self.claimed.append(intf)

    def release_interface(self, handle: Any, intf: int) -> None:
        self.claimed.remove(intf)

    def is_kernel_driver_active(self, handle: Any, intf: int) -> bool:
        return self.kernel_driver

    def detach_kernel_driver(self, handle: Any, intf: int) -> None:
        self.kernel_driver = False

    def bulk_write(self, handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        assert (ep, intf) == (OUT, 0)
        try:
            if not select.select([], [handle], [], timeout / 1000)[1]:
                raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
            return handle.send(data.tobytes())
        except OSError as error:
            raise _pulled(error) from error

    def bulk_read(self, handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert (ep, intf) == (IN, 0)
        try:
            if not select.select([handle], [], [], timeout / 1000)[0]:
                raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
            data = handle.recv(len(buff))
        except OSError as error:
            raise _pulled(error) from error
        if not data:
            raise usb.core.USBError("no such device", errno=errno.ENODEV)
        buff[: len(data)] = array.array("B", data)
        return len(data)


def _pulled(error: OSError) -> OSError:
    if isinstance(error, usb.core.USBTimeoutError):
        return error
    return usb.core.USBError(str(error), errno=errno.ENODEV)
