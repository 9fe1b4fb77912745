"""What vLLM's kernels reach of the peaks, by GPU: where the fit of efficiencies starts from.

    python benchmarks/kernels.py DATA

DATA holds kernel times (`kernels/vllm_*.parquet` of ai-dynamo/aiconfigurator, Apache-2.0), which do not ship. Medians
over large shapes of products (dense, experts), of attention over prompts and over caches, and of all-reduces; what the
constants of advisor/performance/columns.py and the defaults of `Efficiency` were read from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from advisor.gpus import BYTES_PER_WEIGHT
from advisor.store.workspace import Workspace

GPUS = {
    "A100-SXM-80GB": "a100-sxm-80gb",
    "L40S": "l40s",
    "H100-SXM-80GB": "h100-sxm",
    "H200-SXM-141GB": "h200-sxm",
    "B200-180GB": "b200-sxm",
}
PRECISIONS = {
    "bfloat16": "bf16", "fp8": "fp8", "fp8_block": "fp8", "nvfp4": "fp4", "int4_wo": "int4", "w4a16_mxfp4": "int4",
}  # fmt: skip
DENSE = """
select gpu, gemm_dtype as precision,
    median(2.0 * m * n * k / latency_ms) filter (m >= 4096 and n * k > 2e7) as flops_per_ms,
    median(n * k / latency_ms) filter (m <= 16 and n * k > 2e7) as weights_per_ms
from '{0}/vllm_gemm.parquet' group by all
"""
EXPERTS = """
select gpu, moe_dtype as precision,
    median(6.0 * num_tokens * topk * hidden_size * inter_size / latency_ms)
        filter (num_tokens * topk >= 2048 * num_experts) as flops_per_ms,
    median(3.0 * num_experts * (1 - pow(1 - topk / num_experts, num_tokens)) * hidden_size * inter_size / latency_ms)
        filter (num_tokens * topk between num_experts and 4 * num_experts) as weights_per_ms
from (select *, moe_tp_size * moe_ep_size as parts from '{0}/vllm_moe.parquet')
where parts = 1 and distribution = 'power_law_1.2' group by all
"""
SLICES = """
select gpu, precision, median((slice_ms * row - whole_ms * row / parts) / (whole_ms - slice_ms)) as columns
from (select gpu, moe_dtype as precision, inter_size as row, moe_tp_size as parts, latency_ms as slice_ms,
        max(latency_ms) filter (moe_tp_size = 1) over (partition by
            gpu, moe_dtype, num_tokens, topk, num_experts, hidden_size, inter_size, distribution) as whole_ms
      from '{0}/vllm_moe.parquet'
      where moe_ep_size = 1 and num_tokens * topk between num_experts and 4 * num_experts)
where parts >= 4 and whole_ms > 0.2 and whole_ms > slice_ms group by all
"""
PROMPTS = """
select gpu, median(2.0 * batch_size * isl * isl * num_heads * head_dim / latency_ms) as flops_per_ms
from '{0}/vllm_attention_prefill.parquet'
where isl >= 8192 and head_dim = 128 and kv_cache_dtype = 'bfloat16' and coalesce(window_size, 0) = 0 group by all
"""
CACHES = """
select gpu, median(bytes / latency_ms) as bytes_per_ms
from (select *, 4.0 * batch_size * step * num_key_value_heads * head_dim as bytes
      from '{0}/vllm_attention_decode.parquet')
where bytes > 1e9 and head_dim = 128 and kv_cache_dtype = 'bfloat16' and coalesce(window_size, 0) = 0 group by all
"""
SENT = """
select gpu, median(4.0 * (num_gpus - 1) / num_gpus * message_size / latency_ms) filter (message_size > 1e7)
    as bytes_per_ms, 1e-3 * median(latency_ms) filter (message_size < 1e4) as latency_s
from '{0}/vllm_allreduce.parquet' where backend = 'vllm_graph' group by all
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the collected figures")
    folder, gpus = parser.parse_args().data / "kernels", Workspace().gpus

    def rows(query: str) -> list[tuple[object, ...]]:
        return sorted(row for row in duckdb.sql(query.format(folder)).fetchall() if row[0] in GPUS)

    for name, query in (("dense", DENSE), ("experts", EXPERTS)):
        for gpu, precision, flops_per_ms, weights_per_ms in rows(query):
            if precision in PRECISIONS and flops_per_ms and weights_per_ms:
                spec, ours = gpus[GPUS[str(gpu)]], PRECISIONS[str(precision)]
                peak = spec.peak_flops_per_s[spec.compute_precision(ours)]
                reading = 1e3 * float(weights_per_ms) * BYTES_PER_WEIGHT[ours] / spec.memory_bytes_per_s
                reached = f"FLOP/s {1e3 * flops_per_ms / peak:.2f} bytes/s {reading:.2f}"
                print(f"{name:8} {spec.gpu:14} {precision:11} {reached}")
    for gpu, precision, columns in rows(SLICES):
        if precision in PRECISIONS:
            row_bytes = float(columns) * BYTES_PER_WEIGHT[PRECISIONS[str(precision)]]
            print(f"slices   {gpus[GPUS[str(gpu)]].gpu:14} {precision:11} {row_bytes:.0f} bytes a row longer")
    for gpu, flops_per_ms in rows(PROMPTS):
        spec = gpus[GPUS[str(gpu)]]
        print(f"prompts  {spec.gpu:14} FLOP/s {1e3 * flops_per_ms / spec.bf16_flops_per_s:.2f}")
    for gpu, bytes_per_ms in rows(CACHES):
        spec = gpus[GPUS[str(gpu)]]
        print(f"cache    {spec.gpu:14} bytes/s {1e3 * bytes_per_ms / spec.memory_bytes_per_s:.2f}")
    for gpu, bytes_per_ms, latency_s in rows(SENT):
        spec = gpus[GPUS[str(gpu)]]
        share = 1e3 * bytes_per_ms / spec.link_bytes_per_s
        print(f"sent     {spec.gpu:14} bytes/s {share:.2f}, at least {1e6 * latency_s:.1f} µs")


if __name__ == "__main__":
    main()
