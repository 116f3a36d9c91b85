"""The walkthrough agrees with the pipeline, in both languages."""

import ast
import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from lr_pipeline.orchestration.assets.walkthrough_links import walkthrough
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import SyntheticTable

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("walkthrough.en.md", "walkthrough.zh.md")
# The tutorial's chapters, in its order, and the headings of its sections.
CHAPTERS = (
    "Pytorch逻辑回归",
    "线性回归",
    "逻辑回归",
    "最大似然估计和损失函数",
    "梯度下降法",
    "梯度更新",
    "逻辑回归模型构建及训练流程",
    "Pytorch实现逻辑回归",
)
TUTORIAL = (
    "Pytorch逻辑回归",
    "简单线性回归的参数估计",
    "多元线性回归的参数估计",
    "逻辑回归",
    "最大似然估计和损失函数",
    "概率和似然的区别",
    "最大似然估计",
    "似然函数",
    "对数似然函数",
    "损失函数",
    "梯度下降法",
    "下山问题",
    "梯度与学习率",
    "梯度下降法的模拟与可视化",
    "学习率对梯度的影响",
    "学习率的最佳取值",
    "梯度更新",
    "数据准备，参数初始化",
    "模型运算",
    "计算损失",
    "计算梯度",
    "更新参数",
    "重复2至5步",
    "完整代码",
    "模型测试",
    "Pytorch实现逻辑回归",
)
# Above this share of changed ink a picture counts as different; other processors change less.
SAME_PICTURE = 0.03


def text_of(page: str) -> str:
    """The text of a page in the repository."""
    return (DOCS / page).read_text(encoding="utf-8")


def links_of(page: str) -> list[tuple[str, str]]:
    """(text, address) of every link and picture."""
    return re.findall(r"\[([^\]]*)\]\(([^)]+)\)", text_of(page))


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The module docs/build_walkthrough.py, which is not in the package."""
    spec = importlib.util.spec_from_file_location(
        "build_walkthrough", DOCS / "build_walkthrough.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rebuilt(generator, tmp_path_factory):
    """The walkthrough, built with the current pipeline."""
    return generator.build_walkthrough(tmp_path_factory.mktemp("walkthrough"))


def share_of_changed_ink(ours: bytes, theirs: bytes) -> float:
    """Share of the drawn pixels that changed visibly; 1 if the sizes differ."""
    first, second = (
        np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float) for png in (ours, theirs)
    )
    if first.shape != second.shape:
        return 1.0
    ink = np.minimum(first, second) < 200
    return float(np.mean(np.abs(first - second)[ink] > 32))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_pipeline_says_now(rebuilt, page) -> None:
    """Every number of the page equals that of a new run; `make docs` writes the page again."""
    assert text_of(page) == rebuilt.pages[page]


@pytest.mark.slow
def test_the_pictures_are_what_the_pipeline_draws_now(rebuilt) -> None:
    """Names are equal and pictures look the same; their bytes differ between machines."""
    kept = {path.stem: path.read_bytes() for path in (DOCS / "pictures").iterdir()}
    assert set(kept) == set(rebuilt.pictures)
    changed = {
        name: share_of_changed_ink(kept[name], png) for name, png in rebuilt.pictures.items()
    }
    assert max(changed.values()) < SAME_PICTURE, changed


@pytest.mark.slow
def test_what_the_pages_say_in_words_holds(rebuilt) -> None:
    """The text states bounds where digits differ between machines; the bounds hold."""
    numbers = rebuilt.numbers
    assert numbers["agreement"] < 1e-6
    assert numbers["newton"]["gradient_norm"] < 1e-12
    assert numbers["tutorial"]["difference"] < 1e-12
    assert numbers["regression"]["multiple"]["largest_difference"] < 1e-12
    assert numbers["descent"]["paths"][0]["theta"] == 2.499891109642585
    assert numbers["descent"]["paths"][0]["loss"] == -0.99999998814289
    rates, bounds = numbers["rates"]["fixed"], numbers["rates"]["bounds"]
    for run in rates:
        if run["learning_rate"] < bounds["guaranteed"]:
            assert run["verdict"] == "monotone"
        if run["learning_rate"] > bounds["local"]:
            assert run["verdict"] == "cycling"


def test_another_learning_rate_is_another_picture(generator) -> None:
    """The comparison finds that its picture differs: it can fail."""
    study = generator.gradient_descent_study
    ours, theirs = (study((rate,)).pictures["paths"] for rate in (0.1, 0.2))
    assert share_of_changed_ink(ours, ours) == 0.0
    assert share_of_changed_ink(ours, theirs) > SAME_PICTURE


@pytest.mark.parametrize("page", PAGES)
def test_every_section_of_the_tutorial_has_its_place(page) -> None:
    """Sections are in the tutorial's order; chapters without own text are in the contents."""
    text = text_of(page)
    named = re.findall(r"^> (?:Tutorial: |教程：)(.*)$", text, re.MULTILINE)
    contents = re.findall(r"^\| \[[^\]]+\]\(#[\w-]+\) \| (.*?) ?\|$", text, re.MULTILINE)
    for titles, places in ((TUTORIAL, named), (CHAPTERS, contents)):
        everything, place = "\n".join(places), 0
        for title in titles:
            assert title in everything[place:], title
            place = everything.index(title, place) + len(title)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page) -> None:
    """Linked files exist, and a name in code is defined in the file to which it links."""
    text = text_of(page)
    for label, address in links_of(page):
        path, _, anchor = address.partition("#")
        target = DOCS / path if path else DOCS / page
        assert target.exists(), address
        if anchor and not path:
            assert f'<a id="{anchor}"></a>' in text, address
        if path.endswith(".py"):
            defined = {
                node.name
                for node in ast.walk(ast.parse(target.read_text(encoding="utf-8")))
                if isinstance(node, ast.FunctionDef | ast.ClassDef)
            }
            assert label.strip("`") in defined, (label, address)


