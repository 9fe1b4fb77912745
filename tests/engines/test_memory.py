"""What a worker says that it holds: every storage once, whatever lies in it."""

from types import SimpleNamespace

from advisor.engines.memory import ReportsMemory


class Storage:
    def __init__(self, place, n_bytes):
        self.place, self.n_bytes = place, n_bytes

    def data_ptr(self):
        return self.place

    def nbytes(self):
        return self.n_bytes


def tensor(place, n_bytes):
    return SimpleNamespace(untyped_storage=lambda: Storage(place, n_bytes))


def worker(parameters, **caches):
    made = ReportsMemory()
    made.model_runner = SimpleNamespace(
        get_model=lambda: SimpleNamespace(parameters=lambda: iter(parameters)), **caches
    )
    return made


def test_tied_weights_and_shared_caches_count_once():
    weights = [tensor(1, 100), tensor(2, 50), tensor(1, 100)]
    caches = [tensor(7, 1000), [tensor(8, 10), tensor(8, 10)], (tensor(9, 1),), None]
    assert worker(weights, kv_caches=caches).held_bytes() == (150, 1011)


def test_what_loading_took_counts_where_the_engine_knows_it():
    repacked = worker([tensor(1, 100)], model_memory_usage=65_960_000_000)
    assert repacked.held_bytes() == (65_960_000_000, 0)


def test_a_worker_without_caches_shows_none():
    assert worker([tensor(1, 100)]).held_bytes() == (100, 0)
