"""Options of a chat template: what reaches it, and what would not."""

import pytest

from advisor.engines.chat_template import template_options
from advisor.engines.protocol import Prompting
from advisor.errors import MissingAbility

TEMPLATE = "{% if enable_thinking %}<think>{% endif %}{{ reasoning_effort }}"


def options(*given):
    return template_options(Prompting(chat_options=given), TEMPLATE)


def test_options_are_given_as_a_server_gives_them():
    assert options() == {}
    assert options(("enable_thinking", False)) == {"enable_thinking": False}
    assert options(("reasoning_effort", "low")) == {"reasoning_effort": "low", "enable_thinking": True}
    assert options(("reasoning_effort", "none")) == {"reasoning_effort": "none", "enable_thinking": False}
    both = (("reasoning_effort", "low"), ("enable_thinking", False))
    assert options(*both) == dict(both)


def test_options_without_effect_are_told():
    with pytest.raises(MissingAbility, match=r"^--chat-option: enable_thinkin_ would have no effect: the model's chat"):
        options(("enable_thinkin_", False))
    with pytest.raises(MissingAbility, match=r"^--chat-option: a would have no effect: no chat template is applied"):
        template_options(Prompting(chat_options=(("a", 1),)), None)
    assert template_options(Prompting(chat_options=(("a", 1),)), {"default": "…"}) == {"a": 1}
