"""Every flag that is printed for vLLM is parsed by vLLM itself."""

import os

import pytest

from advisor.performance.parallelism import Parallelism
from advisor.recommendation.candidate import EnginesApart
from advisor.recommendation.launch import reward_command
from advisor.recommendation.launch_apart import with_commands
from advisor.recommendation.request_body import ask_of
from advisor.values import plain
from tests.known import SHIPPED
from tests.recommendation.launches import every_command, words
from tests.recommendation.made import candidate

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("vllm")
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="module")
def parse():
    """What `vllm` makes of the words after it; SystemExit for what it does not accept."""
    from vllm.entrypoints.cli.serve import cmd_init
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = FlexibleArgumentParser(prog="vllm")
    subparsers = parser.add_subparsers(dest="subparser", required=True)
    for command in cmd_init():
        command.subparser_init(subparsers)
    return lambda command: parser.parse_args(command[1:])


def test_every_printed_command_is_parsed_as_what_was_costed(parse):
    commands = every_command("vllm")
    assert len(commands) > 1000
    for c, command in commands:
        args, layout = parse(command), Parallelism.parse(c.parallelism)
        assert (args.subparser, args.model_tag) == ("serve", command[2])
        degrees = (args.tensor_parallel_size, args.pipeline_parallel_size, args.data_parallel_size)
        assert degrees == (layout.tp, layout.pp, layout.dp)
        assert args.enable_expert_parallel == (layout.dp > 1)
        assert (args.dtype, args.kv_cache_dtype) == ("bfloat16", "bfloat16")
        assert (args.max_num_seqs, args.max_model_len) == (-(-100 // layout.dp), 9216)
        assert args.gpu_memory_utilization == 0.9


def test_engines_apart_and_limits_are_parsed(parse):
    limits = {"max_num_seqs": 24, "max_num_batched_tokens": 2048}
    parts = EnginesApart("tp2", 1, 3, machines=1)
    c = candidate(parallelism="tp2", gpu_count=8, concurrency=72, disaggregated=parts, **limits)
    c = with_commands(c, "vllm", SHIPPED)
    for command, role in ((c.disaggregated.prefill_command, "kv_producer"), (c.command, "kv_consumer")):
        started = words(command)
        args = parse(started[started.index("vllm") :])
        assert (args.max_num_seqs, args.max_num_batched_tokens, args.tensor_parallel_size) == (24, 2048, 2)
        assert (args.kv_transfer_config.kv_connector, args.kv_transfer_config.kv_role) == ("NixlConnector", role)


def test_values_that_the_parser_takes_as_text_are_among_those_that_vllm_knows(parse):
    from typing import get_args

    from vllm.config.model import TokenizerMode
    from vllm.config.quantization import ONLINE_QUANT_SHORTHAND_NAMES

    parsed = [parse(command) for _, command in every_command("vllm")]
    modes = {args.tokenizer_mode for args in parsed}
    assert "deepseek_v32" in modes
    assert modes <= set(get_args(TokenizerMode))
    quantised = {args.quantization for args in parsed} - {None}
    assert quantised
    assert quantised <= set(ONLINE_QUANT_SHORTHAND_NAMES)


def test_the_model_config_of_vllm_takes_the_values_too(parse):
    """vLLM reads the real config.json of a model, and checks quantisation, dtype and context against it."""
    from vllm.engine.arg_utils import AsyncEngineArgs

    def configured(*more):
        folder = str(SHIPPED.profiles[0] / "models" / "Qwen--Qwen3-8B")
        command = next(words for c, words in every_command("vllm") if c.model == "google/gemma-2-9b-it")
        args = parse(["vllm", "serve", folder, *command[3:], *more])
        args.model = args.model_tag
        engine = AsyncEngineArgs.from_cli_args(args)
        engine.skip_tokenizer_init = True  # there is a config, but no tokenizer
        return engine.create_model_config()

    plain = configured()
    assert (str(plain.dtype), plain.max_model_len, plain.quantization) == ("torch.bfloat16", 9216, None)
    online = {c.precision: words for c, words in every_command("vllm") if "--quantization" in words}
    assert set(online) == {"fp8"}
    name = online["fp8"][online["fp8"].index("--quantization") + 1]
    assert configured("--quantization", name).quantization == name
    with pytest.raises(ValueError, match="Unknown quantization method"):
        configured("--quantization", "fp9")


def test_the_reward_model_s_command_is_parsed(parse):
    command = words(reward_command(candidate(reward_model="Qwen/Qwen2.5-Math-7B", parallelism="tp2"), SHIPPED))
    args = parse(command)
    assert (args.runner, args.port, args.tensor_parallel_size) == ("pooling", 8001, 2)
    assert args.pooler_config.tok_pooling_type == "ALL"


def test_every_printed_request_has_fields_that_vllm_takes():
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.entrypoints.openai.completion.protocol import CompletionRequest

    checked = set()
    for p in SHIPPED.fits.points:
        if not p.generated_tokens or p.model not in SHIPPED.models:
            continue
        precision = SHIPPED.models.checkpoint_precision(p.model)
        c = candidate(model=p.model, precision=precision, generated_tokens=p.generated_tokens, n_samples=p.n_samples)
        ask = ask_of(c, p.runs, "vllm", SHIPPED)
        body = {name: value for name, value in plain(ask.body).items() if value is not None}
        question = {"messages": [{"role": "user", "content": "2+2?"}]} if ask.is_chat else {"prompt": "2+2="}
        request = (ChatCompletionRequest if ask.is_chat else CompletionRequest)(**body, **question)
        assert not request.model_extra, (p.model, body)
        assert {name: getattr(request, name) for name in body} == body
        checked |= set(body)
    assert checked >= {"temperature", "top_p", "top_k", "min_p", "repetition_penalty", "stop", "reasoning_effort"}
    assert checked >= {"n", "max_tokens", "chat_template_kwargs"}


@pytest.mark.parametrize("wrong", [["--max-num-seqz", "3"], ["--kv-cache-dtype", "bf16"], ["--max-model-len", "long"]])
def test_unknown_flags_and_bad_values_are_noticed(parse, wrong):
    with pytest.raises(SystemExit):
        parse(["vllm", "serve", "model", *wrong])
