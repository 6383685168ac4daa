"""The tiny corpus as shards that training's tests use too."""

from tests.training.conftest import change_shard, make_shards

__all__ = ["change_shard", "make_shards"]
