from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import linecache
from app.ui.plain_imports import use_plain_imports
{call}
import app.screens.sale, app.ui.sale
read = [name for name in linecache.cache if "/app/" in name.replace("\\\\", "/")]
print(len(read))
"""


def sources_read(call: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(call=call)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_no_source_text_is_read_to_import_a_module() -> None:
    assert sources_read("use_plain_imports()") <= 1, "its own import came before"


def test_pyside_still_reads_them_by_itself() -> None:
    """Once it does not, `app.ui.plain_imports` can go."""
    assert sources_read("") > 20
