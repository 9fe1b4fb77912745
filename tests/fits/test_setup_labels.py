"""Names that tell set-ups apart."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.fits.setup_labels import joined, labels
from advisor.store.samples import SETUP


def chat(**options):
    return {"chat_options": json.dumps(options) if options else ""}


@pytest.mark.parametrize(
    ("setups", "names"),
    [
        ([], []),
        ([{"temperature": 0.6}], [""]),
        ([{}], [""]),
        ([{"temperature": 0.6}, {"temperature": 1.0}], ["temperature 0.6", "temperature 1"]),
        (
            [{"temperature": 0.6, "top_p": 1.0}, {"temperature": 1.0, "top_p": 1.0}],
            ["temperature 0.6", "temperature 1"],
        ),
        (
            [{"temperature": 0.6} | chat(enable_thinking=False), {"temperature": 0.7} | chat(enable_thinking=True)],
            ["temperature 0.6, enable_thinking false", "temperature 0.7, enable_thinking true"],
        ),
        ([chat(reasoning_effort="low"), chat()], ["reasoning_effort low", "no chat options"]),
        ([{"endpoint": "chat"}, {"endpoint": "completions"}], ["chat endpoint", "completions endpoint"]),
        ([{"max_tokens": 512}, {"max_tokens": 4096}], ["max_tokens 512", "max_tokens 4096"]),
        ([{"system_prompt": ""}, {"system_prompt": "Be brief."}], ["no system prompt", "system prompt “Be brief.”"]),
        ([{"few_shot": ""}, {"few_shot": '[["a", "b"]]'}], ["no examples", "1 example"]),
        ([{"reward": "last"}, {"reward": "min"}], ["reward last", "reward min"]),
        ([{"step_delimiter": "\n"}, {"step_delimiter": "\n\n"}], ['steps end with "\\n"', 'steps end with "\\n\\n"']),
        # of which nothing is recorded has no name, the other needs one
        ([{}, {"temperature": 0.6, "top_p": 0.9}], ["", "temperature 0.6"]),
        ([{"top_p": 0.9}, {}], ["top_p 0.9", ""]),
        # what differs only in being recorded is named where nothing else differs
        ([{"top_p": 0.9}, {"top_p": 0.9, "top_k": 20}], ["top_k not recorded", "top_k 20"]),
    ],
)
def test_names(setups, names):
    assert labels(setups) == names


def test_long_texts_are_their_first_words_and_a_digest_where_these_are_the_same():
    first, second = (f"{{question}}\n\nThink step by step, then give the {what}." for what in ("letter", "number"))
    found = labels([{"template": first}, {"template": second}, {"template": "Q: {question}\nA:"}])
    assert re.fullmatch(r"template “Think step by step, then…” [0-9a-f]{4}", found[0])
    assert found[0].split("”")[0] == found[1].split("”")[0]
    assert found[2] == "template “Q: A:”"
    assert len(set(found)) == 3


def test_what_a_terminal_would_obey_is_left_out():
    found = labels([{"system_prompt": "a\x1b[31mred\x07"}, {"system_prompt": "b\r\nc"}])
    assert found == ["system prompt “a [31mred”", "system prompt “b c”"]


def test_options_that_are_no_json_are_shown_as_they_are():
    assert labels([{"chat_options": "high"}, {"chat_options": "[1]"}]) == ["chat options “high”", "chat options “[1]”"]


def test_parts_are_joined():
    assert (joined("", "run a"), joined("temperature 1", "run a")) == ("run a", "temperature 1, run a")


VALUES = {
    "endpoint": ["chat", "completions"],
    "template": ["{question} a long text that begins alike, one", "{question} a long text that begins alike, two"],
    "few_shot": ["", '[["1", "2"]]', '[["3", "4"]]'],
    "chat_options": ["", '{"enable_thinking": true}'],
    "temperature": [0.0, 0.7],
    "top_k": [0, 20],
}
SETUPS = st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in VALUES.items()})


@given(st.lists(SETUPS, min_size=2, max_size=8, unique_by=lambda s: tuple(s[n] for n in VALUES)), st.randoms())
@settings(max_examples=60)
def test_different_set_ups_have_different_names_whatever_their_order(setups, random):
    found = labels(setups)
    assert len(set(found)) == len(setups)
    assert all(len(name) < 300 for name in found)
    named = dict(zip(found, setups, strict=True))
    random.shuffle(setups)
    assert dict(zip(labels(setups), setups, strict=True)) == named


def test_every_column_of_a_set_up_is_named():
    for name in SETUP:
        first, second = labels([{name: 1}, {name: 2}] if name not in VALUES else [{name: v} for v in VALUES[name][-2:]])
        assert first != second
        assert "" not in (first, second)
