"""Who may import whom: the contracts of pyproject.toml hold in every test run."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]


def test_imports_keep_their_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_a_forbidden_import_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool sees what it is asked to see: a linter that analysed nothing would be green as well."""
    package = tmp_path / "leaky"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "pure.py").write_text("def show():\n    import PySide6.QtWidgets\n")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.importlinter]\nroot_package = 'leaky'\ninclude_external_packages = true\n"
        "[[tool.importlinter.contracts]]\nname = 'qt'\ntype = 'protected'\n"
        "protected_modules = ['PySide6']\nallowed_importers = ['leaky']\nas_packages = false\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert lint_imports(config_filename=str(tmp_path / "pyproject.toml"), no_cache=True) == 1
    assert "leaky.pure" in capsys.readouterr().out
