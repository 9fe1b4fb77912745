"""Whatever a text is, Markdown shows it as it is: read back by a parser of Markdown."""

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from advisor.printable import shown
from advisor.reports.markdown_text import bullets, code, escaped, fenced, heading, paragraph, to_markdown
from advisor.reports.text_tables import table

READER = MarkdownIt("gfm-like", {"linkify": False, "html": True})
SIGNS = "\\`*_{}[]()<>#+-.!|~$&;:=\"' \t1ab\n\x1b\u202e"
TEXTS = st.one_of(st.text(SIGNS, max_size=20), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
ATTACKS = [
    "<script>alert(1)</script>",
    "[x](javascript:1)",
    "![x](http://a)",
    "# heading",
    "- item",
    "1. item",
    "1) item",
    "a\n\n# b",
    "***",
    "---",
    "===",
    "`code`",
    "```",
    "a | b",
    "&lt;b&gt;",
    "~~gone~~",
    "_a_ __b__ c_d",
    "\\",
    "> quote",
    "    code",
    "[a]: http://b",
    "<http://a>",
    "+ a",
    "-",
    ":-",
]


def attacked(test):
    for text in ATTACKS:
        test = example(text)(test)
    return given(TEXTS)(test)


def kinds(markdown):
    """Kinds of the blocks, and the text of the only line in them."""
    tokens = READER.parse(markdown)
    inline = [token for token in tokens if token.type == "inline"]
    assert all(child.type in {"text", "text_special"} for each in inline for child in each.children), markdown
    return [t.type for t in tokens], ["".join(child.content for child in each.children) for each in inline]


def plain(text):
    """As a reader of Markdown gives it back: spaces at the ends mean nothing."""
    return " ".join(shown(text).split())


def read(texts):
    return [" ".join(text.split()) for text in texts]


@attacked
def test_a_paragraph(text):
    if plain(text):
        found, texts = kinds(paragraph(text))
        assert (found, read(texts)) == (["paragraph_open", "inline", "paragraph_close"], [plain(text)])


@attacked
def test_a_heading(text):
    found, texts = kinds(heading(text, 3))
    assert found == ["heading_open", "inline", "heading_close"]
    assert read(texts) == [plain(text)]


@attacked
def test_a_list(text):
    found, texts = kinds(bullets(["first", text, "last"]))
    assert found.count("list_item_open") == 3
    assert read(texts) == [each for each in ("first", plain(text), "last") if each]


@attacked
def test_a_table(text):
    found, texts = kinds(to_markdown(table(["a", "b"], [[text, "1"], ["2", text]], right=["b"])))
    assert (found.count("tr_open"), found.count("td_open")) == (3, 4)
    assert read(texts) == ["a", "b", plain(text), "1", "2", plain(text)]


@attacked
def test_code_in_a_line(text):
    if plain(text):
        (inline,) = [token for token in READER.parse(f"x {code(text)} y") if token.type == "inline"]
        (inner,) = [child.content for child in inline.children if child.type == "code_inline"]
        assert read([inner]) == [plain(text)]


@attacked
def test_a_block_of_code(text):
    (block,) = READER.parse(fenced(text, "sh"))
    assert (block.type, block.info) == ("fence", "sh")
    assert "\x1b" not in block.content


def test_what_needs_no_escape_stays_readable():
    for text in (
        "deepseek-ai/DeepSeek-V3.2, 0.01 USD (90 %: 80.1 % – 84.0 %)",
        "max_tokens 2048; T 0.7",
        "2 × h100-sxm",
    ):
        assert escaped(text) == text
