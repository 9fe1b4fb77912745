"""Folders of the tiny models with something more beside the weights."""

import json

from tests.testbed.conftest import MODELS

TEMPLATE = (
    "\n{% for turn in messages %}"
    "{% if turn.role == 'system' %}{% if not turn.content.startswith('Q') %}{{ raise_exception('No such system') }}"
    "{% endif %}{{ turn.content }}\n"
    "{% elif turn.role == 'user' %}{{ turn.content }}{% else %}{{ turn.content }}{% if not loop.last %}\n{% endif %}"
    "{% endif %}{% endfor %}{% if enable_thinking %}1+1=2\n{% endif %}"
)
"""The tiny models know few characters: a conversation begins with an empty line, a turn has no mark of its own, and
thinking begins with a first line."""


def folder(path, model="small", *, template=None, generation=None):
    """A folder with the model's files, a chat template and a generation_config.json where they are given."""
    path.mkdir()
    for file in (MODELS / model).iterdir():
        if file.name != "tokenizer_config.json":
            (path / file.name).symlink_to(file.resolve())
    settings = json.loads((MODELS / model / "tokenizer_config.json").read_text())
    settings |= {} if template is None else {"chat_template": template}
    (path / "tokenizer_config.json").write_text(json.dumps(settings))
    if generation is not None:
        (path / "generation_config.json").unlink(missing_ok=True)
        (path / "generation_config.json").write_text(json.dumps(generation))
    return path