def test_both_languages_say_the_same() -> None:
    """Sections, formulas, functions, pictures, assets and table rows are equal, in order."""
    english, chinese = (text_of(page) for page in PAGES)
    for pattern in (
        r'<a id="([^"]+)"></a>',
        r"\]\(((?:\.\./|pictures/)[^)]+)\)",
        r"```(?:mermaid|yaml|console|python)\n.*?```",
        r"\n(\|)[^\n]*",
        r"\n(- \*\*)",
    ):
        ours, theirs = (re.findall(pattern, page, re.DOTALL) for page in (english, chinese))
        assert ours, pattern
        if pattern.startswith("```"):
            ours, theirs = ([" ".join(block.split()) for block in page] for page in (ours, theirs))
        assert ours == theirs, pattern
    formulas = [
        sorted(re.findall(r"\$\$\n(.*?)\n *\$\$", page, re.DOTALL)) for page in (english, chinese)
    ]
    assert [f.replace("和", "and") for f in formulas[1]] == formulas[0]
    inline = [
        set(re.findall(r"(?<!\$)\$([^$\s][^$\n]*)\$(?!\$)", page)) for page in (english, chinese)
    ]
    assert inline[0] == inline[1]


@pytest.mark.parametrize("page", PAGES)
def test_inline_formulas_are_where_github_finds_them(page) -> None:
    """A space or a line's start is before the first $, no letter or digit after the second."""
    text = re.sub(r"```.*?```|`[^`\n]*`|\$\$.*?\$\$", "", text_of(page), flags=re.DOTALL)
    for line in text.splitlines():
        places = [match.start() for match in re.finditer(r"\$", line)]
        assert len(places) % 2 == 0, line
        for opening, closing in zip(places[::2], places[1::2], strict=True):
            assert opening == 0 or line[opening - 1] == " ", line
            assert not line[closing + 1 : closing + 2].isalnum(), line


def test_every_asset_names_its_section() -> None:
    """Its description names the section, and a link opens the page there."""
    defs = build_definitions(SyntheticTable(), studies=True)
    for asset in defs.resolve_all_asset_specs():
        description = asset.description or ""
        sections = re.findall(r"docs/(walkthrough\.\w\w\.md)#([\w-]+)", description)
        assert [page for page, _ in sections] == list(PAGES), asset.key
        references = asset.metadata["dagster/code_references"].code_references
        for (page, section), reference in zip(sections, references, strict=True):
            lines = text_of(page).splitlines()
            assert lines[reference.line_number - 1] == f'<a id="{section}"></a>', asset.key
            assert reference.file_path == str(DOCS / page)


def test_links_lead_to_where_the_docs_are_published(monkeypatch) -> None:
    """A browser on another machine cannot open this machine's files."""
    monkeypatch.setenv("LR_PIPELINE_DOCS_URL", "https://docs.example.org/lr/")
    found = walkthrough("gradient")["dagster/code_references"].code_references
    assert [one.url for one in found] == [
        f"https://docs.example.org/lr/walkthrough.{language}.md#gradient"
        for language in ("en", "zh")
    ]
