"""Which files are generated, all or in part, and what they should say."""

import re
from pathlib import Path

from scripts.reference.dag import draw
from scripts.reference.dvc_file import read_stages
from scripts.reference.params_page import params_page
from scripts.reference.stage_table import stage_table

_BLOCK = re.compile(r"(<!-- dvc\.yaml: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def generated(root: Path) -> dict[Path, str]:
    """Text of every file with generated parts. Raises `KeyError` for a stage or key without a description."""
    stages = read_stages(root / "dvc.yaml")
    page = root / "docs/stages.md"
    text = page.read_text(encoding="utf-8")
    described = {name for _, name, _ in _BLOCK.findall(text)}
    if missing := set(stages) - described:
        raise KeyError(f"{page}: no section with '<!-- dvc.yaml: {missing.pop()} -->'; describe the stage")
    image = draw(stages)
    return {
        page: _BLOCK.sub(lambda found: f"{found[1]}\n{stage_table(stages[found[2]])}\n{found[3]}", text),
        root / "docs/params.md": params_page(root / "scripts/reference/meanings.yaml"),
        root / "docs/images/dag.svg": image,
        root / "pacl_core/report/templates/dag.svg": image,  # ships with the package
    }


def stale(root: Path) -> dict[Path, str]:
    """The generated files whose text on disk differs."""
    return {
        path: text
        for path, text in generated(root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
