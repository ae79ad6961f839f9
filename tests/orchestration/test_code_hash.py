"""A stage's code is what its files do: rewording reruns nothing, any other edit does."""

from pathlib import Path

import pytest

from pipeline.artifact.files import PACKAGE
from pipeline.orchestration.code_hash import changed_code, hash_code, imported_files, library_versions

SOURCE = '''"""A module."""

import numpy as np  # fast


def double(x: int) -> int:
    """Double x."""
    # by a product
    return 2 * x
'''


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""A module."""', '"""Another word for it."""', True),
        ('    """Double x."""\n', "", True),
        ("# by a product", "# by a sum? no", True),
        ("    return 2 * x", "    return (\n        2 * x\n    )", True),
        ("2 * x", "2 * x + 0", False),
        ("import numpy as np", "import numpy", False),
        ("double", "twice", False),
    ],
)
def test_python_is_hashed_by_what_it_does(
    old: str, new: str, same: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.orchestration.code_hash.PACKAGE", tmp_path / "pipeline")
    digests = []
    for name, text in (("one", SOURCE), ("two", SOURCE.replace(old, new))):
        path = tmp_path / f"{name}.py"
        path.write_text(text, "utf-8")
        digests += hash_code({path}).values()
    assert (digests[0] == digests[1]) == same


def test_packages_are_code_of_what_imports_a_module_in_them() -> None:
    files = {str(path.relative_to(PACKAGE)) for path in imported_files("pipeline.train")}
    assert {"cells/__init__.py", "layers/__init__.py", "layers/loop.py", "model/ngrams.py"} <= files
    assert "__init__.py" not in files  # the version of the project is no code
    assert not any(name.startswith(("config/", "orchestration/")) for name in files)


def test_a_page_s_template_is_code_of_its_module() -> None:
    assert PACKAGE / "report" / "page.html" in imported_files("pipeline.report.page")


def test_pretrain_reruns_for_none_of_what_it_does_not_use() -> None:
    files = {str(path.relative_to(PACKAGE)) for path in imported_files("pipeline.pretrain")}
    apart = {"layers/pooling.py", "model/ngrams.py", "model/classifier.py", "text/subword_sampling.py", "tokenize.py"}
    assert not files & apart


def test_libraries_are_those_that_the_code_imports() -> None:
    versions = {stage: library_versions(imported_files(f"pipeline.{stage}")) for stage in ("tokenize", "evaluate")}
    assert set(versions["tokenize"]) == {"numpy", "sentencepiece", "tensorflow", "tensorflow-text"}
    assert {"keras", "scikit-learn", "tensorflow"} <= set(versions["evaluate"])


def test_what_changed_since_is_named() -> None:
    sealed = hash_code(imported_files("pipeline.tokenize"))
    assert changed_code(sealed) == []
    assert changed_code(sealed | {"pipeline/tokenize.py": "as it was", "pipeline/gone.py": "as it was"}) == [
        "pipeline/tokenize.py",
        "pipeline/gone.py",
    ]
