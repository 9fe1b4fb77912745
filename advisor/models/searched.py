"""The reader of models whose layers came out of an architecture search (Nemotron Super and Ultra: DeciLM)."""

from __future__ import annotations

from advisor.errors import AdvisorError
from advisor.models.attention import Attention
from advisor.models.config import SHOWN, Config
from advisor.models.layers import FeedForward, Layer
from advisor.models.parts import Reader
from advisor.printable import shortened


def _nemotron_nas(c: Config) -> list[Layer]:
    """Llama's layers after a search: each with its own KV heads and width, either half a matrix or left out."""
    return [_searched(c, block.section("attention"), block.section("ffn")) for block in c.sections("block_configs")]


def _searched(c: Config, heads: Config, block: Config) -> Layer:
    mixer = feed_forward = None
    norms = matrices = 0
    if heads.flag("replace_with_linear"):
        matrices, norms = 1, 1
    elif not heads.flag("no_op"):
        group = heads.integer("n_heads_in_group", least=1)
        mixer, norms = Attention(c.hidden, c.heads, c.heads // group, c.head_dim), 1
    if block.flag("replace_with_linear"):
        matrices, norms = matrices + 1, norms + 1
    elif not block.flag("no_op"):
        feed_forward, norms = FeedForward(c.hidden, _searched_width(c, block)), norms + 1
    if matrices:  # as many weights as that many more columns of a gated feed-forward
        width = feed_forward.intermediate if feed_forward else 0
        feed_forward = FeedForward(c.hidden, width + matrices * c.hidden // 3)
    return Layer(mixer, feed_forward, norms * c.hidden)


def _searched_width(c: Config, block: Config) -> int:
    """As given, or two thirds of `ffn_mult` hidden widths, rounded up to a multiple of 256."""
    if block.keys.get("intermediate_size") is not None:
        return block.integer("intermediate_size", least=1)
    times = block.keys.get("ffn_mult")
    if isinstance(times, bool) or not isinstance(times, int | float) or not 0 < times < 1000:
        raise AdvisorError(f"ffn_mult is {shortened(repr(times), SHOWN)}, not a factor", where=c.where)
    return -(-int(2 * times * c.hidden / 3) // 256) * 256


FAMILIES: dict[str, Reader] = {"nemotron-nas": _nemotron_nas, "deci": _nemotron_nas}
