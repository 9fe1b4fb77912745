"""How much of a cluster replicas take, on made-up clusters."""

import pytest

from advisor.engines.placement import Node, alone, placed
from advisor.errors import AdvisorError, MissingAbility

EIGHT = [Node(64, 8, "H100"), Node(64, 8, "H100")]


def test_one_gpu_each_as_many_as_there_are():
    found = placed({}, EIGHT, None)
    assert (found.n_replicas, found.bundles, found.settings) == (16, ({"GPU": 1.0, "CPU": 1},), {})
    assert placed({}, EIGHT, 3).n_replicas == 3
    assert placed({}, EIGHT, None, engines=2).n_replicas == 8


def test_several_gpus_of_one_node():
    found = placed({"tensor_parallel_size": 4}, [Node(64, 8), Node(64, 6)], None)
    assert found.n_replicas == 3  # two on the first, one on the second, two GPUs idle
    assert found.bundles == ({"GPU": 4.0, "CPU": 1},)
    assert found.settings == {"distributed_executor_backend": "mp"}
    assert placed({"tensor_parallel_size": 2, "pipeline_parallel_size": 4}, EIGHT, None).n_replicas == 2


def test_more_gpus_than_a_node_has_go_over_nodes():
    found = placed({"tensor_parallel_size": 8, "pipeline_parallel_size": 2}, EIGHT, None)
    assert (found.n_replicas, found.bundles) == (1, ({"GPU": 1.0, "CPU": 1},) * 16)
    assert found.settings == {"distributed_executor_backend": "ray"}


def test_a_share_of_a_gpu():
    found = placed({"gpu_memory_utilization": 0.45}, [Node(8, 1)], None, engines=2)
    assert (found.n_replicas, found.bundles[0]["GPU"]) == (1, 0.45)
    with pytest.raises(MissingAbility):
        placed({"gpu_memory_utilization": 0.9}, [Node(8, 1)], None, engines=2)


def test_processors_where_there_are_no_gpus():
    nodes = [Node(16), Node(16), Node(0)]
    assert placed({}, nodes, None).bundles == ({"CPU": 16.0},)
    assert placed({}, nodes, None).n_replicas == 2
    assert placed({}, nodes, None, engines=2).bundles == ({"CPU": 8.0},)
    assert (placed({}, nodes, 6).n_replicas, placed({}, nodes, 6).bundles) == (6, ({"CPU": 5.0},))


@pytest.mark.parametrize(
    ("settings", "nodes", "replicas", "engines", "words"),
    [
        ({}, [Node(8, 2)], 4, 1, r"4 replicas \(1 GPU each\): the cluster has it for 2 in all"),
        ({}, [Node(8, 2)], 2, 2, "2 replicas and as many of the reward model .* for 2"),
        ({"tensor_parallel_size": 4}, [Node(8, 2)], None, 1, r"1 replica \(4 GPUs each\).* for 0"),
        ({}, [Node(1), Node(1)], 4, 1, "4 replicas .*for want of GPUs.* for 2"),
        ({}, [], None, 1, "1 replica .* for 0"),
    ],
)
def test_no_room(settings, nodes, replicas, engines, words):
    with pytest.raises(MissingAbility, match=f"--replicas: no room for {words}"):
        placed(settings, nodes, replicas, engines)


@pytest.mark.parametrize("setting", [{"tensor_parallel_size": "two"}, {"gpu_memory_utilization": 2}])
def test_settings_that_are_none(setting):
    with pytest.raises(AdvisorError, match=f"--engine-option: {next(iter(setting))}="):
        placed(setting, EIGHT, None)


def test_a_measured_engine_has_its_gpus_to_itself():
    nodes = [Node(8, 2, "L4"), Node(64, 8, "H100"), Node(16)]
    assert alone({"gpu_memory_utilization": 0.5}, nodes, "l4") == (
        {"GPU": 1.0, "CPU": 1.0, "accelerator_type:L4": 0.001},
    )
    assert alone({"tensor_parallel_size": 4}, nodes, "h100-sxm")[0]["GPU"] == 4
    with pytest.raises(MissingAbility, match="no room for 1 replica"):
        alone({"tensor_parallel_size": 4}, nodes, "l4")
    with pytest.raises(MissingAbility, match=r"--gpu: the cluster has no t4 \(Ray lists H100, L4\)"):
        alone({}, nodes, "t4")
    with pytest.raises(MissingAbility, match=r"--gpu: the cluster has GPUs \(Ray lists H100, L4\); name those"):
        alone({}, nodes, None)
    assert alone({}, [Node(16), Node(8)], None) == ({"CPU": 8.0},)
