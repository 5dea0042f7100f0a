"""`python -m app.ui.screenshots OUT`: every screen in three languages and two themes as PNG, offscreen."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

SIZES = {"": (1366, 768), "-narrow": (1024, 768), "-large": (1920, 1080)}


def take(out: Path, *, langs: tuple[str, ...], themes: tuple[str, ...], only: str = "") -> list[Path]:
    """Write the pictures; answers their paths. Needs a QApplication."""
    from app.ui.day import DayScreen
    from app.ui.look import Look
    from app.ui.sale import SaleScreen
    from app.ui.samples import Samples
    from app.ui.translations import Translations
    from app.ui.window import dress

    made: list[Path] = []
    translations = Translations()
    for lang in langs:
        translations.switch(lang)
        samples = Samples(lang)
        for theme in themes:
            look = Look(theme)
            sale, day = SaleScreen(look), DayScreen(look)
            dress(look)
            sale.retranslate()
            day.retranslate()
            for size_name, size in SIZES.items():
                for name, view in samples.states().items():
                    if only and only not in name:
                        continue
                    sale.resize(*size)
                    sale.set(view)
                    made.append(_grab(sale, out / f"{name}{size_name}-{lang}-{theme}.png"))
                if not only or only in "day":
                    day.resize(*size)
                    day.set(samples.day())
                    made.append(_grab(day, out / f"day{size_name}-{lang}-{theme}.png"))
    translations.switch("en")
    return made


def _grab(screen: QWidget, file: Path) -> Path:
    from PySide6.QtWidgets import QApplication

    screen.show()
    QApplication.processEvents()
    if not screen.grab().save(str(file)):
        raise OSError(f"{file} could not be written")
    screen.hide()
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="only screens whose name contains this")
    parser.add_argument("--lang", action="append", choices=("ru", "pl", "en"))
    parser.add_argument("--theme", action="append", choices=("light", "dark"))
    chosen = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    chosen.out.mkdir(parents=True, exist_ok=True)
    made = take(
        chosen.out,
        langs=tuple(chosen.lang or ("ru", "pl", "en")),
        themes=tuple(chosen.theme or ("light", "dark")),
        only=chosen.only,
    )
    app.quit()
    print(f"{len(made)} pictures in {chosen.out}")


if __name__ == "__main__":
    main()
