"""A place to practise: a database of its own with the shop's products and staff, and nothing else of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from app.store.database import LONG_S, Database

FOLDER: Final = "training"


def begin_training(folder: Path, programme: str, *, keystore: str = "file") -> Path:
    """The training folder below a till's, made anew: what was practised before is gone.

    Products, staff and the programme's file are copied; the file, wherever it lies, to the folder itself.
    Members are not: nobody's points are to practise with. The till itself must not run; StoreProblem says so
    if it does.
    """
    place = folder / FOLDER
    real = Database(folder, keystore=keystore)
    try:
        reader = real.reader()
        products, staff = list(reader.all_products()), list(reader.staff())
    finally:
        real.close()
    shutil.rmtree(place, ignore_errors=True)
    practice = Database(place)
    try:
        practice.call(lambda: practice.writer.put_products(products), LONG_S)
        practice.call(lambda: practice.writer.put_staff(staff))
    finally:
        practice.close()
    if (source := folder / programme).exists():
        shutil.copy(source, place / source.name)
    return place
